"""Measures of forecast accuracy. f is the forecast, a the actual; arrays of equal shape."""

import numpy as np
from numpy.typing import NDArray

from sitecast.errors import DataError

Floats = NDArray[np.float64]


def bias(forecast: Floats, actual: Floats) -> float:
    """Σ(f − a) / Σa: above 0 when too much was forecast.

    Raises:
        DataError: the actuals sum to 0 (all measures here divide by their sum).
    Example:
        >>> bias(np.array([3.0, 2.0]), np.array([2.0, 2.0]))
        0.25
    """
    return float((forecast - actual).sum() / _sum_of(actual))


def wape_site(forecast: Floats, actual: Floats) -> float:
    """Σ|f − a| / Σa over every site and item: what the kitchens feel.

    Example:
        >>> wape_site(np.array([3.0, 1.0]), np.array([2.0, 2.0]))
        0.5
    """
    return float(np.abs(forecast - actual).sum() / _sum_of(actual))


def wape_global(forecast: Floats, actual: Floats) -> float:
    """Σ|Σf − Σa| / Σa after adding the sites up: what buying feels. Never above wape_site (R11).

    Args:
        forecast: (sites, items).
        actual: (sites, items).
    Example:
        >>> wape_global(np.array([[3.0], [1.0]]), np.array([[2.0], [2.0]]))
        0.0
    """
    # Differences first: sums of large numbers would lose what small ones differ by.
    return float(np.abs((forecast - actual).sum(axis=0)).sum() / _sum_of(actual))


def pinball(level: float, forecast: Floats, actual: Floats) -> float:
    """Mean of max(q(a − f), (q − 1)(a − f)) for forecasts of the quantile q = `level`.

    Source:
        Koenker & Bassett (1978); in the unit of the data, lower is better.
    Example:
        >>> pinball(0.9, np.array([10.0]), np.array([20.0]))
        9.0
    """
    short = actual - forecast
    return float(np.maximum(level * short, (level - 1) * short).mean())


def coverage(low: Floats, high: Floats, actual: Floats) -> float:
    """Share of actuals with low ≤ a ≤ high.

    Example:
        >>> coverage(np.array([0.0, 0.0]), np.array([1.0, 1.0]), np.array([1.0, 2.0]))
        0.5
    """
    return float(((low <= actual) & (actual <= high)).mean())


def _sum_of(actual: Floats) -> float:
    total = float(actual.sum())
    if not total > 0:
        raise DataError("the actuals sum to nothing, so no relative error exists",
                        {}, "compare weeks with delivered orders")  # fmt: skip
    return total
