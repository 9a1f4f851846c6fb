"""Series of real demand as weeks of sitecast: what a volume model sees at each origin.

What belongs here: the adapter (a place is a region, a product a segment, a unit sold a box) and
the errors of forecasts. What does not: any one data set.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from time import process_time

import numpy as np
import pandas as pd

from sitecast.demand import VolumeModel
from sitecast.demand.answers import checked_boxes
from sitecast.records.plan import ForecastPlan
from sitecast.records.tables_drivers import DEMAND_DRIVERS
from sitecast.records.tables_history import HISTORY_BOXES
from sitecast.records.tables_read import TABLES_READ
from sitecast.records.week_record import Provenance, WeekData
from sitecast.settings import plan_settings

KEY = ["date", "region_id", "segment"]
Z = {80: 1.2816, 95: 1.96}
POINT, LOG_NORMAL = 1.0, 1.5
"""Variances of the logarithm by which a point lies below the mean: see least_mape."""


@dataclass(frozen=True)
class Series:
    """A data set: what was sold, and what was known ahead."""

    sold: pd.DataFrame
    """date, start (of its week), region_id, segment, boxes."""
    drivers: pd.DataFrame
    """date, start, region_id, segment (both may be missing), driver, value."""

    def week(self, start: pd.Timestamp, cutoff: pd.Timestamp, history_weeks: int) -> WeekData:
        """The tables of one week that a volume model reads, as known when `cutoff` began.

        Boxes are those before `cutoff`; drivers are known up to the week itself.
        """
        known = self.sold[self.sold["start"] < cutoff]
        known = known[known["start"] >= cutoff - pd.Timedelta(weeks=history_weeks)]
        mine = self.sold[self.sold["start"] == start]
        calendar = pd.concat([known["start"], mine["start"]]).drop_duplicates().sort_values()
        history = _named(known, "start").assign(
            delivery_date=known["date"], portions=1, n_kits=1, default_boxes=0,
        )  # fmt: skip
        some = self.drivers["start"].between(known["start"].min(), start)
        drivers = _named(self.drivers[some], "start").rename(columns={"date": "delivery_date"})
        tables = {
            "menu_weeks": pd.DataFrame({"menu_week": calendar.map(week_key),
                                        "start_date": calendar}),
            "delivery_days": pd.DataFrame({
                "menu_week": week_key(start), "delivery_date": sorted(mine["date"].unique()),
                "weight": 1.0,
            }),
            "regions": pd.DataFrame({"region_id": sorted(known["region_id"].unique())}),
            "history_boxes": HISTORY_BOXES.shaped(history[history["boxes"] > 0]),
            "demand_drivers": DEMAND_DRIVERS.shaped(drivers),
        }  # fmt: skip
        made_from = Provenance("", week_key(start), "", 0, "", {})
        return WeekData(made_from, {**{n: t.empty() for n, t in TABLES_READ.items()}, **tables})


def week_key(start: pd.Timestamp) -> str:
    """The menu week of a week that starts on this day."""
    return f"week-of-{start:%Y-%m-%d}"


def _named(rows: pd.DataFrame, start: str) -> pd.DataFrame:
    keys = {day: week_key(day) for day in rows[start].unique()}
    return rows.assign(menu_week=rows[start].map(keys))


def forecast(
    series: Series, model: VolumeModel, targets: Iterable[tuple[pd.Timestamp, pd.Timestamp]],
    history_weeks: int,
) -> pd.DataFrame:  # fmt: skip
    """cutoff, date, region_id, segment, mean_boxes, sd_boxes of every (week, cutoff); CPU s."""
    settings = plan_settings({"history_weeks": history_weeks})
    parts, before = [], process_time()
    for start, cutoff in targets:
        week = series.week(start, cutoff, history_weeks)
        plan = ForecastPlan("", cutoff.to_pydatetime(), (), "", settings, {})
        told = checked_boxes(model.boxes(week, plan), type(model).__name__, week)
        parts.append(told.assign(cutoff=cutoff, start=start))
    told = pd.concat(parts, ignore_index=True).rename(columns={"delivery_date": "date"})
    told.attrs["cpu_s"] = process_time() - before
    return told.astype({"date": "datetime64[us]"})


def errors(actual: pd.Series, told: pd.Series) -> dict[str, float]:
    """MAPE (over actuals above 0), WAPE and bias."""
    miss, some = told - actual, actual > 0
    return {"mape": float((miss.abs() / actual)[some].mean()),
            "wape": float(miss.abs().sum() / actual.sum()),
            "bias": float(miss.sum() / actual.sum())}  # fmt: skip


def coverage(actual: pd.Series, mean: pd.Series, sd: pd.Series) -> dict[str, float]:
    """How often a log-normal of this mean and spread holds the actual in its middle 80, 95 %."""
    log_sd = np.sqrt(np.log1p(np.square(sd / mean)))
    middle = np.log(mean) - np.square(log_sd) / 2
    away = np.abs(np.log(np.maximum(actual, 0.5)) - middle) / log_sd
    return {f"holds {level}": float((away <= z).mean()) for level, z in Z.items()}


def least_mape(mean: pd.Series, sd: pd.Series, squares: float = POINT) -> pd.Series:
    """A point below the mean, the lower, the less is known: MAPE weighs a miss by 1 ÷ actual.

    It is mean × exp(−squares × σ²). What is told is no exact log-normal, so development rounds
    chose POINT; LOG_NORMAL would be right of a log-normal, median × exp(−σ²).
    """
    return mean * np.exp(-squares * np.log1p(np.square(sd / mean)))
