"""Gradient boosting on invented worlds whose truth is known."""

import sys

import numpy as np
import pandas as pd
import pytest
from volume_worlds import PLAN, as_array, week_of

from sitecast.demand.boosted_volumes import forecast, log_normal_part
from sitecast.demand.combined_volumes import CombinedVolumes
from sitecast.demand.panel import box_table, read_panel
from sitecast.demand.panel_features import week_rows
from sitecast.errors import DataError
from sitecast.records.week_record import WeekData

LEVELS = np.array([40.0, 80.0, 160.0, 320.0])


def told(boxes, **how):
    return answer_of(week_of(boxes, **how))


def answer_of(week):
    panel = read_panel(week, PLAN)
    boosted = forecast(panel)
    return box_table(panel, boosted.mean, boosted.variance)


def promoted(rng, weeks=41, regions=12):
    """Two segments a region; a promotion doubles its own boxes and takes a third of the other's."""
    promotion = (rng.random((2 * regions, weeks, 1)) < 0.25).astype(float)
    rival = promotion.reshape(regions, 2, weeks, 1)[:, ::-1].reshape(promotion.shape)
    level = np.tile(LEVELS, regions // 2)[:, None, None]
    return level * 2.0**promotion * (2 / 3) ** rival, promotion


def test_what_a_promotion_does_is_learned_for_itself_and_for_its_rival():
    rng = np.random.default_rng(1)
    expected, promotion = promoted(rng)
    boxes = rng.poisson(expected)[:, :-1]
    answer = as_array(told(boxes, drivers={"promotion": promotion}, segments=2))[:, 0]
    error = np.abs(np.log(answer / expected[:, -1, 0]))
    assert error.mean() < 0.1
    blind = as_array(told(boxes, segments=2))[:, 0]
    assert np.abs(np.log(blind / expected[:, -1, 0])).mean() > 3 * error.mean()


def part_of(error, variance):
    """Of twenty past weeks of 300 rows whose logarithms erred so."""
    boxes, week = np.expm1(4.0 + error), np.arange(error.size) % 20
    level = np.full(error.size, 4.0 + error.mean())
    return log_normal_part(boxes, level, np.full(error.size, variance), week)


def test_the_mean_lies_above_the_logarithms_as_far_as_they_are_normal():
    rng = np.random.default_rng(4)
    normal = rng.normal(0.0, 0.5, 6000)
    assert part_of(normal, 0.25) == pytest.approx(1.0, abs=0.1)
    low = np.where(rng.random(6000) < 0.05, -3.0, rng.normal(0.0, 0.1, 6000))
    found = part_of(low, low.var())
    mean = np.expm1(4.0 + low.mean() + found * low.var() / 2)
    came = np.expm1(4.0 + low).mean()
    assert found < 0.6
    assert mean == pytest.approx(came, rel=0.02)
    assert part_of(normal[:300], 0.0) == 1.0, "nothing lies between"


def test_a_holiday_far_back_is_known_when_it_returns():
    rng = np.random.default_rng(2)
    holiday = np.zeros((24, 31, 3))
    holiday[:, [6, 13, 20, 30], 1] = 1.0
    expected = np.tile(LEVELS, 6)[:, None, None] * np.where(holiday, 0.4, [1.0, 1.5, 0.7])
    answer = as_array(told(rng.poisson(expected)[:, :-1], drivers={"holiday": holiday}))
    assert answer.sum(axis=0) == pytest.approx(expected[:, -1].sum(axis=0), rel=0.08)


def test_who_is_closed_has_no_boxes_and_closures_are_no_news():
    rng = np.random.default_rng(3)
    closed = np.zeros((16, 21, 1))
    closed[0, -1], closed[1, 12:20] = 1.0, 1.0
    expected = np.tile(LEVELS, 4)[:, None, None] * np.ones(closed.shape)
    boxes = rng.poisson(expected * (closed == 0))[:, :-1]
    answer = told(boxes, drivers={"closed": closed})
    assert "r00" not in set(answer["region_id"])
    second = answer[answer["region_id"] == "r01"]
    assert second["mean_boxes"].item() == pytest.approx(LEVELS[1], rel=0.15)


def test_a_trend_break_is_followed():
    rng = np.random.default_rng(4)
    expected = np.tile(LEVELS, 6)[:, None, None] * np.ones((24, 30, 1))
    expected[:, 15:] *= 1.6
    answer = as_array(told(rng.poisson(expected)))[:, 0]
    assert answer.sum() == pytest.approx(expected[:, -1].sum(), rel=0.05)


def test_intervals_hold_and_a_region_that_is_new_has_wider_ones():
    rng = np.random.default_rng(5)
    level = np.tile(LEVELS, 15)[:, None, None] * np.exp(0.15 * rng.standard_normal((60, 26, 1)))
    boxes = rng.poisson(level)
    boxes[:2, :23] = 0
    answer = told(boxes[:, :-1])
    held = np.abs(boxes[:, -1, 0] - answer["mean_boxes"]) <= 1.2816 * answer["sd_boxes"]
    assert 0.65 < held.mean() < 0.95
    relative = (answer["sd_boxes"] / answer["mean_boxes"]).to_numpy()
    assert (answer["sd_boxes"] ** 2 >= answer["mean_boxes"] * (1 - 1e-9)).all()
    assert relative[:2].min() > 0.15


def test_r12_the_forecast_of_a_past_week_reads_nothing_that_came_later():
    rng = np.random.default_rng(6)
    boxes, driver = rng.poisson(50.0, (6, 20, 7)), rng.random((6, 21, 7))
    panel = read_panel(week_of(boxes, drivers={"x": driver}), PLAN)
    before = week_rows(panel, 12, lag=2)
    panel.boxes[:, 11:] = rng.permuted(panel.boxes[:, 11:], axis=1) * 3
    panel.drivers["x"][:, 13:] = -7.0
    after = week_rows(panel, 12, lag=2)
    np.testing.assert_array_equal(before.x, after.x)
    np.testing.assert_array_equal(before.level, after.level)
    panel.boxes[:, 10] += 1
    assert not np.array_equal(before.x, week_rows(panel, 12, lag=2).x, equal_nan=True)


def test_r7_rows_in_another_order_give_the_same_bytes():
    rng = np.random.default_rng(7)
    expected, promotion = promoted(rng, weeks=16, regions=4)
    week = week_of(rng.poisson(expected)[:, :-1], drivers={"promotion": promotion}, segments=2)
    mixed = {name: frame.sample(frac=1.0, random_state=1) for name, frame in week.tables.items()}
    again = answer_of(WeekData(week.provenance, mixed))
    pd.testing.assert_frame_equal(answer_of(week), again, check_exact=True)


def test_one_known_week_is_repeated_with_wide_draws():
    boxes = np.full((3, 1, 2), 100)
    answer = told(boxes, lag=2)
    assert answer["mean_boxes"].between(95, 112).all()
    assert (answer["sd_boxes"] > 25).all()


def test_without_history_there_is_nothing_to_forecast_from():
    with pytest.raises(DataError, match="nothing to forecast boxes from"):
        told(np.zeros((1, 3, 1), dtype=int))


def test_the_package_is_imported_only_where_drivers_are_declared(monkeypatch):
    monkeypatch.setitem(sys.modules, "lightgbm", None)
    boxes, holiday = np.full((3, 12, 2), 100), np.zeros((3, 13, 2))
    assert len(CombinedVolumes().boxes(week_of(boxes, drivers={"closed": holiday}), PLAN)) == 6
    holiday[:, [4, 9]] = 1.0
    with pytest.raises(ImportError, match="lightgbm"):
        CombinedVolumes().boxes(week_of(boxes, drivers={"holiday": holiday}), PLAN)
