"""Trading places: what may never change, what never gets worse, and cases solved by hand."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from trading import Case, random_case

from sitecast.allocate.stability import churn
from sitecast.allocate.steady_slots import tradeable

cases = st.integers(0, 2**32 - 1).map(lambda seed: random_case(np.random.default_rng(seed)))


@settings(deadline=None)
@given(cases)
def test_r2_r3_r4_every_box_stays_feasible_and_no_load_changes(case):
    site = case.settle()
    placed = case.site >= 0
    assert (site[~placed] == -1).all()
    assert (case.cost_of(site)[placed] >= 0).all()
    assert np.array_equal(case.load(site), case.load(case.site))


@settings(deadline=None)
@given(cases)
def test_total_cost_is_unchanged_to_the_last_minor_unit(case):
    placed = case.site >= 0
    before, after = case.cost_of(case.site), case.cost_of(case.settle())
    assert after[placed].sum() == before[placed].sum()


@settings(deadline=None)
@given(cases)
def test_never_worse_than_the_sites_given_and_never_below_the_bound(case):
    before, after = case.churn(case.site), case.churn(case.settle())
    assert after.least == before.least
    assert after.least <= after.changed <= before.changed


@settings(deadline=None)
@given(cases)
def test_r7_no_state_is_left_behind(case):
    kept = [array.copy() for array in (case.site, case.home, case.reference, case.boxes.items)]
    first = case.settle()
    assert np.array_equal(first, case.settle())
    now = (case.site, case.home, case.reference, case.boxes.items)
    assert all(np.array_equal(a, b) for a, b in zip(now, kept, strict=True))


@settings(deadline=None)
@given(cases)
def test_a_plan_repeated_on_its_own_reference_is_found_again(case):
    """Where every box may go everywhere, yesterday's sites cost no churn at all."""
    free = case.like(terms=replace(case.terms, cost=np.zeros_like(case.terms.cost)))
    yesterday = free.settle()
    again = free.like(reference=free.pieces(yesterday), home=yesterday)
    assert again.churn(again.settle()).changed == 0


@settings(deadline=None)
@given(cases)
def test_only_boxes_with_a_partner_are_searched(case):
    """Box by box: one group, each makeable at the other's site, the sum of costs as it was."""
    kinds, box_class = case.terms.kinds, case.boxes.box_class
    found = tradeable(kinds, box_class, case.site)[kinds.of_class[box_class], case.site]
    cost, group = case.terms.cost[box_class], case.terms.group[box_class]
    at = np.flatnonzero(case.site >= 0)
    for box in at:
        here = case.site[box]
        partners = [
            group[box] == group[other] and there != here
            and min(cost[box, there], cost[other, here]) >= 0
            and cost[box, here] + cost[other, there] == cost[box, there] + cost[other, here]
            for other, there in zip(at, case.site[at], strict=True)
        ]  # fmt: skip
        assert found[box] == any(partners)


def by_hand(boxes, site, reference, home=None, allowed=None, weight=(1, 1, 1), cost=None):
    """Boxes of items a, b, c at sites 0 and 1; a class per box, one group, one lane per site."""
    n = len(boxes)
    cost = np.zeros((n, 2), np.int64) if cost is None else np.array(cost, np.int64)
    if allowed is not None:
        cost = np.where(np.array(allowed, bool), cost, -1)
    items = [["abc".index(item) for item in box] for box in boxes]
    return Case.of(items, np.arange(n), np.array(site), np.array(home or [-1] * n),
                   np.zeros(n, np.int64), cost, np.array([[0, 1]]), np.array(reference),
                   np.array(weight))  # fmt: skip


def test_two_boxes_trade_when_each_is_wanted_where_the_other_is():
    case = by_hand(["a", "b"], [0, 1], [[0, 1, 0], [1, 0, 0]])
    assert case.settle().tolist() == [1, 0]


def test_boxes_that_share_an_item_trade_for_the_rest():
    case = by_hand(["ab", "ac"], [0, 1], [[1, 0, 1], [1, 1, 0]])
    assert case.settle().tolist() == [1, 0]


@pytest.mark.parametrize(
    ("allowed", "cost"),
    [
        pytest.param([[1, 0], [1, 1]], None, id="site 1 does not make a"),
        pytest.param([[1, 1], [0, 1]], None, id="site 0 does not make b"),
        pytest.param(None, [[5, 6], [5, 5]], id="trading would cost 1 more"),
        pytest.param(None, [[5, 4], [5, 5]], id="trading would cost 1 less"),
    ],
)
def test_no_trade_without_leave(allowed, cost):
    case = by_hand(["a", "b"], [0, 1], [[0, 1, 0], [1, 0, 0]], allowed=allowed, cost=cost)
    assert case.settle().tolist() == [0, 1]


def test_costs_that_add_up_to_the_same_may_trade():
    cost = [[700, 900], [300, 500]]
    case = by_hand(["a", "b"], [0, 1], [[0, 1, 0], [1, 0, 0]], cost=cost)
    assert case.settle().tolist() == [1, 0]


def test_boxes_go_home_even_where_the_counts_would_not_tell():
    case = by_hand(["a", "a", "b"], [0, 1, 0], [[1, 0, 0], [1, 0, 0]], home=[1, 0, -1])
    assert case.settle().tolist() == [1, 0, 0]


def test_perishable_items_come_first():
    """Each trade serves one item at the cost of another; the weight decides."""
    boxes, reference = ["a", "b"], [[0, 0, 0], [1, 1, 0]]
    assert by_hand(boxes, [0, 1], reference, weight=(3, 1, 1)).settle().tolist() == [1, 0]
    assert by_hand(boxes, [0, 1], reference, weight=(1, 3, 1)).settle().tolist() == [0, 1]


def test_quantities_above_one_count_piece_by_piece():
    case = by_hand(["aab", "cc"], [0, 1], [[0, 0, 2], [2, 1, 0]])
    assert case.settle().tolist() == [1, 0]


def test_nothing_to_trade():
    empty = by_hand(["a"], [-1], [[0, 0, 0], [0, 0, 0]])
    assert empty.settle().tolist() == [-1]
    assert empty.churn(empty.settle()).wape_site == 0.0


def test_churn_of_two_delivery_days_is_never_netted():
    pieces, reference = np.array([[2], [0]]), np.array([[1], [1]])
    same_day = churn(pieces, reference, np.array([5]), np.array([0, 0]))
    two_days = churn(pieces, reference, np.array([5]), np.array([0, 1]))
    assert (same_day.wape_site, same_day.wape_global) == (1.0, 0.0)
    assert (two_days.wape_site, two_days.wape_global) == (1.0, 1.0)
