"""Four simple forecasts of one week: a level that follows quickly or slowly, times slow weekdays.

Weekdays hardly change, levels do: both are means of past weeks that fade, weekdays slowly. The
level is a series' own, or the company's times the part that the series had for long.
"""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
WEEKDAYS, PART = 16.0, 26.0
"""Weeks after which what a day of the week, or a series' part of the company, was counts half."""
OWN, COMPANY = (2.0, 8.0), (2.0, 4.0)
"""The same for levels: of a series, and of the company."""
PRIOR_WEEKS = 2.0
"""Weeks of a series' own weekdays against which the company's weigh."""
REACH = 52
"""Older weeks count less than a tenth anywhere; they are left out."""
COUNT = len(OWN) + len(COMPANY)


def faded_levels(boxes: Floats) -> Floats:
    """(COUNT, series, days) expected boxes of a week.

    Args:
        boxes: (series, weeks, days) of the weeks known, the latest last; NaN where a day says
            nothing about usual ones.
    Source:
        Simple exponential smoothing of levels around a seasonal pattern; Hyndman & Athanasopoulos,
        Forecasting: Principles and Practice (2021), ch. 8.
    """
    known = boxes[:, -REACH:]
    usual = _weekdays(known)
    own = [usual * _ratio(known, usual, half_life) for half_life in OWN]
    part = usual * _ratio(known, usual, PART)
    whole = [part * _together(known, part, half_life) for half_life in COMPANY]
    return np.stack([*own, *whole])


def _weekdays(boxes: Floats) -> Floats:
    """(series, days) mean boxes, drawn to the company's weekdays at the series' level."""
    total, seen = _faded(boxes, WEEKDAYS)
    common = total.sum(axis=0) / np.maximum(seen.sum(axis=0), 1e-300)
    level = total.sum(axis=1) / np.maximum((seen * common).sum(axis=1), 1e-300)
    return (total + PRIOR_WEEKS * level[:, None] * common) / (seen + PRIOR_WEEKS)


def _ratio(boxes: Floats, usual: Floats, half_life: float) -> Floats:
    """(series, 1) how a series stands to its usual days; 1 where nothing is known."""
    total, seen = _faded(boxes, half_life)
    expected = (seen * usual).sum(axis=1)
    told = np.divide(total.sum(axis=1), expected, out=np.ones(len(total)), where=expected > 0)
    return told[:, None]


def _together(boxes: Floats, usual: Floats, half_life: float) -> float:
    total, seen = _faded(boxes, half_life)
    expected = float((seen * usual).sum())
    return float(total.sum()) / expected if expected > 0 else 1.0


def _faded(boxes: Floats, half_life: float) -> tuple[Floats, Floats]:
    """(series, days) sums of boxes and of days seen, older ones fading; the last week counts 1."""
    weeks = np.arange(boxes.shape[1] - 1, -1, -1)
    weight = (0.5 ** (weeks / half_life))[None, :, None] * np.isfinite(boxes)
    return (weight * np.nan_to_num(boxes)).sum(axis=1), weight.sum(axis=1)
