"""Pick with replacement and reject duplicates, a column of many boxes at once.

Rejecting what the box already holds leaves exactly the choice among the rest; after a fixed number
of rounds the stubborn boxes choose from what is left by inverse CDF, which is exact too.
"""

from collections.abc import Callable
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.stats.sampling import DiscreteAliasUrn

from benchmarks.peers.problem import Boxes

_Ints = NDArray[np.int64]
_Draw = Callable[[_Ints], _Ints]
_ROUNDS = 24
_ROWS = 65_536
"""As many boxes as the caches hold: a third faster than all at once."""


def pick_alias(boxes: Boxes, seed: int) -> _Ints:
    rng = np.random.default_rng(seed)
    tables = [_alias_table(row) for row in boxes.weights]
    threshold, alias = (np.concatenate(part) for part in zip(*tables, strict=True))
    n = boxes.weights.shape[1]

    def draw(segment: _Ints) -> _Ints:
        u = rng.random(len(segment)) * n
        recipe = u.astype(np.int64)
        at = segment * n + recipe
        return np.where(u - recipe < threshold[at], recipe, alias[at])

    return _distinct(boxes, draw, rng)


def pick_cdf(boxes: Boxes, seed: int) -> _Ints:
    """One sorted search for all segments: their cumulative shares lie behind one another."""
    rng = np.random.default_rng(seed)
    n_segments, n = boxes.weights.shape
    share = np.cumsum(boxes.weights, axis=1) / boxes.weights.sum(axis=1, keepdims=True)
    joined = (np.minimum(share, 1.0) + np.arange(n_segments)[:, None]).ravel()
    last = n - 1 - np.argmax(boxes.weights[:, ::-1] > 0, axis=1)

    def draw(segment: _Ints) -> _Ints:
        found = np.searchsorted(joined, segment + rng.random(len(segment)), side="right")
        return np.minimum(found - segment * n, last[segment])

    return _distinct(boxes, draw, rng)


def pick_urn(boxes: Boxes, seed: int) -> _Ints:
    rng = np.random.default_rng(seed)
    urns = [DiscreteAliasUrn(row / row.sum(), random_state=rng) for row in boxes.weights]

    def draw(segment: _Ints) -> _Ints:
        runs = np.flatnonzero(np.diff(segment, prepend=-1, append=-1))
        pairs = pairwise(runs.tolist())
        parts = [urns[segment[low]].rvs(high - low, rng) for low, high in pairs]
        return np.concatenate(parts).astype(np.int64)

    return _distinct(boxes, draw, rng)


def _distinct(boxes: Boxes, draw: _Draw, rng: np.random.Generator) -> _Ints:
    starts = range(0, len(boxes), _ROWS)
    blocks = [boxes.part(slice(start, start + _ROWS)) for start in starts]
    return np.concatenate([_distinct_block(block, draw, rng) for block in blocks])


def _distinct_block(boxes: Boxes, draw: _Draw, rng: np.random.Generator) -> _Ints:
    picks = np.full((len(boxes), boxes.most), -1)
    for column in range(boxes.most):
        left = np.flatnonzero(boxes.size > column)
        for _ in range(_ROUNDS):
            found = draw(boxes.segment[left])
            fresh = np.ones(len(left), bool)
            for earlier in range(column):
                fresh &= picks[left, earlier] != found
            picks[left[fresh], column] = found[fresh]
            left = left[~fresh]
            if not len(left):
                break
        _from_rest(boxes, picks, column, left, rng)
    return picks


def _from_rest(
    boxes: Boxes, picks: _Ints, column: int, left: _Ints, rng: np.random.Generator
) -> None:
    for box in left.tolist():
        rest = boxes.weights[boxes.segment[box]].copy()
        rest[picks[box, :column]] = 0.0
        picks[box, column] = rng.choice(len(rest), p=rest / rest.sum())


def _alias_table(weights: NDArray[np.float64]) -> tuple[NDArray[np.float64], _Ints]:
    """Vose's method on plain lists, which beat arrays element by element."""
    n = len(weights)
    scaled = (weights * (n / weights.sum())).tolist()
    threshold, alias = [1.0] * n, list(range(n))
    small = [i for i, share in enumerate(scaled) if share < 1.0]
    large = [i for i, share in enumerate(scaled) if share >= 1.0]
    while small and large:
        low, high = small.pop(), large[-1]
        threshold[low], alias[low] = scaled[low], high
        scaled[high] -= 1.0 - scaled[low]
        if scaled[high] < 1.0:
            small.append(large.pop())
    top = int(np.argmax(weights))
    for i in small:  # rounding left them over
        if weights[i] <= 0.0:
            threshold[i], alias[i] = 0.0, top
    return np.array(threshold), np.array(alias)
