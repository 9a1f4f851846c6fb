"""Box volumes from the last weeks: means by weekday, region and segment."""

import numpy as np
import pandas as pd

from sitecast.demand.past import day_of_week, latest_weeks, past
from sitecast.errors import Breach, DataError
from sitecast.records.plan import ForecastPlan
from sitecast.records.week_record import WeekData

_GROUP = ["region_id", "segment"]


class MovingMeanVolumes:
    """The mean of the last weeks, by day of the menu week, region and segment.

    A week's total per region and segment is the mean over the last `weeks` past weeks (a week
    without its boxes counts as 0), spread over the days as those weeks were. When the week lacks a
    day that past weeks had, the other days take its boxes in proportion.

    The standard deviation holds Poisson noise, the excess spread of weekly totals (its relative
    size pooled towards the average of all groups, weighted by volume), and the error of the mean.
    """

    def __init__(self, weeks: int = 8) -> None:
        self.weeks = weeks

    def boxes(self, week: WeekData, plan: ForecastPlan) -> pd.DataFrame:
        """See VolumeModel.boxes."""
        weeks = latest_weeks(week, min(self.weeks, plan.settings.history_weeks))
        if not weeks:
            raise nothing_known(week)
        history = past(week, "history_boxes")
        history = history[history["menu_week"].isin(weeks)]
        totals = history.pivot_table(
            index=_GROUP, columns="menu_week", values="boxes", aggfunc="sum", fill_value=0,
            observed=True,
        ).reindex(columns=weeks, fill_value=0)  # fmt: skip
        mean = totals.mean(axis=1).rename("group_mean")
        excess = excess_cv2(totals.to_numpy(dtype=np.float64)) * (1 + 1 / len(weeks))
        groups = pd.DataFrame({"group_mean": mean, "cv2": excess}).reset_index()
        cells = groups.merge(_day_profile(week, history), how="cross")
        own = _own_profile(week, history)
        cells = cells.merge(own, on=[*_GROUP, "offset"], how="left")
        return _spread(cells, len(weeks))


def excess_cv2(totals: np.ndarray) -> np.ndarray:
    """Relative variance of weekly totals beyond Poisson, shrunk to the pooled value.

    Args:
        totals: (groups, weeks) boxes.
    Returns:
        (groups,) (s² − mean) / mean², at least 0. A group's own value weighs in as (weeks − 1)
        observations against 8 of the pool.
    """
    weeks = totals.shape[1]
    mean = totals.mean(axis=1)
    if weeks < 2:
        return np.zeros(len(totals))
    beyond = totals.var(axis=1, ddof=1) - mean
    square = np.square(mean)
    pooled = max(float(beyond.sum()) / max(float(square.sum()), 1e-12), 0.0)
    own = np.divide(beyond, square, out=np.zeros_like(beyond), where=square > 0)
    return np.clip(((weeks - 1) * own + 8 * pooled) / (weeks + 7), 0.0, 4.0)


def _day_profile(week: WeekData, history: pd.DataFrame) -> pd.DataFrame:
    """The week's delivery days and the whole company's share of each."""
    days = week["delivery_days"].sort_values("delivery_date")
    offset = day_of_week(week, days)
    sold = history["boxes"].groupby(day_of_week(week, history)).sum()
    common = offset.map(sold).fillna(0.0).to_numpy(dtype=np.float64)
    if not common.sum() > 0:
        common = days["weight"].to_numpy(dtype=np.float64)
    if not common.sum() > 0:
        common = np.ones(len(days))
    return pd.DataFrame({"delivery_date": days["delivery_date"].to_numpy(),
                         "offset": offset.to_numpy(), "common": common / common.sum()})  # fmt: skip


def _own_profile(week: WeekData, history: pd.DataFrame) -> pd.DataFrame:
    """Boxes by group and day of the week."""
    dated = history.assign(offset=day_of_week(week, history))
    return dated.groupby([*_GROUP, "offset"], as_index=False)["boxes"].sum()


def _spread(cells: pd.DataFrame, weeks: int) -> pd.DataFrame:
    """Spread group means over days; a group without boxes on these days takes the common share."""
    own = cells["boxes"].fillna(0.0)
    total = own.groupby([cells[name] for name in _GROUP]).transform("sum")
    share = (own / total.where(total > 0)).fillna(cells["common"])
    mean = cells["group_mean"] * share
    variance = mean * (1 + 1 / weeks) + cells["cv2"] * mean**2
    made = cells[["delivery_date", *_GROUP]].assign(mean_boxes=mean, sd_boxes=np.sqrt(variance))
    made = made[made["mean_boxes"] > 0].sort_values(["delivery_date", *_GROUP])
    return made.reset_index(drop=True)


def nothing_known(week: WeekData) -> DataError:
    """Neither a box forecast nor history: what to bring."""
    remedy = "bring box_forecast for the week, or orders of past weeks"
    key = f"menu_week={week.menu_week}"
    breach = Breach("box_forecast", "mean_boxes", key, "", "neither forecast nor history", remedy)
    return DataError("there is nothing to forecast boxes from", {"menu_week": week.menu_week},
                     remedy, [breach])  # fmt: skip
