"""Allocation under item caps against HiGHS on the whole problem, trying everything, and by hand."""

import itertools
from dataclasses import replace

import flow_cases
import highspy
import numpy as np
import pytest
from scipy.optimize import OptimizeResult

from sitecast.allocate import mixed_repair
from sitecast.allocate.limits import UNCAPPED, nested_limits
from sitecast.allocate.mixed import capped_network, solve_capped
from sitecast.allocate.mixed_caps import flow_cost, item_caps, priced_network
from sitecast.allocate.network import build_network


def random_case(rng):
    """A random network with floors and weeks, and caps on two items at random site-days."""
    case = flow_cases.random_case(rng)
    held = rng.integers(0, 3, (len(case.counts), 2)) * (rng.random((len(case.counts), 2)) < 0.6)
    n_rows = rng.integers(1, 7)
    nodes = np.append(rng.random((n_rows, case.n_days)) < 0.5, np.zeros((n_rows, 1), bool), axis=1)
    most = rng.integers(0, 30, n_rows) * (rng.random(n_rows) < 0.8)
    return case, item_caps(case.network, held, rng.integers(0, 2, n_rows), nodes, most)


def solve(case, limits_of_items):
    """The own answer; every cap is kept, no box is lost, and the cost is what the boxes cost."""
    network = capped_network(case.network, limits_of_items, case.counts, case.limits)
    return checked(network, case.counts, case.limits)


def checked(network, counts, limits):
    flow = solve_capped(network, counts, limits)
    net, usage = network.plain, network.item_caps.usage.toarray()
    assert flow.boxes.min(initial=0) >= 0
    assert (np.add.reduceat(flow.boxes, net.arc_ptr[:-1]) == counts).all()
    load = loads(net, limits, flow.boxes)
    assert (load <= limits.caps).all()
    assert (usage @ flow.boxes <= network.item_caps.caps).all()
    missed = (limits.floors - load).clip(min=0).sum()
    assert flow.cost == flow.boxes @ net.arc_cost + limits.floor_cost * missed
    assert flow.bound <= flow.cost
    return flow


def loads(net, limits, boxes):
    load = np.zeros(len(limits.parent), int)
    for node, n in zip(net.arc_node, boxes, strict=True):
        while node >= 0:
            load[node] += n
            node = limits.parent[node]
    return load


def highs(net, limits_of_items, counts, limits, whole=True):
    """The optimum of the whole problem as one (mixed-integer) linear program."""
    solver = highspy.Highs()
    solver.setOptionValue("output_flag", False)
    solver.setOptionValue("mip_rel_gap", 0.0)
    kind = highspy.HighsVarType.kInteger if whole else highspy.HighsVarType.kContinuous
    owner = np.repeat(np.arange(len(counts)), np.diff(net.arc_ptr))
    arcs = [solver.addVariable(0, float(counts[c]), obj=float(k), type=kind)
            for c, k in zip(owner, net.arc_cost, strict=True)]  # fmt: skip

    def total(weights):
        return sum((float(w) * v for w, v in zip(weights, arcs, strict=True) if w), 0 * arcs[0])

    for c, count in enumerate(counts):
        solver.addConstr(total(owner == c) == float(count))
    passes = np.array([loads(net, limits, one) for one in np.eye(len(arcs), dtype=int)])
    for n in range(len(limits.parent)):
        if limits.caps[n] < UNCAPPED:
            solver.addConstr(total(passes[:, n]) <= float(limits.caps[n]))
        if limits.floors[n]:
            missed = solver.addVariable(0, highspy.kHighsInf, obj=float(limits.floor_cost))
            solver.addConstr(total(passes[:, n]) + missed >= float(limits.floors[n]))
    for units, cap in zip(limits_of_items.usage.toarray(), limits_of_items.caps, strict=True):
        solver.addConstr(total(units) <= float(cap))
    solver.run()
    return solver.getInfo().objective_function_value


@pytest.mark.parametrize("block", range(4))
def test_between_its_bound_and_its_cost_lies_the_optimum_of_highs(block):
    rng = np.random.default_rng(block)
    exact = 0
    for _ in range(40):
        case, limits = random_case(rng)
        flow = solve(case, limits)
        optimum = round(highs(case.network, limits, case.counts, case.limits))
        assert flow.bound <= optimum <= flow.cost
        exact += flow.cost == optimum
    assert exact >= 36


