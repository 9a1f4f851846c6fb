import itertools

import numpy as np
import pytest

from sitecast.allocate.kernel import solve_flow
from sitecast.allocate.mixed_sites import choose_open_sites
from sitecast.allocate.network import build_network

NO_CAP = 2**60


def random_case(rng, sites):
    n_classes, dates = rng.integers(1, 10), 2
    node = np.arange(sites) * dates + rng.integers(0, dates, n_classes)[:, None]
    node[rng.random((n_classes, sites)) < 0.3] = -1
    cost = rng.integers(0, 60, (n_classes, sites))
    net = build_network(node.astype(np.int32), cost, np.full(n_classes, 150), sites * dates)
    caps = np.append(rng.integers(0, 25, sites * dates), NO_CAP)
    opening = rng.integers(0, 600, sites) * (rng.random(sites) < 0.8)
    return (
        net,
        rng.integers(0, 12, (2, n_classes)),
        caps,
        np.arange(sites * dates) // dates,
        opening,
    )


def cost_of(is_open, net, counts, caps, node_site, opening):
    room = np.append(np.where(is_open[node_site], caps[:-1], 0), caps[-1])
    boxes = [solve_flow(net, row, room).boxes @ net.arc_cost for row in counts]
    return np.mean(boxes) + opening[is_open].sum()


def test_same_sites_as_trying_every_set():
    rng = np.random.default_rng(1)
    flows = []
    for _ in range(60):
        case = random_case(rng, 5)
        found = choose_open_sites(*case)
        every = [np.array(open_, bool) for open_ in itertools.product((0, 1), repeat=5)]
        least = min(cost_of(is_open, *case) for is_open in every)
        assert found.cost == pytest.approx(least)
        assert cost_of(found.is_open, *case) == pytest.approx(least)
        flows.append(found.flows)
    assert np.mean(flows) < 2**4


def test_a_site_opens_when_it_saves_more_than_it_costs():
    # Eight boxes; the open site takes five at 10, the other any number at 12, short costs 150.
    net = build_network(np.array([[0, 1]], np.int32), np.array([[10, 12]]), np.array([150]), 2)
    counts, caps = np.array([[8]]), np.array([5, 20, NO_CAP])
    saved = 3 * (150 - 12)
    for price, opens in ((saved - 1, True), (saved, False)):
        found = choose_open_sites(net, counts, caps, np.array([0, 1]), np.array([0, price]))
        assert found.is_open.tolist() == [True, opens]
        assert found.cost == min(5 * 10 + 3 * 150, 5 * 10 + 3 * 12 + price)
