"""Quantiles over draws: always of sums that are already complete (R6)."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sitecast.records.contract import TEXT

SHOWN = {"p10": 0.1, "p50": 0.5, "p90": 0.9}


def draw_quantile(
    ordered: NDArray[np.generic], level: float | NDArray[np.float64]
) -> NDArray[np.generic]:
    """The smallest value that at least a share `level` of the draws does not exceed.

    NumPy calls the method "inverted_cdf". Each result is a value some draw attained, so whole
    numbers stay whole, quantiles never cross, and no quantile lies below the committed part.

    Args:
        ordered: (rows, draws) values, sorted along the draws.
        level: share of the draws, in [0, 1]; one for all rows or (rows,) of them.
    Returns:
        (rows,) quantiles.
    Example:
        >>> draw_quantile(np.array([[1, 2, 3, 4]]), 0.5).tolist()
        [2]
    """
    rows, draws = ordered.shape
    place = np.maximum(np.ceil(np.multiply(level, draws) - 1e-9), 1).astype(np.intp) - 1
    return ordered[np.arange(rows), place]


def draw_summary(ordered: NDArray[np.generic], prefix: str) -> dict[str, NDArray[np.generic]]:
    """Mean and the shown quantiles of sorted (rows, draws) values, as named columns."""
    # Rounding must not push the mean of equal values outside their range.
    mean = np.clip(ordered.mean(axis=1), ordered[:, 0], ordered[:, -1])
    columns = {f"{prefix}mean": mean}
    return columns | {prefix + name: draw_quantile(ordered, q) for name, q in SHOWN.items()}


def text_at(values: pd.Index, positions: NDArray[np.integer]) -> pd.Series:
    """The texts at positions on an axis; an empty cell where the position is -1."""
    labels = pd.array(list(values), dtype=TEXT)
    return pd.Series(labels.take(np.asarray(positions, dtype=np.intp), allow_fill=True))
