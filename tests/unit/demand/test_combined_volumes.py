"""Combined forecasts: never far from the best of them, whatever the truth is."""

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize
from volume_worlds import PLAN, as_array, week_of

from sitecast.demand.combination import PRIOR_WEEKS, combination_weights
from sitecast.demand.combined_volumes import CombinedVolumes
from sitecast.demand.faded_levels import faded_levels
from sitecast.errors import DataError

PROFILE = np.array([40.0, 60, 20, 10, 30, 50, 5])


def answer(boxes, lag=1, drivers=None):
    frame = CombinedVolumes().boxes(week_of(boxes, lag, drivers), PLAN)
    assert (frame["sd_boxes"] ** 2 >= frame["mean_boxes"] * (1 - 1e-12)).all()
    return frame


def test_what_repeats_is_forecast_as_it_is():
    boxes = np.stack([np.tile(PROFILE * size, (12, 1)) for size in (1, 4)]).astype(int)
    told = as_array(answer(boxes, lag=2))
    np.testing.assert_allclose(told, boxes[:, 0], rtol=1e-6)


@pytest.mark.parametrize(
    ("lag", "moves", "noise"), [(1, 0.06, 0.08), (4, 0.06, 0.08), (1, 0.0, 0.2)]
)
def test_levels_that_walk_and_levels_that_only_look_so_are_told_apart(lag, moves, noise):
    rng = np.random.default_rng(11)
    walk = np.exp(np.cumsum(moves * rng.standard_normal((30, 40, 1)), axis=1))
    level = 300 * walk * np.exp(noise * rng.standard_normal((30, 40, 1)))
    boxes = rng.poisson(level * PROFILE / PROFILE.mean())
    error = {"ours": 0.0, "last week": 0.0, "mean of 8 weeks": 0.0}
    for last in range(28, 40):
        known = boxes[:, : last - lag + 1]
        told = {"ours": as_array(answer(known, lag)), "last week": known[:, -1],
                "mean of 8 weeks": known[:, -8:].mean(axis=1)}  # fmt: skip
        for name, mean in told.items():
            error[name] += np.abs((mean - boxes[:, last]).sum(axis=1)).sum()
    assert error["ours"] < min(error["last week"], error["mean of 8 weeks"])


def test_the_spread_covers_what_comes():
    rng = np.random.default_rng(7)
    level = 200 * np.exp(0.1 * rng.standard_normal((40, 25, 1)))
    boxes = rng.poisson(level * np.ones((1, 1, 7)))
    frame = answer(boxes[:, :24]).sort_values(["region_id", "delivery_date"])
    wide = 1.2816 * frame["sd_boxes"].to_numpy()
    inside = np.abs(boxes[:, 24].ravel() - frame["mean_boxes"].to_numpy()) < wide
    assert 0.72 < inside.mean() < 0.92


def test_holidays_and_closures_are_no_news_and_who_is_closed_gets_nothing():
    boxes = np.stack([np.tile(PROFILE * size, (12, 1)) for size in (1, 2, 4)]).astype(int)
    wanted = boxes[:, 0].copy()
    boxes[:, -2, 1], boxes[0, 4:6], boxes[:, 3] = 0, 0, 0
    closed = np.zeros((3, 13, 7))
    closed[2, -1, :3] = 1.0
    wanted[2, :3] = 0
    np.testing.assert_allclose(
        as_array(answer(boxes, drivers={"closed": closed})), wanted, rtol=1e-3
    )


def test_drivers_are_used_where_they_tell_something():
    rng = np.random.default_rng(3)
    promotion = (rng.random((16, 41, 1)) < 0.25).astype(float)
    expected = np.tile([40.0, 80, 160, 320], 4)[:, None, None] * 2.0**promotion
    boxes, drivers = rng.poisson(expected)[:, :-1], {"promotion": promotion}
    driven, blind = (
        np.abs(as_array(answer(boxes, drivers=known)) / expected[:, -1] - 1).mean()
        for known in (drivers, None)
    )
    assert driven < 0.3 * blind


@settings(deadline=None, max_examples=15)
@given(st.integers(0, 2**32 - 1), st.integers(1, 3), st.integers(1, 6))
@example(279789707, 2, 6)  # one row to learn from
def test_whatever_comes_the_answer_keeps_the_contract(seed, lag, weeks):
    rng = np.random.default_rng(seed)
    boxes = rng.poisson(rng.choice([0, 0.3, 5, 60], (3, 1, 7)) * rng.random((1, weeks, 1)))
    if boxes.any():
        for drivers in (None, {"price": rng.random((3, weeks + lag, 7))}):
            frame = answer(boxes, lag, drivers)
            assert np.isfinite(frame[["mean_boxes", "sd_boxes"]].to_numpy()).all()
            assert not frame.duplicated(["delivery_date", "region_id", "segment"]).any()


def test_nothing_known_is_an_error():
    with pytest.raises(DataError, match="nothing to forecast boxes from"):
        answer(np.zeros((1, 3, 7), dtype=int))


def test_r12_a_level_of_a_past_week_reads_nothing_that_came_later():
    boxes = np.random.default_rng(1).poisson(50.0, (4, 20, 7)).astype(float)
    assert (faded_levels(boxes[:, :12]) != faded_levels(boxes[:, :13])).any()
    closed = boxes.copy()
    closed[:, 5, 2] = np.nan
    told = faded_levels(closed)
    assert np.isfinite(told).all()


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 2**32 - 1), st.integers(2, 5), st.integers(1, 30))
def test_weights_are_the_constrained_least_squares_drawn_to_equal_ones(seed, count, weeks):
    rng = np.random.default_rng(seed)
    came = rng.poisson(100.0, 6 * weeks).astype(float)
    told = came * np.exp(rng.normal(0.05, 0.2, (count, 6 * weeks)))
    unit = np.sqrt(np.maximum(told.mean(axis=0), 1.0))
    forecasts, actual = told / unit, came / unit
    differ = np.square(forecasts - forecasts.mean(axis=0)).sum() / count

    def loss(weights):
        miss = np.square(actual - weights @ forecasts).sum()
        return miss + PRIOR_WEEKS * differ / weeks * np.square(weights - 1 / count).sum()

    weights = combination_weights(told, came, weeks)
    assert weights.sum() == pytest.approx(1)
    assert (weights >= 0).all()
    other = minimize(loss, np.full(count, 1 / count), bounds=[(0, 1)] * count, method="SLSQP",
                     constraints={"type": "eq", "fun": lambda w: w.sum() - 1})  # fmt: skip
    assert loss(weights) <= other.fun * (1 + 1e-6) + 1e-9


def test_without_errors_weights_are_equal():
    np.testing.assert_allclose(combination_weights(np.zeros((3, 0)), np.zeros(0), 0), 1 / 3)
    np.testing.assert_allclose(combination_weights(np.ones((2, 4)), np.ones(4), 4), 0.5)
