"""Units, pack sizes and exact rounding."""

import numpy as np
from numpy.typing import NDArray

BASE_UOMS = ("g", "ml", "each")


def largest_remainder(weights: NDArray[np.float64], total: int) -> NDArray[np.int64]:
    """Split a whole number in proportion to weights, losing and inventing nothing.

    Args:
        weights: (n,) weights of at least 0, not all 0 unless total is 0.
        total: what the parts must sum to; at least 0.
    Returns:
        (n,) whole parts; ties go to the earlier part.
    Example:
        >>> largest_remainder(np.array([0.5, 0.5, 0.5, 0.5]), 2).tolist()
        [1, 1, 0, 0]
    """
    mass = float(weights.sum())
    exact = weights * (total / mass) if mass > 0 else np.zeros_like(weights)
    parts = np.floor(exact + 1e-9).astype(np.int64)
    missing = total - int(parts.sum())
    order = np.lexsort((np.arange(len(weights)), -(exact - parts)))
    parts[order[:missing]] += 1
    return parts


def cases_to_buy(
    qty: NDArray[np.float64], case_size: NDArray[np.float64], moq: NDArray[np.float64]
) -> NDArray[np.int64]:
    """Whole cases that cover a quantity and the least order.

    Args:
        qty: (n,) needed quantity in base_uom; nothing is bought where it is 0 or less.
        case_size: (n,) quantity per case in base_uom; above 0.
        moq: (n,) least order in base_uom; at least 0.
    Example:
        >>> cases_to_buy(np.array([950.0, 0.0]), np.array([500.0, 500.0]), np.array([1200.0, 0.0]))
        array([3, 0])
    """
    wanted = np.where(qty > 0, np.maximum(qty, moq), 0.0)
    return np.ceil(wanted / case_size - 1e-9).astype(np.int64)
