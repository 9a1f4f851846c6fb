"""Box volumes that follow trends and weekdays: weights and spread are fitted on past errors.

Every choice is made by forecasting past weeks as far ahead as the week is now, from what lay before
them: how fast older weeks fade (for the company and for its groups), and how far a group's weekdays
follow the company's.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import product

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sitecast.demand.past import day_of_week, latest_weeks, past
from sitecast.demand.volumes import nothing_known
from sitecast.records.plan import ForecastPlan
from sitecast.records.week_record import WeekData

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
HALF_LIVES = (1.0, 2.0, 4.0, 8.0, 16.0, 1e6)
"""Weeks after which an observation counts half."""
PRIOR_WEEKS = (0.5, 2.0, 8.0, 32.0)
"""Weeks of a group's own weekday against which the company's weekdays weigh."""
MOST_TARGETS = 8
CLOSED = 0.5
"""A day on which the company had less than this part of its usual boxes was not a usual day."""
SURE_CLOSED = 9.0
"""Who usually has more boxes and has none was closed: Poisson would do it once in 8,000 times."""
_GROUP = ["region_id", "segment"]


@dataclass(frozen=True)
class _History:
    boxes: Floats
    """(groups, weeks, days)"""
    seen: Flags
    """the same; False on days that say nothing about usual ones."""
    age: Floats
    """(weeks,) how many weeks before the forecast week."""

    def before(self, week: int, lag: float) -> "_History":
        """What was known for the forecast of a past week."""
        age = self.age - self.age[week]
        known = age >= lag
        return _History(self.boxes[:, known], self.seen[:, known], age[known])

    def company(self, usual: Floats) -> "_History":
        """All groups as one; (groups, days) `usual` stands in where a group alone was closed."""
        whole = np.where(self.seen, self.boxes, usual[:, None, :]).sum(axis=0, keepdims=True)
        return _History(whole, np.any(self.seen, axis=0, keepdims=True), self.age)


def _history(
    week: WeekData, weeks: list[str], offsets: NDArray[np.int64]
) -> tuple[pd.DataFrame, _History]:
    """Boxes of the past weeks on the weekdays asked for."""
    rows = past(week, "history_boxes")
    rows = rows[rows["menu_week"].isin(weeks)].reset_index(drop=True)
    group = rows.groupby(_GROUP, observed=True).ngroup().to_numpy()
    groups = rows[_GROUP].drop_duplicates().sort_values(_GROUP, ignore_index=True)
    day = pd.Index(offsets).get_indexer(day_of_week(week, rows))
    place = pd.Index(weeks).get_indexer(rows["menu_week"])
    boxes = np.zeros((len(groups), len(weeks), len(offsets)))
    some = day >= 0
    np.add.at(boxes, (group[some], place[some], day[some]), rows["boxes"].to_numpy()[some])
    starts = week["menu_weeks"].set_index("menu_week")["start_date"]
    age = (starts[week.menu_week] - starts[weeks]).dt.days.to_numpy(np.float64) / 7
    return groups, _History(boxes, _seen(boxes), age)


def _seen(boxes: Floats) -> Flags:
    """Which days were usual ones, for the company and for the group."""
    company = boxes.sum(axis=0)
    usual = np.array([np.median(day[day > 0]) if day.any() else 0.0 for day in company.T])
    open_days = (usual <= SURE_CLOSED) | (company >= CLOSED * usual)
    served = np.maximum((open_days & (boxes > 0)).sum(axis=1), 1)
    typical = (boxes * open_days).sum(axis=1) / served
    return open_days & ~((boxes == 0) & (typical > SURE_CLOSED)[:, None, :])


class WeightedVolumes:
    """Exponentially weighted means by region, segment and weekday, coherent with the company's.

    Days on which (nearly) nobody was served, and a group's closures, are left out: what the
    calendar closes next time is not in its delivery_days. The standard deviation is Poisson noise
    and the spread of past errors, as far ahead as now.
    """

    def boxes(self, week: WeekData, plan: ForecastPlan) -> pd.DataFrame:
        """See VolumeModel.boxes."""
        weeks = latest_weeks(week, plan.settings.history_weeks)
        if not weeks:
            raise nothing_known(week)
        days = week["delivery_days"].sort_values("delivery_date")
        offsets = day_of_week(week, days).to_numpy(np.int64)
        groups, history = _history(week, weeks, offsets)
        mean, excess = _forecast(history)
        sd = np.sqrt(mean + excess[:, None] * mean**2)
        count = len(offsets)
        made = groups.loc[groups.index.repeat(count)].reset_index(drop=True)
        made.insert(0, "delivery_date", np.tile(days["delivery_date"].to_numpy(), len(groups)))
        made = made.assign(mean_boxes=mean.ravel(), sd_boxes=sd.ravel())
        made = made[made["mean_boxes"] > 0].sort_values(["delivery_date", *_GROUP])
        return made.reset_index(drop=True)


def weighted_means(history: _History, half_life: float, prior_weeks: float) -> Floats:
    """(groups, days) expected boxes.

    A cell's own weighted mean, with prior_weeks of the group's level × the company's weekdays.
    """
    weight = 0.5 ** (history.age / half_life)[None, :, None] * history.seen
    total, seen = (weight * history.boxes).sum(axis=1), weight.sum(axis=1)
    all_seen = np.maximum(seen.sum(axis=0), 1e-300)
    common = total.sum(axis=0) / all_seen
    level = total.sum(axis=1) / np.maximum((seen * common).sum(axis=1), 1e-300)
    prior = level[:, None] * common
    effective = seen / np.maximum(weight.max(initial=1e-300), 1e-300)
    own = np.divide(total, seen, out=np.zeros_like(total), where=seen > 0)
    return (effective * own + prior_weeks * prior) / (effective + prior_weeks)


def _forecast(history: _History) -> tuple[Floats, Floats]:
    """(groups, days) means and (groups,) relative variance beyond Poisson."""
    groups = _fit(history)
    company = _fit(history.company(weighted_means(history, *groups)))

    def coherent(known: _History) -> Floats:
        mean = weighted_means(known, *groups)
        total = weighted_means(known.company(mean), *company).sum()
        return mean * (total / max(mean.sum(), 1e-300))

    mean = coherent(history)
    return mean, _excess(history, coherent)


def _targets(history: _History) -> list[tuple[int, _History]]:
    """Past weeks that could have been forecast as far ahead, with what was known then."""
    lag = float(history.age.min())
    weeks = np.argsort(history.age)[:MOST_TARGETS]
    pairs = [(int(week), history.before(int(week), lag)) for week in weeks]
    return [(week, known) for week, known in pairs if known.seen.any()]


def _fit(history: _History) -> tuple[float, float]:
    """Half-life and prior weeks with the least absolute error over past weeks; else the middle."""
    targets = _targets(history)
    if not targets:
        return 8.0, 2.0
    grid = list(product(HALF_LIVES, PRIOR_WEEKS))
    errors = np.zeros(len(grid))
    for week, known in targets:
        actual, seen = history.boxes[:, week], history.seen[:, week]
        for place, choice in enumerate(grid):
            errors[place] += np.abs((weighted_means(known, *choice) - actual) * seen).sum()
    return grid[int(np.argmin(errors))]


def _excess(history: _History, forecast: Callable[[_History], Floats]) -> Floats:
    """(groups,) squared errors of past weeks beyond Poisson ÷ squared means, shrunk to the pool."""
    beyond, square = np.zeros(len(history.boxes)), np.zeros(len(history.boxes))
    targets = _targets(history)
    for week, known in targets:
        told, seen = forecast(known), history.seen[:, week]
        beyond += ((np.square(history.boxes[:, week] - told) - told) * seen).sum(axis=1)
        square += (np.square(told) * seen).sum(axis=1)
    pooled = max(float(beyond.sum()) / max(float(square.sum()), 1e-300), 0.0)
    own = np.divide(beyond, square, out=np.zeros_like(beyond), where=square > 0)
    return np.clip((len(targets) * own + 8 * pooled) / (len(targets) + 8), 0.0, 4.0)
