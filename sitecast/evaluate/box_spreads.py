"""Spreads of boxes from past errors: of weeks, days, regions, and cells of their own.

The error of a cell is mean × (total + day + region + own shock) + Poisson noise. Squared errors
summed by week, by day, by region and by cell are linear in the squared spreads: method of moments.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls

from sitecast.evaluate.past_errors import PastErrors

Floats = NDArray[np.float64]
LEVELS = ("total", "day", "region", "cell")
LEAST_PART = 0.25
"""Errors whose shock has a smaller part of their variance say nothing of the shock's tails."""


@dataclass(frozen=True)
class BoxErrors:
    """The cells of one past week as arrays."""

    mean: Floats
    error: Floats
    stated: Floats
    """(cells,) squared cv that the model states of itself."""
    group: Mapping[str, NDArray[np.int64]]
    """LEVELS and `both` (day and region) → (cells,) number of the group."""

    @classmethod
    def of(cls, errors: PastErrors) -> "BoxErrors":
        """From the frame of cells."""
        cells = errors.cells
        day = np.unique(cells["delivery_date"], return_inverse=True)[1]
        region = np.unique(cells["region_id"].astype(str), return_inverse=True)[1]
        mean, actual, stated = (
            cells[name].to_numpy(np.float64) for name in ("mean", "actual", "stated")
        )
        group = {
            "total": np.zeros(len(cells), np.int64), "day": day, "region": region,
            "cell": np.arange(len(cells)), "both": day * (region.max() + 1) + region,
        }  # fmt: skip
        return cls(mean, actual - mean, stated, group)

    def summed(self, values: Floats, level: str) -> Floats:
        """(groups,) sums."""
        return np.bincount(self.group[level], values).astype(np.float64)

    def per_unit(self, level: str) -> Floats:
        """(LEVELS and stated, groups) variance that one unit of each squared spread gives."""
        parts = [self._per_unit(level, kind) for kind in LEVELS]
        return np.array([*parts, self.summed(np.square(self.mean) * self.stated, level)])

    def _per_unit(self, level: str, kind: str) -> Floats:
        finer = max(level, kind, key=LEVELS.index)
        meet = "both" if {level, kind} == {"day", "region"} else finer
        inside = np.zeros(self.group[meet].max() + 1, np.int64)
        inside[self.group[meet]] = self.group[level]
        groups = self.group[level].max() + 1
        square = np.square(self.summed(self.mean, meet))
        return np.bincount(inside, square, groups).astype(np.float64)


def box_variances(weeks: Sequence[BoxErrors]) -> Floats:
    """(LEVELS and stated,) squared spreads, at least 0; the last: the part of what is stated."""
    rows, found = [], []
    for level in LEVELS:
        unit = np.sum([week.per_unit(level).sum(axis=1) for week in weeks], axis=0)
        square = sum(np.square(week.summed(week.error, level)).sum() for week in weeks)
        noise = sum(week.mean.sum() for week in weeks)
        rows.append(unit / unit[0])
        found.append((square - noise) / unit[0])
    unit = np.sum([week.per_unit("cell") @ week.stated for week in weeks], axis=0)
    if unit[0] > 0:
        beyond = sum((week.stated * (week.error**2 - week.mean)).sum() for week in weeks)
        rows.append(unit / unit[0])
        found.append(beyond / unit[0])
    return np.asarray(nnls(np.array(rows), np.array(found))[0])


def box_scores(weeks: Sequence[BoxErrors], level: str, variances: Floats) -> Floats:
    """Errors of a level's groups, given the week's total, in standard deviations."""
    place = LEVELS.index(level)
    own = [place] if level != "cell" else [place, place + 1]
    return np.concatenate([_scores(week, level, own, variances) for week in weeks])


def _scores(week: BoxErrors, level: str, own: list[int], variances: Floats) -> Floats:
    mean, error, unit = week.summed(week.mean, level), week.summed(week.error, level), None
    unit = week.per_unit(level)
    variance = variances @ unit + mean
    if level != "total":
        part = mean / mean.sum()
        error = error - part * week.error.sum()
        variance = (variance - variances[0] * unit[0]) * (1 - part)
    counts = (variances[own] @ unit[own] >= LEAST_PART * variance) & (variance > 0)
    return error[counts] / np.sqrt(variance[counts])
