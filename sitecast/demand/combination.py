"""Weights of forecasts that are combined, from their errors in past weeks.

Combining beats choosing, and equal weights are hard to beat while few errors are known (the
forecast combination puzzle): weights are least squares drawn towards equal ones.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls

Floats = NDArray[np.float64]
PRIOR_WEEKS = 1.0
"""Past weeks of errors that equal weights are worth."""
_SUM_TO_ONE = 1e4


def combination_weights(told: Floats, came: Floats, weeks: int) -> Floats:
    """(forecasts,) weights, at least 0, that sum to 1.

    Args:
        told: (forecasts, rows) what each said of past weeks; series by week, at least 0.
        came: (rows,) what came.
        weeks: how many past weeks the rows are of.
    Source:
        Bates & Granger (1969); Granger & Ramanathan (1984); towards equal weights: Diebold & Pauly
        (1990).
    Example:
        >>> told = np.array([[9.0, 11.0, 10.0], [14.0, 16.0, 9.0]])
        >>> combination_weights(told, np.array([9.0, 11.0, 10.0]), 3).round(2).tolist()
        [0.88, 0.12]
    """
    count = len(told)
    equal = np.full(count, 1 / count)
    # Counts: the larger a series, the larger its errors may be. Each row in its Poisson units.
    unit = np.sqrt(np.maximum(told.mean(axis=0), 1.0))
    forecasts, actual = told / unit, came / unit
    differ = np.square(forecasts - forecasts.mean(axis=0)).sum() / count
    if not weeks or not differ > 0:
        return equal
    pull = np.sqrt(PRIOR_WEEKS * differ / weeks) * np.eye(count)
    scale = _SUM_TO_ONE * np.sqrt(np.square(forecasts).mean() + 1)
    rows = np.vstack([forecasts.T, pull, np.full((1, count), scale)])
    found = nnls(rows, np.concatenate([actual, pull @ equal, [scale]]))[0]
    return np.asarray(found / found.sum())
