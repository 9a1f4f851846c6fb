"""Allocation under item caps against HiGHS on the whole problem, trying everything, and by hand."""

import itertools

import highspy
import numpy as np
import pytest

from sitecast.allocate.mixed import capped_network, solve_capped
from sitecast.allocate.mixed_caps import item_caps, priced_network
from sitecast.allocate.network import build_network

NO_CAP = 2**60


def random_case(rng, boxes=12, items=2):
    """Few sites and days, many ties, item caps by site-day or by site, some of them 0."""
    n_classes, sites, dates = rng.integers(1, 9), rng.integers(1, 5), rng.integers(1, 4)
    node = np.arange(sites) * dates + rng.integers(0, dates, n_classes)[:, None]
    node[rng.random((n_classes, sites)) < 0.2] = -1
    cost = rng.integers(0, rng.choice([2, 5, 100]), (n_classes, sites))
    net = build_network(node.astype(np.int32), cost, np.full(n_classes, 150), sites * dates)
    counts = rng.integers(0, boxes, n_classes)
    caps = np.append(rng.integers(0, 2 * boxes, sites * dates), NO_CAP)
    held = rng.integers(0, 3, (n_classes, items)) * (rng.random((n_classes, items)) < 0.6)
    item = np.repeat(np.arange(items), sites)
    site = np.append(np.arange(sites * dates) // dates, -1)
    nodes = np.tile(np.arange(sites), items)[:, None] == site
    if rng.random() < 0.5:
        nodes &= np.append(np.arange(sites * dates) % dates == 0, False)
    limits = rng.integers(0, 3 * boxes, len(item)) * (rng.random(len(item)) < 0.8)
    return net, item_caps(net, held, item, nodes, limits), counts, caps


def highs(net, caps_of_items, counts, caps, whole=True):
    """The optimum of the whole problem as one (mixed-integer) linear program."""
    solver = highspy.Highs()
    solver.setOptionValue("output_flag", False)
    solver.setOptionValue("mip_rel_gap", 0.0)
    usage = caps_of_items.usage.toarray()
    kind = highspy.HighsVarType.kInteger if whole else highspy.HighsVarType.kContinuous
    owner = np.repeat(np.arange(len(counts)), np.diff(net.arc_ptr))
    arcs = [solver.addVariable(0, float(counts[c]), obj=float(k), type=kind)
            for c, k in zip(owner, net.arc_cost, strict=True)]  # fmt: skip

    def total(weights):
        return sum((float(w) * v for w, v in zip(weights, arcs, strict=True) if w), 0 * arcs[0])

    for c, count in enumerate(counts):
        solver.addConstr(total(owner == c) == float(count))
    for n, cap in enumerate(caps[:-1]):
        solver.addConstr(total(net.arc_node == n) <= float(cap))
    for units, cap in zip(usage, caps_of_items.caps, strict=True):
        solver.addConstr(total(units) <= float(cap))
    solver.run()
    return solver.getInfo().objective_function_value


def check(net, caps_of_items, counts, caps, flow):
    """Every cap is kept, no box is lost, and the cost is what the boxes cost."""
    assert flow.boxes.min(initial=0) >= 0
    assert (np.add.reduceat(flow.boxes, net.arc_ptr[:-1]) == counts).all()
    assert (np.bincount(net.arc_node, flow.boxes, len(caps)) <= caps).all()
    assert (caps_of_items.usage.toarray() @ flow.boxes <= caps_of_items.caps).all()
    assert flow.cost == flow.boxes @ net.arc_cost
    assert flow.bound <= flow.cost


@pytest.mark.parametrize("block", range(4))
def test_between_its_bound_and_its_cost_lies_the_optimum_of_highs(block):
    rng = np.random.default_rng(block)
    exact = 0
    for _ in range(40):
        net, limits, counts, caps = random_case(rng)
        flow = solve_capped(capped_network(net, limits, counts, caps), counts, caps)
        check(net, limits, counts, caps, flow)
        optimum = round(highs(net, limits, counts, caps))
        assert flow.bound <= optimum <= flow.cost
        exact += flow.cost == optimum
    assert exact >= 36


def test_same_optimum_as_trying_everything():
    rng = np.random.default_rng(7)
    for _ in range(40):
        net, limits, counts, caps = random_case(rng, boxes=2)
        ways = [range(a, b) for a, b, n in zip(net.arc_ptr, net.arc_ptr[1:], counts, strict=False)
                if n]  # fmt: skip
        chosen = (np.bincount(np.array(way, int), minlength=len(net.arc_node))
                  for way in itertools.product(*ways[:5]))  # fmt: skip
        few = np.where(np.cumsum(counts) <= 5, counts, 0)
        best = min(
            way @ net.arc_cost for way in chosen
            if limits.keeps(way) and (np.bincount(net.arc_node, way, len(caps)) <= caps).all()
        )  # fmt: skip
        assert round(highs(net, limits, few, caps)) == best
        flow = solve_capped(capped_network(net, limits, few, caps), few, caps)
        assert flow.bound <= best <= flow.cost


def scarce_week(rng, boxes=4_000, ties=False):
    """Four sites, seven days, 30 regions, three recipes that are scarce at three sites."""
    key = np.column_stack([rng.integers(0, 7, boxes), rng.integers(0, 30, boxes),
                           rng.integers(1, 8, boxes), rng.random((boxes, 3)) < 0.2])  # fmt: skip
    classes, number = np.unique(key, axis=0, return_inverse=True)
    makes = (classes[:, 2:3] * 2 + 1) >> np.arange(4) & 1
    node = np.where(makes == 1, np.arange(4) * 7 + classes[:, :1], -1).astype(np.int32)
    cost = np.full((30, 4), 500) if ties else rng.integers(300, 900, (30, 4))
    cost = cost[classes[:, 1].astype(int)].astype(np.int64)
    net = build_network(node, cost, np.full(len(classes), 2500), 28)
    counts = np.bincount(number.ravel()).astype(np.int64)
    caps = np.append(np.full(28, int(0.97 * boxes / 28)), NO_CAP).astype(np.int64)
    item, site = np.repeat(np.arange(3), 3), np.tile(np.arange(1, 4), 3)
    nodes = site[:, None] == np.append(np.arange(28) // 7, -1)
    limits = rng.integers(boxes // 50, boxes // 20, 9)
    return net, item_caps(net, classes[:, 3:].astype(np.int64), item, nodes, limits), counts, caps


@pytest.mark.parametrize("ties", [False, True])
def test_near_the_optimum_in_weeks_that_differ_from_the_expected_one(ties):
    rng = np.random.default_rng(3)
    net, limits, expected, caps = scarce_week(rng, ties=ties)
    network = capped_network(net, limits, expected, caps)
    assert ties or (network.prices > 0).sum() >= 3
    for counts in (expected, *rng.poisson(expected, (3, len(expected)))):
        flow = solve_capped(network, counts, caps)
        check(net, limits, counts, caps, flow)
        assert flow.gap <= 0.002
        again = solve_capped(network, counts, caps)
        assert (again.boxes == flow.boxes).all()


def test_bound_of_the_expected_week_is_that_of_the_linear_program():
    rng = np.random.default_rng(4)
    for _ in range(20):
        net, limits, counts, caps = random_case(rng)
        flow = solve_capped(capped_network(net, limits, counts, caps), counts, caps)
        relaxed = highs(net, limits, counts, caps, whole=False)
        assert relaxed - 1 <= flow.bound <= relaxed + 1e-6


def test_a_recipe_cap_by_hand():
    # Ten boxes hold a kit each of a recipe that the cheap site can make four of.
    net = build_network(np.array([[0, 1]], np.int32), np.array([[3, 5]]), np.array([100]), 2)
    caps, counts = np.array([20, 20, NO_CAP]), np.array([10])
    limits = item_caps(net, np.array([[1]]), np.array([0]), np.array([[True, False, False]]),
                       np.array([4]))  # fmt: skip
    network = capped_network(net, limits, counts, caps)
    flow = solve_capped(network, counts, caps)
    assert flow.boxes.tolist() == [4, 6, 0]
    assert (flow.cost, flow.bound, flow.gap) == (4 * 3 + 6 * 5, 42, 0.0)
    assert network.prices.tolist() == [2]


def test_what_does_not_fit_is_without_a_site():
    # Two kits a box, five kits: two boxes, and half a box that nobody can make.
    net = build_network(np.array([[0]], np.int32), np.array([[3]]), np.array([100]), 1)
    limits = item_caps(net, np.array([[2]]), np.array([0]), np.array([[True, False]]),
                       np.array([5]))  # fmt: skip
    counts, caps = np.array([4]), np.array([20, NO_CAP])
    flow = solve_capped(capped_network(net, limits, counts, caps), counts, caps)
    assert flow.boxes.tolist() == [2, 2]
    assert flow.cost == 206
    assert flow.bound <= 206


def test_no_item_caps_is_the_flow():
    rng = np.random.default_rng(8)
    net, _, counts, caps = random_case(rng)
    none = item_caps(net, np.zeros((len(counts), 0), int), np.zeros(0, int),
                     np.zeros((0, len(caps)), bool), np.zeros(0, int))  # fmt: skip
    flow = solve_capped(capped_network(net, none, counts, caps), counts, caps)
    assert flow.cost == flow.bound == round(highs(net, none, counts, caps))


def test_a_priced_network_is_the_network_built_with_those_costs():
    rng = np.random.default_rng(9)
    node = np.tile(np.arange(3, dtype=np.int32), (6, 1))
    cost = rng.integers(0, 9, (6, 3))
    held = rng.integers(0, 3, (6, 1))
    net = build_network(node, cost, np.full(6, 50), 3)
    limits = item_caps(net, held, np.array([0]), np.array([[False, True, True, False]]),
                       np.array([5]))  # fmt: skip
    dearer = cost + 4 * held * np.array([0, 1, 1])
    direct = build_network(node, dearer, np.full(6, 50), 3)
    for one, other in zip(priced_network(net, limits, np.array([4])), direct, strict=True):
        assert one.tolist() == other.tolist()
