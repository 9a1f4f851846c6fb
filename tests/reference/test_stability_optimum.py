"""The search against proven optima: brute force for tiny cases, HiGHS for cases of a day."""

import itertools

import highspy
import numpy as np
import pytest
from trading import Case, random_case

RECIPES = 100
MAKES = np.array([75, 92, 100])
"""Recipes made at each of three nested sites; the last makes everything."""


@pytest.mark.parametrize("seed", range(40))
def test_the_best_of_all_allocations(seed):
    """Brute force over every allocation with the same loads and total cost."""
    case = random_case(np.random.default_rng(seed), n_boxes=7)
    placed = np.flatnonzero(case.site >= 0)
    load, cost = case.load(case.site), case.cost_of(case.site)[placed].sum()
    best = case.churn(case.site).changed
    for sites in itertools.product(range(case.terms.lane.shape[1]), repeat=len(placed)):
        site = case.site.copy()
        site[placed] = sites
        costs = case.cost_of(site)[placed]
        allowed = (costs >= 0).all() and costs.sum() == cost
        if allowed and np.array_equal(case.load(site), load):
            best = min(best, case.churn(site).changed)
    assert case.churn(case.settle()).changed == best


def two_days(rng, n):
    """Boxes of two runs a day apart: the placed part grows from 46 % to 52 %, the rest is new.

    Sites of 25 % and 50 % of the boxes, filled exactly, and a third for the rest.
    """
    before, after = round(0.46 * n), round(0.52 * n)
    placed = [rng.choice(RECIPES, rng.integers(1, 5), replace=False) for _ in range(after)]
    days = []
    for stays in (before, after):
        new = [rng.choice(RECIPES, rng.integers(1, 5), replace=False) for _ in range(n - stays)]
        days.append(placed[:stays] + new)
    return days, before


def filled(boxes, rng):
    """(boxes,) class and a feasible site: the smallest site first."""
    box_class = np.array([np.searchsorted(MAKES, box.max() + 1) for box in boxes])
    site = np.full(len(boxes), 2)
    for at, cap in enumerate((len(boxes) // 4, len(boxes) // 2)):
        free = np.flatnonzero((site == 2) & (box_class <= at))
        site[rng.permutation(free)[:cap]] = at
    return box_class, site


def day_after(seed, n):
    rng = np.random.default_rng(seed)
    days, stays = two_days(rng, n)
    cost = np.where(np.arange(3) >= np.arange(3)[:, None], 0, -1)
    fixed = (np.zeros(3), cost, np.arange(3)[None])
    nothing = np.zeros((3, RECIPES))
    box_class, site = filled(days[0], rng)
    first = Case.of(days[0], box_class, site, np.full(n, -1), *fixed, nothing, np.ones(RECIPES))
    box_class, new_site = filled(days[1], rng)
    home = np.where(np.arange(n) < stays, site, -1)
    return Case.of(days[1], box_class, new_site, home, *fixed, first.pieces(site),
                   np.ones(RECIPES))  # fmt: skip


def linear_bound(case):
    """The least change when boxes could be cut in pieces: HiGHS on the boxes one by one."""
    solver, load = highspy.Highs(), case.load(case.site)[0]
    solver.setOptionValue("output_flag", False)
    held = [[] for _ in range(case.reference.size)]
    sent = [[] for _ in load]
    for box in range(len(case.site)):
        sites = np.flatnonzero(case.terms.cost[case.boxes.box_class[box]] >= 0)
        parts = [solver.addVariable(0, 1) for _ in sites]
        solver.addConstr(sum(parts[1:], parts[0] + 0.0) == 1)
        for part, at in zip(parts, sites, strict=True):
            sent[at].append(part)
            for item in case.items_of(box):
                held[at * RECIPES + item].append(part)
    for parts, n in zip(sent, load, strict=True):
        solver.addConstr(sum(parts[1:], parts[0] + 0.0) == float(n))
    for parts, wanted in zip(held, case.reference.ravel(), strict=True):
        more, less = (solver.addVariable(0, highspy.kHighsInf, obj=1.0) for _ in range(2))
        solver.addConstr(sum(parts, 0.0 * more) - more + less == float(wanted))
    solver.run()
    return solver.getInfo().objective_function_value


@pytest.mark.parametrize("seed", range(3))
def test_at_a_thousand_boxes_within_a_fortieth_of_the_optimum(seed):
    case = day_after(seed, 1_000)
    found, bound = case.churn(case.settle(20_000)).changed, linear_bound(case)
    assert found >= bound - 1e-6
    assert found <= 1.025 * bound


@pytest.mark.parametrize("seed", range(3))
def test_at_ten_thousand_boxes_within_half_a_percent_of_the_bound(seed):
    """The bound printed with every plan is all the proof that is needed."""
    case = day_after(seed, 10_000)
    change = case.churn(case.settle())
    assert change.changed <= 1.005 * change.least
    assert case.churn(case.site).changed > 1.3 * change.least
