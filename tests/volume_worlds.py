"""Weeks with an invented history of boxes and drivers, for the volume models."""

import numpy as np
import pandas as pd
from worlds import small_plan, small_provenance

from sitecast.records.tables_drivers import DEMAND_DRIVERS
from sitecast.records.tables_history import HISTORY_BOXES
from sitecast.records.week_record import WeekData

START = pd.Timestamp("2026-03-02")
PLAN = small_plan(history_weeks=60)


def week_of(boxes, lag=1, drivers=None, segments=1):
    """A week that is `lag` weeks after the last known one.

    Args:
        boxes: (series, weeks, days); series run through the segments of a region first.
        lag: weeks from the last known one.
        drivers: name: (series, weeks + lag, days) values.
        segments: so many series are one region.
    """
    _, weeks, days = boxes.shape
    keys = np.array([f"w{week:03d}" for week in range(weeks + lag)])
    starts = START + pd.to_timedelta(7 * np.arange(weeks + lag), unit="D")
    names = {"keys": keys, "starts": starts, "segments": segments}
    rows = _rows(boxes, **names).rename(columns={"value": "boxes"})
    history = rows.assign(portions=2, n_kits=3, default_boxes=0)
    told = [_rows(values, **names).assign(driver=name) for name, values in (drivers or {}).items()]
    declared = pd.concat(told) if told else DEMAND_DRIVERS.empty()
    tables = {
        "menu_weeks": pd.DataFrame({"menu_week": keys, "start_date": starts}),
        "delivery_days": pd.DataFrame({
            "menu_week": keys[-1], "weight": 1.0,
            "delivery_date": starts[-1] + pd.to_timedelta(range(days), unit="D"),
        }),
        "history_boxes": HISTORY_BOXES.shaped(history),
        "demand_drivers": DEMAND_DRIVERS.shaped(declared),
    }  # fmt: skip
    return WeekData(small_provenance(PLAN, keys[-1]), tables)


def _rows(values, keys, starts, segments):
    """Values other than 0, by menu week, date, region and segment."""
    series, week, day = np.nonzero(values)
    return pd.DataFrame({
        "menu_week": keys[week], "delivery_date": starts[week] + pd.to_timedelta(day, unit="D"),
        "region_id": [f"r{place:02d}" for place in series // segments],
        "segment": [f"s{place}" for place in series % segments],
        "value": values[series, week, day],
    })  # fmt: skip


def as_array(told, column="mean_boxes"):
    """(series, days) of a model's answer; 0 where it says nothing."""
    table = told.pivot_table(column, ["region_id", "segment"], "delivery_date", fill_value=0.0)
    return table.to_numpy()
