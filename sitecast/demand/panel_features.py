"""What a forecast of a past or a coming week can be told from what was known as far ahead.

A row per series and day. Levels are logarithms, told relative to the row's own recent level, so
that small and large series teach each other; drivers are told as they are, relative to the recent
weeks of the series, and beside those of the other segments of its region: what is promoted there
may be lost here.
"""

import warnings
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sitecast.demand.panel import Floats, Panel

RECENT = 16
"""Weeks that make the level everything is relative to."""
SPANS = (2, 4, 8, 26, 52)
LAGS = (1, 2, 3, 4)
LINEAR = ("lag_", "mean_", "week_", "everybody_", "change_", "others_change_")
"""How features begin that are told relative to the recent past; 0 where they are unknown."""
CATEGORIES = ("region_id", "segment")


@dataclass(frozen=True)
class Rows:
    """Features of one week, flattened from (series, days)."""

    names: tuple[str, ...]
    x: NDArray[np.float32]
    """(series × days, features)"""
    level: Floats
    """(series × days,) logarithm of 1 + boxes that everything is relative to."""


def week_rows(panel: Panel, place: int, lag: int) -> Rows:
    """Features for the forecast of a week, from boxes at least `lag` weeks older.

    Args:
        panel: boxes and drivers.
        place: the week, counted from the panel's first.
        lag: weeks between the last known week and this one; at least 1.
    """
    known = np.log1p(panel.boxes[:, : place - lag + 1])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # means of nothing are unknown, and said so
        level, features = _levels(known, panel.boxes[:, : place - lag + 1])
        features |= _calendar(panel)
        for name, values in panel.drivers.items():
            features |= _driver(panel, name, values, place, lag)
    shape = level.shape
    x = np.stack([np.broadcast_to(values, shape) for values in features.values()], axis=-1)
    return Rows(tuple(features), x.reshape(-1, len(features)).astype(np.float32), level.ravel())


def _levels(known: Floats, boxes: Floats) -> tuple[Floats, dict[str, Floats]]:
    """Level of each series and day, and what moved around it, by itself and for everybody.

    Logarithms of single days forgive an outlier; boxes of whole weeks are less noisy.
    """
    all_days = np.log1p(np.nanmean(boxes[:, -RECENT:], axis=(1, 2)))[:, None]
    level = np.nanmean(known[:, -RECENT:], axis=1)
    level = np.where(np.isnan(level), all_days, level)
    found: dict[str, Floats] = {"level": level, "all_days": all_days}
    for back in LAGS:
        found[f"lag_{back}"] = (known[:, -back] if known.shape[1] >= back else np.nan) - level
    for span in SPANS:
        found[f"mean_{span}"] = np.nanmean(known[:, -span:], axis=1) - level
        whole = np.log1p(np.nanmean(boxes[:, -span:], axis=(1, 2)))[:, None]
        found[f"week_{span}"] = whole - all_days
        found[f"everybody_{span}"] = np.nanmean(found[f"mean_{span}"], axis=0, keepdims=True)
    found["spread"] = np.nanstd(known[:, -RECENT:], axis=1)
    found["known_weeks"] = np.isfinite(known[:, -RECENT:]).any(axis=2).sum(axis=1)[:, None] * 1.0
    return level, found


def _calendar(panel: Panel) -> dict[str, Floats]:
    """The day of the week and whose row it is."""
    codes = {name: np.unique(panel.groups[name], return_inverse=True)[1] for name in CATEGORIES}
    return {
        "day": np.arange(panel.dates.shape[1], dtype=np.float64)[None, :],
        **{name: code.astype(np.float64)[:, None] for name, code in codes.items()},
    }


def _driver(panel: Panel, name: str, values: Floats, place: int, lag: int) -> dict[str, Floats]:
    """A driver now, against its recent weeks, at the other segments, and in the weeks before."""
    now = values[:, place]
    recent = values[:, max(place - lag - RECENT + 1, 0) : place - lag + 1].mean(axis=1)
    before = {f"before_{back}_{name}": values[:, max(place - back, 0)] for back in (1, 2)}
    others = _others(panel, now)
    return {
        f"now_{name}": now, f"change_{name}": now - recent, f"others_{name}": others,
        f"others_change_{name}": others - _others(panel, recent), **before,
    }  # fmt: skip


def _others(panel: Panel, now: Floats) -> Floats:
    """Mean over the other segments of each series' region; unknown where there are none."""
    region = np.unique(panel.groups["region_id"], return_inverse=True)[1]
    total = np.zeros((region.max() + 1, now.shape[1]))
    np.add.at(total, region, now)
    others = np.bincount(region)[region][:, None] - 1
    return np.asarray((total[region] - now) / np.where(others > 0, others, np.nan))