def test_same_optimum_as_trying_everything():
    rng = np.random.default_rng(7)
    for _ in range(40):
        case, limits = random_case(rng)
        case = replace(case, counts=np.where(np.arange(len(case.counts)) < 5, 1, 0))
        net = case.network
        ways = [range(*pair) for pair in itertools.pairwise(net.arc_ptr)][:5]
        chosen = (np.bincount(way, minlength=len(net.arc_node)) for way in itertools.product(*ways))
        best = min(
            flow_cost(net, case.limits, way) for way in chosen
            if limits.keeps(way) and (loads(net, case.limits, way) <= case.limits.caps).all()
        )  # fmt: skip
        assert round(highs(net, limits, case.counts, case.limits)) == best
        flow = solve(case, limits)
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
    limits = flat(np.full(28, int(0.97 * boxes / 28)))
    item, site = np.repeat(np.arange(3), 3), np.tile(np.arange(1, 4), 3)
    nodes = site[:, None] == np.append(np.arange(28) // 7, -1)
    most = rng.integers(boxes // 50, boxes // 20, 9)
    return net, item_caps(net, classes[:, 3:].astype(np.int64), item, nodes, most), counts, limits


@pytest.mark.parametrize("ties", [False, True])
def test_near_the_optimum_in_weeks_that_differ_from_the_expected_one(ties):
    rng = np.random.default_rng(3)
    net, limits_of_items, expected, limits = scarce_week(rng, ties=ties)
    network = capped_network(net, limits_of_items, expected, limits)
    assert ties or (network.prices > 0).sum() >= 3
    for counts in (expected, *rng.poisson(expected, (3, len(expected)))):
        flow = checked(network, counts, limits)
        assert flow.gap <= 0.002
        again = solve_capped(network, counts, limits)
        assert (again.boxes == flow.boxes).all()


def test_bound_of_the_expected_week_is_that_of_the_linear_program():
    rng = np.random.default_rng(4)
    for _ in range(20):
        case, limits = random_case(rng)
        relaxed = highs(case.network, limits, case.counts, case.limits, whole=False)
        assert 0.99 * relaxed - 1 <= solve(case, limits).bound <= relaxed + 1e-6  # whole prices


def flat(caps):
    """Caps of site-days alone."""
    nothing = np.zeros(0, np.int64)
    return nested_limits(np.asarray(caps), 0 * np.asarray(caps), np.full(len(caps), -1), nothing,
                         nothing, 0)  # fmt: skip


def one_class(node, cost, held, most):
    """A network of one class that holds so many kits of an item, scarce at the first site."""
    net = build_network(np.array([node], np.int32), np.array([cost]), np.array([100]), len(node))
    first = np.arange(len(node) + 1)[None, :] == 0
    return net, item_caps(net, np.array([[held]]), np.array([0]), first, np.array([most]))


def test_a_recipe_cap_by_hand():
    # Ten boxes hold a kit each of a recipe that the cheap site can make four of.
    net, limits = one_class([0, 1], [3, 5], 1, 4)
    network = capped_network(net, limits, np.array([10]), flat([20, 20]))
    flow = solve_capped(network, np.array([10]), flat([20, 20]))
    assert flow.boxes.tolist() == [4, 6, 0]
    assert (flow.cost, flow.bound, flow.gap) == (4 * 3 + 6 * 5, 42, 0.0)
    assert network.prices.tolist() == [2]


def test_what_does_not_fit_is_without_a_site():
    # Two kits a box, five kits: two boxes, and half a box that nobody can make.
    net, limits = one_class([0], [3], 2, 5)
    network = capped_network(net, limits, np.array([4]), flat([20]))
    flow = solve_capped(network, np.array([4]), flat([20]))
    assert flow.boxes.tolist() == [2, 2]
    assert flow.cost == 206
    assert flow.bound <= 157  # two and a half boxes at 3, one and a half without a site


def test_no_item_caps_is_the_flow():
    case, _ = random_case(np.random.default_rng(8))
    none = item_caps(case.network, np.zeros((len(case.counts), 0), int), np.zeros(0, int),
                     np.zeros((0, case.n_days + 1), bool), np.zeros(0, int))  # fmt: skip
    flow = solve(case, none)
    assert flow.cost == flow.bound == flow_cases.optimum(case)


def test_when_the_solver_gives_up_no_cap_is_broken(monkeypatch):
    answer, given_up = mixed_repair.milp, []

    def gives_up(cost, *, integrality, **rest):
        if integrality.any():
            given_up.append(True)
            return OptimizeResult(x=None)
        return answer(cost, integrality=integrality, **rest)

    monkeypatch.setattr(mixed_repair, "milp", gives_up)
    for kits in (1, 3, 5):  # two kits a box: the linear program asks for half boxes
        net, limits = one_class([0, 1], [3, 5], 2, kits)
        network = capped_network(net, limits, np.array([4]), flat([20, 20]))
        flow = checked(network, np.array([4]), flat([20, 20]))
        assert flow.boxes.tolist() == [kits // 2, 4 - kits // 2, 0]  # the last box finds room
    assert len(given_up) == 3


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


def test_units_as_fine_as_those_of_a_sku():
    rng = np.random.default_rng(5)
    binding = 0
    for _ in range(25):
        case, rough = random_case(rng)
        usage = rough.usage.copy()
        usage.data = usage.data * rng.integers(200_000, 350_000, len(usage.data))
        caps, per = rough.caps * 250_000 + 7, np.full_like(rough.caps, 200_000)
        fine = replace(rough, usage=usage, caps=caps, per=per)
        flow = solve(case, fine)
        optimum = highs(case.network, fine, case.counts, case.limits)
        assert flow.bound <= optimum + 0.5
        assert optimum <= flow.cost + 0.5
        free = solve(case, replace(fine, caps=np.full_like(caps, 2**50)))
        binding += not fine.keeps(free.boxes)
    assert binding >= 10
