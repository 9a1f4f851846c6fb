import itertools

import numpy as np
import pytest
from flow_cases import case

from sitecast.allocate.flow import min_cost_flow
from sitecast.allocate.mixed_caps import flow_cost
from sitecast.allocate.mixed_sites import choose_open_sites

SITES = 4


def random_case(rng):
    """Two days at each of four sites, some with a floor, some with a cap for the week."""
    n_classes, nodes = rng.integers(1, 10), 2 * SITES
    node = np.arange(SITES) * 2 + rng.integers(0, 2, n_classes)[:, None]
    node[rng.random((n_classes, SITES)) < 0.3] = -1
    weeks = [([2 * s, 2 * s + 1], rng.integers(0, 40), rng.integers(0, 20))
             for s in range(SITES) if s % 2]  # fmt: skip
    floors = rng.integers(0, 8, nodes) * (rng.random(nodes) < 0.4)
    made = case(node, rng.integers(0, 60, (n_classes, SITES)), [150] * n_classes, [0] * n_classes,
                rng.integers(0, 25, nodes), floors, weeks, int(rng.choice([0, 30])))  # fmt: skip
    site = np.concatenate([np.arange(nodes) // 2, [-1], [s for s in range(SITES) if s % 2], [-1]])
    opening = rng.integers(0, 600, SITES) * (rng.random(SITES) < 0.8)
    return made.network, rng.integers(0, 12, (2, n_classes)), made.limits, site, opening


def cost_of(is_open, net, counts, limits, node_site, opening):
    closed = (node_site >= 0) & ~np.append(is_open, False)[node_site]
    left = limits._replace(caps=np.where(closed, 0, limits.caps),
                           floors=np.where(closed, 0, limits.floors))  # fmt: skip
    start = np.zeros(len(limits.caps), np.int64)
    flows = [min_cost_flow(net, row, left, start).boxes for row in counts]
    return np.mean([flow_cost(net, left, boxes) for boxes in flows]) + opening[is_open].sum()


def test_same_sites_as_trying_every_set():
    rng = np.random.default_rng(1)
    flows = []
    for _ in range(60):
        made = random_case(rng)
        found = choose_open_sites(*made)
        every = [np.array(is_open, bool) | (made[-1] == 0)
                 for is_open in itertools.product((0, 1), repeat=SITES)]  # fmt: skip
        least = min(cost_of(is_open, *made) for is_open in every)
        assert found.cost == pytest.approx(least)
        assert cost_of(found.is_open, *made) == pytest.approx(least)
        flows.append(found.flows)
    assert np.mean(flows) < 2 ** (SITES - 1)


def test_a_site_opens_when_it_saves_more_than_it_costs():
    # Eight boxes; the open site takes five at 10, the other any number at 12, short costs 150.
    of = case([[0, 1]], [[10, 12]], [150], [8], [5, 20])
    site = np.array([0, 1, -1, -1])
    saved = 3 * (150 - 12)
    for price, opens in ((saved - 1, True), (saved, False)):
        found = choose_open_sites(
            of.network, np.array([[8]]), of.limits, site, np.array([0, price])
        )
        assert found.is_open.tolist() == [True, opens]
        assert found.cost == min(5 * 10 + 3 * 150, 5 * 10 + 3 * 12 + price)
