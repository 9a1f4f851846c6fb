"""The flow against HiGHS, brute force, finite differences and cases solved by hand."""

from dataclasses import replace

import numpy as np
import pytest
from flow_cases import (
    brute_force,
    case,
    highs_fewest_ties,
    highs_optima,
    optimum,
    random_case,
    solved,
    total_cost,
    with_ties,
)

from sitecast.allocate.flow import cap_values, left_prices, right_prices
from sitecast.allocate.limits import UNCAPPED
from sitecast.allocate.network import build_network

AB = [[0, 1]]
HAND_CASES = {
    "the dearer alternative gives way": ([[0, 1], [0, 1]], [[1, 5], [1, 9]], [1, 1], 6),
    "only the second may also go to B": ([[0, 1], [0, -1]], [[1, 5], [1, 9]], [1, 1], 6),
    "three boxes with two sites each": (
        [[0, 1, -1], [0, -1, 2], [-1, 1, 2]], [[1, 2, 0], [2, 0, 1], [0, 2, 4]], [1, 1, 1], 4),
    "nobody makes it": ([[-1, -1], [0, 1]], [[0, 0], [1, 5]], [1, 1], 100_001),
    "three boxes, two places": (AB * 3, [[3, 4]] * 3, [1, 1], 100_007),
    "stay: moving saves 6 and costs 7": (AB, [[10, 4 + 7]], [1, 1], 10),
    "move: moving saves 8 and costs 7": (AB, [[12, 4 + 7]], [1, 1], 11),
    "every cap is 0": (AB * 2, [[1, 2]] * 2, [0, 0], 200_000),
    "all costs equal": (AB * 3, [[5, 5]] * 3, [2, 2], 15),
    "a catch-all takes the rest": (AB * 3, [[1, 4]] * 3, [1, UNCAPPED], 9),
    "every box infeasible": ([[-1, -1]] * 4, [[0, 0]] * 4, [9, 9], 400_000),
}  # fmt: skip
LIMIT_CASES = {  # two boxes, dear at A (9), cheap at B (2): what limits ask for
    "no limit": ([9, 9], [0, 0], [], 7, 4),
    "a floor worth the detour": ([9, 9], [1, 0], [], 8, 11),
    "a floor not worth the detour": ([9, 9], [1, 0], [], 6, 4 + 6),
    "a floor beyond all boxes": ([9, 9], [3, 0], [], 8, 18 + 8),
    "a floor above its cap counts as the cap": ([1, 9], [5, 0], [], 8, 11),
    "a week's cap binds before the days'": ([9, 9], [0, 0], [([1], 1, 0)], 7, 11),
    "a week's floor": ([9, 9], [0, 0], [([0], UNCAPPED, 2)], 8, 18),
    "floors of day and week add up": ([9, 9], [1, 0], [([0], UNCAPPED, 1)], 4, 11),
    "a closed week": ([9, 9], [0, 0], [([0], 0, 0), ([1], 0, 0)], 7, 200_000),
}


@pytest.mark.parametrize("of", HAND_CASES.values(), ids=HAND_CASES)
def test_cases_solved_by_hand(of):
    node, cost, caps, best = of
    assert optimum(case(node, cost, [100_000] * len(node), [1] * len(node), caps)) == best


@pytest.mark.parametrize("of", LIMIT_CASES.values(), ids=LIMIT_CASES)
def test_floors_and_weeks_solved_by_hand(of):
    caps, floors, weeks, floor_cost, best = of
    assert optimum(case(AB, [[9, 2]], [100_000], [2], caps, floors, weeks, floor_cost)) == best


def test_no_boxes_and_no_classes():
    assert optimum(case(AB, [[1, 2]], [9], [0], [1, 1])) == 0
    nothing = np.zeros((0, 2), np.int64)
    assert optimum(case(nothing, nothing, nothing[:, 0], nothing[:, 0], [1, 1], [1, 0],
                        floor_cost=3)) == 3  # fmt: skip


def test_twenty_nested_sites():
    """Class k may use the first k + 1 sites, each for one box; later sites cost less."""
    n = 20
    node = np.where(np.tri(n, dtype=bool), np.arange(n), -1)
    cost = np.tile(np.arange(n, 0, -1), (n, 1))
    assert optimum(case(node, cost, [1000] * n, [1] * n, [1] * n)) == n * (n + 1) // 2
    # Twice the boxes: every place is taken, and as many boxes find none.
    assert optimum(case(node, cost, [1000] * n, [2] * n, [1] * n)) == 210 + 1000 * n


