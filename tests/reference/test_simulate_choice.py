"""Inclusion probabilities against enumeration, and calibration against the sampler."""

import itertools

import numpy as np
import pytest
from draw_inputs import one_segment
from hypothesis import given, settings
from hypothesis import strategies as st

from sitecast.simulate.calibrate import BoxKind, calibrate
from sitecast.simulate.choice import expected_kits, inclusion_probabilities
from sitecast.simulate.inclusion import mean_kits, mean_kits_once
from sitecast.simulate.simulate_draw import simulate_draw


def enumerated(weights: np.ndarray, kits: int) -> np.ndarray:
    found = np.zeros(len(weights))
    for box in itertools.permutations(range(len(weights)), kits):
        rest, chance = weights.sum(), 1.0
        for r in box:
            chance *= weights[r] / rest
            rest -= weights[r]
        found[list(box)] += chance
    return found


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.floats(-4, 4), min_size=2, max_size=6).map(np.exp),
    st.integers(1, 5),
)
def test_inclusion_probabilities_equal_enumeration(weights: np.ndarray, kits: int) -> None:
    kits = min(kits, len(weights))
    found = inclusion_probabilities(weights, kits)
    np.testing.assert_allclose(found, enumerated(weights, kits), atol=1e-9)
    assert found.sum() == pytest.approx(kits, abs=1e-8)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.integers(2, 80), st.integers(1, 9), st.sampled_from([0.1, 1, 8]))
def test_taking_recipes_out_of_the_count_loses_nothing(
    seed: int, recipes: int, kits: int, spread: float
) -> None:
    rng = np.random.default_rng(seed)
    weights = np.sort(np.exp(rng.normal(0, spread, recipes)))[::-1].copy()
    sizes = rng.dirichlet(np.ones(min(kits, recipes - 1) + 1))
    times = np.exp(np.arange(-30, 30, 0.35)) / weights.sum()
    limit = np.ones(recipes, np.int64)
    np.testing.assert_allclose(
        mean_kits_once(weights, times, sizes), mean_kits(weights, limit, times, sizes), atol=1e-12
    )


def test_sampled_shares_are_the_shares_asked_for() -> None:
    shares = np.array([0.25, 0.2, 0.15, 0.1, 0.1, 0.1, 0.05, 0.05])
    kits, boxes = 3, 400_000
    kind = BoxKind(1.0, shares, np.array([0, 0, 0, 1.0]))
    weights = shares * calibrate([kind], shares, np.ones(8, np.int64))
    items = simulate_draw(one_segment(weights.tolist(), kits, boxes))[3]
    found = np.bincount(items, minlength=len(shares)) / (kits * boxes)
    noise = np.sqrt(shares * (1 - kits * shares) / (kits * boxes))
    assert np.abs((found - shares) / noise).max() < 4.5


def with_repeats(weights: np.ndarray, kits: int, limit: np.ndarray) -> np.ndarray:
    """Expected kits of each recipe, choice by choice over every state of the box."""
    found = np.zeros(len(weights))
    states = {tuple([0] * len(weights)): 1.0}
    for _ in range(min(kits, int(limit.sum()))):
        after: dict[tuple[int, ...], float] = {}
        for state, chance in states.items():
            open_ = weights * (np.array(state) < limit)
            for r in np.flatnonzero(open_):
                found[r] += chance * open_[r] / open_.sum()
                key = (*state[:r], state[r] + 1, *state[r + 1 :])
                after[key] = after.get(key, 0.0) + chance * open_[r] / open_.sum()
        states = after
    return found


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(st.floats(-3, 3).map(np.exp), st.integers(1, 3)), min_size=1, max_size=5),
    st.integers(1, 6),
)
def test_expected_kits_with_repeats_equal_enumeration(
    menu: list[tuple[float, int]], kits: int
) -> None:
    weights, limit = np.array([w for w, _ in menu]), np.array([n for _, n in menu])
    sizes = np.zeros(kits + 1)
    sizes[kits] = 1.0
    found = expected_kits(weights, sizes, limit)
    np.testing.assert_allclose(found, with_repeats(weights, kits, limit), atol=1e-8)


@pytest.mark.parametrize("limit", [1, 2])
def test_many_seeds_give_the_expected_kits(limit: int) -> None:
    weights, kits, boxes, seeds = np.array([9.0, 5.0, 3.0, 2.0, 1.0, 0.5, 0.1]), 3, 40_000, 24
    sizes = np.array([0, 0, 0, 1.0])
    expected = expected_kits(weights, sizes, np.full(7, limit)) * boxes
    counts = np.array([
        np.bincount(simulate_draw(one_segment(weights.tolist(), kits, boxes, limit, seed=seed))
                    .items, minlength=7)
        for seed in range(seeds)
    ])  # fmt: skip
    spread = counts.std(axis=0, ddof=1)
    z = (counts.mean(axis=0) - expected) / (spread / np.sqrt(seeds))
    assert np.abs(z).max() < 4.5  # t of 23 degrees: 7 recipes, P < 0.002 together
    # a recipe in a box or not: binomial, and no seed outside what that allows
    if limit == 1:
        chance = expected / boxes
        z = (counts - expected) / np.sqrt(boxes * chance * (1 - chance))
        assert np.abs(z).max() < 4.5
