"""A random key per box and recipe, and the best k: what most people write."""

import numpy as np
from numpy.typing import NDArray

from benchmarks.peers.problem import Boxes

_ROWS = 2_048


def pick_race(boxes: Boxes, seed: int) -> NDArray[np.int64]:
    """Exponential race in single precision: the first k arrivals."""
    rng = np.random.default_rng(seed)
    with np.errstate(divide="ignore"):
        slowness = (1.0 / boxes.weights).astype(np.float32)

    def keys(segment: int, rows: int) -> NDArray[np.floating]:
        with np.errstate(invalid="ignore"):  # 0 × ∞ is not a number, which sorts last: never
            wait = rng.standard_exponential((rows, slowness.shape[1]), np.float32)
            return wait * slowness[segment]

    return _first(boxes, keys)


def pick_gumbel(boxes: Boxes, seed: int) -> NDArray[np.int64]:
    """Utilities plus Gumbel noise: the k largest."""
    rng = np.random.default_rng(seed)
    with np.errstate(divide="ignore"):
        utility = np.log(boxes.weights)

    def keys(segment: int, rows: int) -> NDArray[np.floating]:
        return -(rng.gumbel(size=(rows, utility.shape[1])) + utility[segment])

    return _first(boxes, keys)


def _first(boxes, keys):
    """The smallest keys of each box, found by segment and a block of rows at a time."""
    picks = np.empty((len(boxes), boxes.most), np.int64)
    for segment, rows in boxes.groups(_ROWS):
        key = keys(segment, rows.stop - rows.start)
        best = np.argpartition(key, boxes.most - 1, axis=1)[:, : boxes.most]
        order = np.argsort(np.take_along_axis(key, best, axis=1), axis=1)
        picks[rows] = np.take_along_axis(best, order, axis=1)
    return boxes.cut(picks)
