"""Inclusion probabilities against enumeration, and calibration against the sampler."""

import itertools

import numpy as np
import pytest
from draw_inputs import one_segment
from hypothesis import given, settings
from hypothesis import strategies as st

from sitecast.simulate.calibrate import BoxKind, calibrate
from sitecast.simulate.choice import inclusion_probabilities
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


def test_sampled_shares_are_the_shares_asked_for() -> None:
    shares = np.array([0.25, 0.2, 0.15, 0.1, 0.1, 0.1, 0.05, 0.05])
    kits, boxes = 3, 400_000
    kind = BoxKind(1.0, shares, np.array([0, 0, 0, 1.0]))
    weights = shares * calibrate([kind], shares, np.ones(8, np.int64)).factor
    items = simulate_draw(one_segment(weights.tolist(), kits, boxes))[3]
    found = np.bincount(items, minlength=len(shares)) / (kits * boxes)
    noise = np.sqrt(shares * (1 - kits * shares) / (kits * boxes))
    assert np.abs((found - shares) / noise).max() < 4.5