@pytest.mark.parametrize("block", range(4))
def test_same_optimum_as_highs_on_random_networks(block):
    rng = np.random.default_rng(block)
    cases = [random_case(rng) for _ in range(1000)]
    assert [optimum(each) for each in cases] == highs_optima(cases)


@pytest.mark.parametrize("boxes", [1, 100_000])
def test_where_costs_tie_as_few_boxes_move_as_can(boxes):
    """Two objectives, one after the other: by HiGHS in two programs, by ours in one flow."""
    rng = np.random.default_rng(31)
    cases = [random_case(rng) for _ in range(500)]
    limits = [each.limits for each in cases]
    more = [np.where(each.caps == UNCAPPED, UNCAPPED, boxes * each.caps) for each in limits]
    cases = [
        replace(each, counts=boxes * each.counts,
                limits=each.limits._replace(caps=caps, floors=boxes * each.limits.floors))
        for each, caps in zip(cases, more, strict=True)
    ]  # fmt: skip
    ties = [rng.random(each.cost.shape) < 0.5 for each in cases]
    flows = [solved(with_ties(each, tie)) for each, tie in zip(cases, ties, strict=True)]
    assert [total_cost(*both) for both in zip(cases, flows, strict=True)] == highs_optima(cases)
    on_ties = [
        build_network(each.node, 1 * tie, 0 * each.short, each.n_days).arc_cost
        for each, tie in zip(cases, ties, strict=True)
    ]
    moved = [flow.boxes @ arcs for flow, arcs in zip(flows, on_ties, strict=True)]
    assert moved == highs_fewest_ties(cases, ties)
    plain = [solved(each).boxes @ arcs for each, arcs in zip(cases, on_ties, strict=True)]
    assert sum(moved) < sum(plain)
    assert all(few <= some for few, some in zip(moved, plain, strict=True))


def test_same_optimum_as_trying_everything():
    rng = np.random.default_rng(5)
    for _ in range(80):
        drawn = random_case(rng)
        few = replace(drawn, node=drawn.node[:4], cost=drawn.cost[:4], short=drawn.short[:4],
                      counts=np.ones(len(drawn.node[:4]), np.int64))  # fmt: skip
        assert optimum(few) == brute_force(few)


def test_a_start_from_the_prices_of_other_boxes_and_caps_finds_the_same_cost():
    rng = np.random.default_rng(7)
    for _ in range(300):
        one = random_case(rng)
        caps = np.where(one.limits.caps == UNCAPPED, UNCAPPED,
                        rng.integers(0, 20, len(one.limits.caps)))  # fmt: skip
        other = replace(one, counts=rng.integers(0, 12, len(one.counts)),
                        limits=one.limits._replace(caps=caps))  # fmt: skip
        assert total_cost(other, solved(other, solved(one).potential)) == optimum(other)


def test_prices_are_the_differences_that_one_box_of_cap_makes():
    rng = np.random.default_rng(99)
    for _ in range(150):
        of = random_case(rng)
        flow = solved(of)
        more = right_prices(of.network, of.limits, flow)
        less = left_prices(of.network, of.limits, flow)
        for node, cap in enumerate(of.limits.caps[:-1]):
            if cap == UNCAPPED:
                assert more[node] == less[node] == 0
                continue
            assert more[node] == total_cost(of, flow) - optimum(of.capped(node, cap + 1))
            lower = optimum(of.capped(node, cap - 1)) if cap else total_cost(of, flow)
            assert less[node] == lower - total_cost(of, flow)


@pytest.mark.parametrize("sign", [1, -1])
def test_the_value_of_other_caps_is_the_difference_of_fresh_optima(sign):
    rng = np.random.default_rng(17)
    for _ in range(80):
        of = random_case(rng)
        flow, now = solved(of), of.limits.caps[: of.n_days, None]
        before = [part.copy() for part in flow[:5]]
        caps = np.where(now == UNCAPPED, now, (now + sign * np.array([1, 3, 7])).clip(min=0))
        values = cap_values(of.network, of.limits, flow, caps)
        for kept, part in zip(before, flow[:5], strict=True):
            assert (kept == part).all()
        for node, row in enumerate(caps):
            for step, cap in enumerate(row):
                other = of.capped(node, cap)
                assert values[node, step, 1] == total_cost(of, flow) - optimum(other)
