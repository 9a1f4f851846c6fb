"""Boxes by gradient boosting: one regression for all regions, segments and days, with drivers.

It learns how the logarithm of boxes departs from a series' recent level, as far ahead as the week
is now, from what every series did.
"""

from dataclasses import dataclass

import numpy as np

from sitecast.demand.boosted_ridge import UNKNOWN_VARIANCE, Examples, boosted_ridge
from sitecast.demand.panel import Floats, Ints, Panel
from sitecast.demand.panel_features import CATEGORIES, LINEAR, week_rows

FIRST_WEEKS = 4
"""So many weeks must have been known before one teaches anything."""
PART_SPREAD = 0.5
"""Standard deviation of log_normal_part around 1, before past weeks are asked."""


@dataclass(frozen=True)
class BoostedForecast:
    """What boosting says of the panel's last week, and said of weeks it had not learned from."""

    mean: Floats
    """(series, days) boxes"""
    variance: Floats
    places: list[int]
    """Past weeks, counted from the panel's first."""
    past_mean: Floats
    """(series, places, days); NaN where nothing was known or came."""
    past_variance: Floats


def forecast(panel: Panel) -> BoostedForecast:
    """Mean and variance of the boxes of the panel's last week, and of the last weeks known."""
    lag, shape = panel.lag, panel.closed.shape
    now = week_rows(panel, panel.boxes.shape[1] - 1, lag)
    examples = _examples(panel, lag)
    if examples is None:
        mean, variance = _moments(now.level, np.full(len(now.level), UNKNOWN_VARIANCE), 1.0)
        nothing = np.zeros((shape[0], 0, shape[1]))
        return BoostedForecast(
            mean.reshape(shape), variance.reshape(shape), [], nothing, nothing
        )  # fmt: skip
    told = boosted_ridge(examples.rows, now.x, lag)
    week, flat = examples.rows.week[told.tested], examples.place[told.tested]
    past_log = examples.level[told.tested] + told.tested_mean
    part = log_normal_part(panel.boxes.ravel()[flat], past_log, told.tested_variance, week)
    mean, variance = _moments(now.level + told.mean, told.variance, part)
    past = _moments(past_log, told.tested_variance, part)
    places = np.unique(week).astype(np.int64)
    laid = []
    for values in past:
        table = np.full(panel.boxes.size, np.nan)
        table[flat] = values
        laid.append(table.reshape(panel.boxes.shape)[:, places])
    return BoostedForecast(
        mean.reshape(shape), variance.reshape(shape), places.tolist(), laid[0], laid[1]
    )  # fmt: skip


def log_normal_part(came: Floats, log_boxes: Floats, log_variance: Floats, week: Floats) -> float:
    """How much of σ² ÷ 2 lies between exp(mean of logarithms) and the mean of boxes, 0 to 1.

    All of it where logarithms are normal. Days on which nearly nothing is sold raise the variance
    of logarithms and not the mean. Least squares on the totals of past weeks, drawn to 1 the more,
    the less these agree.

    Args:
        came: (rows,) boxes of past weeks.
        log_boxes: (rows,) expected logarithm of 1 + boxes.
        log_variance: (rows,) its variance.
        week: (rows,) the week of each.
    Source:
        Retransformation bias: Duan, Smearing estimate (1983).
    """
    number = np.unique(week, return_inverse=True)[1]
    least, most = np.expm1(log_boxes), np.expm1(log_boxes + log_variance / 2)
    low, step, total = (np.bincount(number, rows) for rows in (least, most - least, came))
    weeks, square = len(total), float(step @ step)
    if weeks < 2 or not square > 0:
        return 1.0
    found = float(step @ (total - low)) / square
    left = total - low - found * step
    noise = float(step**2 @ left**2) / square**2 * weeks / (weeks - 1)
    believed = PART_SPREAD**2 / (PART_SPREAD**2 + noise)
    return float(np.clip(1 + believed * (found - 1), 0.0, 1.0))


def _moments(log_boxes: Floats, log_variance: Floats, part: float) -> tuple[Floats, Floats]:
    """Mean and variance of boxes from logarithms of 1 + boxes; at least Poisson noise."""
    raised = np.exp(log_boxes + part * log_variance / 2)
    mean = np.maximum(raised - 1, 0.0)
    return mean, np.maximum(raised**2 * np.expm1(log_variance), mean)


@dataclass(frozen=True)
class _Examples:
    rows: Examples
    level: Floats
    """(rows,) what each departs from."""
    place: Ints
    """(rows,) place of each in the flattened boxes of the panel."""


def _examples(panel: Panel, lag: int) -> _Examples | None:
    """What past weeks teach; None when nothing was known early enough before any of them."""
    known = panel.boxes.shape[1] - lag
    places = range(lag - 1 + min(FIRST_WEEKS, max(known - lag, 1)), known)
    parts = [week_rows(panel, place, lag) for place in places]
    if not parts:
        return None
    boxes = np.concatenate([panel.boxes[:, place].ravel() for place in places])
    flat = np.arange(panel.boxes.size).reshape(panel.boxes.shape)
    where = np.concatenate([flat[:, place].ravel() for place in places])
    level = np.concatenate([part.level for part in parts])
    names = parts[0].names
    whole = Examples(
        np.concatenate([part.x for part in parts]),
        np.log1p(boxes) - level,
        np.repeat(np.array(places, dtype=np.float64), len(parts[0].level)),
        np.array([name.startswith(LINEAR) for name in names]),
        [names.index(name) for name in CATEGORIES],
    )
    seen = np.isfinite(whole.came)
    return _Examples(whole.of(seen), level[seen], where[seen]) if seen.any() else None
