"""Daily demand by place and product: models and simple means, by day and by week, at three leads.

The commands of Yaz and the bakeries take names of models after the folder; without names all run.

What belongs here: the table that Yaz and the bakeries share. What does not: reading either.
"""

import sys
from collections.abc import Sequence

import numpy as np
import pandas as pd

from benchmarks.quality_series import KEY, Series, coverage, errors, forecast
from sitecast.demand import VolumeModel
from sitecast.demand.combined_volumes import CombinedVolumes
from sitecast.demand.volumes import MovingMeanVolumes

AHEAD = (1, 2, 4)
"""Weeks from the last known week to the one that is forecast."""
SPANS = {"naive": (1,), "mean of 4 weeks": (1, 2, 3, 4), "mean of 8 weeks": range(1, 9),
         "seasonal naive": (52,)}  # fmt: skip
"""Weeks back from the first unknown one (the seasonal naive: from the target) that are averaged."""
MODELS: dict[str, tuple[VolumeModel, int]] = {
    "moving_mean": (MovingMeanVolumes(), 8), "combination": (CombinedVolumes(), 104),
}  # fmt: skip


def asked_models(names: Sequence[str]) -> list[str]:
    """The models that a command line names; all when it names none."""
    unknown = sorted(set(names) - set(MODELS))
    if unknown:
        sys.exit(f"no model {', '.join(unknown)} here, but {', '.join(MODELS)}")
    return list(names or MODELS)


def monday(dates: "pd.Series[pd.Timestamp]") -> "pd.Series[pd.Timestamp]":
    return dates - pd.to_timedelta(dates.dt.day_of_week, unit="D")


def simple(series: Series, starts: Sequence[pd.Timestamp], ahead: int) -> dict[str, pd.DataFrame]:
    """Means of the same weekday over past weeks; a day without sales counts as none."""
    sold = series.sold.pivot_table("boxes", "date", ["region_id", "segment"], "sum")
    days = pd.DatetimeIndex([start + pd.Timedelta(days=d) for start in starts for d in range(7)])
    days = days[days.isin(sold.index)]
    told = {}
    for name, span in SPANS.items():
        back = [week + (ahead - 1 if week < 52 else 0) for week in span]
        past = [sold.reindex(days - pd.Timedelta(weeks=week)).to_numpy() for week in back]
        mean = pd.DataFrame(np.mean(past, axis=0), days, sold.columns)
        long = mean.rename_axis(index="date").melt(ignore_index=False, value_name="mean_boxes")
        told[name] = long.reset_index()
    return told


def table(
    series: Series, starts: Sequence[pd.Timestamp], names: Sequence[str],
    leads: Sequence[int] = AHEAD,
) -> pd.DataFrame:  # fmt: skip
    """Errors by lead and method: of days, and of weeks, each by place and product."""
    lines = []
    for ahead in leads:
        told = simple(series, starts, ahead)
        targets = [(start, start - pd.Timedelta(weeks=ahead - 1)) for start in starts]
        for name in names:
            model, history = MODELS[name]
            told[name] = forecast(series, model, targets, history)
        lines += [{"ahead": ahead, "method": name, **_errors(series, starts, frame)}
                  for name, frame in told.items()]  # fmt: skip
    return pd.DataFrame(lines)


def _errors(series: Series, starts: Sequence[pd.Timestamp], told: pd.DataFrame) -> dict[str, float]:
    actual = series.sold[series.sold["start"].isin(starts)]
    both = actual.merge(told.drop(columns="start", errors="ignore"), on=KEY, how="left")
    both["mean_boxes"] = both["mean_boxes"].fillna(0.0)
    days = errors(both["boxes"].astype(float), both["mean_boxes"])
    weeks = both.groupby(["start", "region_id", "segment"])[["boxes", "mean_boxes"]].sum()
    of_weeks = errors(weeks["boxes"].astype(float), weeks["mean_boxes"])
    line = {"n": len(both), "day wape": days["wape"], "week wape": of_weeks["wape"],
            "bias": days["bias"]}  # fmt: skip
    if "sd_boxes" in both:
        open_ = both[(both["boxes"] > 0) & both["sd_boxes"].gt(0) & both["mean_boxes"].gt(0)]
        line |= coverage(open_["boxes"].astype(float), open_["mean_boxes"], open_["sd_boxes"])
        line["cpu s"] = told.attrs["cpu_s"]
    return line
