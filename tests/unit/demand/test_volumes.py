import numpy as np
import pandas as pd
import pytest
from worlds import small_plan

from sitecast.demand import MovingMeanVolumes
from sitecast.demand.volumes import excess_cv2
from sitecast.errors import DataError

W46, W47 = "2026-W46", "2026-W47"


def row(week, offset, region="a", segment="family", boxes=10):
    start = {W46: "2026-11-14", W47: "2026-11-21"}[week]
    date = pd.Timestamp(start) + pd.Timedelta(days=offset)
    return (week, date, region, segment, 2, 2, boxes, 0)


def mean_of(week, **plan):
    frame = MovingMeanVolumes().boxes(week, small_plan(**plan))
    days = frame["delivery_date"].dt.strftime("%Y-%m-%d")
    return dict(zip(zip(days, frame["region_id"], frame["segment"], strict=True),
                    frame["mean_boxes"], strict=True))  # fmt: skip


def test_the_mean_by_day_of_the_week_region_and_segment(week_with_history):
    week = week_with_history([row(W46, 0, boxes=10), row(W47, 0, boxes=20), row(W46, 1, boxes=4),
                              row(W47, 2, region="b", boxes=6)])  # fmt: skip
    assert mean_of(week) == pytest.approx({
        ("2026-11-28", "a", "family"): 15.0, ("2026-11-29", "a", "family"): 2.0,
        ("2026-11-30", "b", "family"): 3.0,
    })  # fmt: skip


def test_boxes_of_a_day_the_week_lacks_go_to_the_other_days(week_with_history):
    week = week_with_history([row(W47, 0, boxes=30), row(W47, 1, boxes=10), row(W47, 5, boxes=20)])
    assert mean_of(week) == pytest.approx({
        ("2026-11-28", "a", "family"): 45.0, ("2026-11-29", "a", "family"): 15.0
    })  # fmt: skip


def test_a_group_without_boxes_on_these_days_takes_the_common_days(week_with_history):
    week = week_with_history([row(W47, 1, boxes=30), row(W47, 6, region="b", boxes=8)])
    assert mean_of(week)[("2026-11-29", "b", "family")] == pytest.approx(8.0)


def test_only_so_many_weeks_are_looked_at(week_with_history):
    week = week_with_history([row(W46, 0, boxes=100), row(W47, 0, boxes=20)])
    assert mean_of(week, history_weeks=1) == {("2026-11-28", "a", "family"): 20.0}


def test_the_spread_holds_poisson_noise_and_weekly_variation(week_with_history):
    calm = week_with_history([row(W46, 0, boxes=100), row(W47, 0, boxes=100)])
    wild = week_with_history([row(W46, 0, boxes=20), row(W47, 0, boxes=180)])
    spreads = [
        MovingMeanVolumes().boxes(week, small_plan())["sd_boxes"][0] for week in (calm, wild)
    ]
    assert spreads[0] == pytest.approx(np.sqrt(150.0))
    assert spreads[1] > 5 * spreads[0]


def test_excess_variance_of_poisson_totals_is_small():
    totals = np.random.default_rng(1).poisson(200.0, (500, 8)).astype(float)
    assert excess_cv2(totals).mean() < 0.002


def test_neither_forecast_nor_history_is_an_error(week_with_history):
    with pytest.raises(DataError, match="nothing to forecast boxes from") as caught:
        MovingMeanVolumes().boxes(week_with_history(), small_plan())
    assert caught.value.breaches[0].table == "box_forecast"
