"""Alias tables and rejection, compiled, with the library's counters: the faster, unstable stream.

What sitecast used before slot tables. Each box has a stream of its own, so that another weight
changes boxes only where it changes the tables; but Vose's tables change all over.
"""

from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from benchmarks.peers.problem import Boxes, Floats, Ints
from sitecast.simulate.counters import GAMMA, mix, number, unit

FIRST_KIT, _MOST_PROPOSALS = 16, 12
_LOW32, _LOW16 = np.uint64(0xFFFFFFFF), np.uint64(0xFFFF)
_S16, _S32 = np.uint64(16), np.uint64(32)
_jit = numba.njit(cache=True, nogil=True)


def pick_alias_compiled(boxes: Boxes, seed: int) -> NDArray[np.int16]:
    keys = mix(np.uint64(seed) + GAMMA * np.arange(len(boxes), dtype=np.uint64))
    segment, size = map(np.ascontiguousarray, (boxes.segment, boxes.size))  # one compiled form
    return pick_with_keys(boxes.weights, segment, size, keys, boxes.most)


def pick_with_keys(
    weights: Floats, row: Ints, size: Ints, keys: NDArray[np.uint64], most: int
) -> NDArray[np.int16]:
    """(boxes, most) recipes, -1 behind a box's size; `row` of weights and stream by box."""
    return _fill(weights, _alias_tables(weights), row, size, keys, most)


@_jit
def _alias_tables(weights: Any) -> Any:
    """Vose's tables as threshold (in 2^-32) << 16 | alias; weights of 0 are never drawn."""
    rows, n = weights.shape
    tables = np.empty((rows, n), np.uint64)
    scaled, stack = np.empty(n), np.empty(n, np.int64)  # small from the left, large from the right
    for row in range(rows):
        total, top, n_small, n_large = weights[row].sum(), np.argmax(weights[row]), 0, 0
        for i in range(n):
            scaled[i] = weights[row, i] / total * n
            tables[row, i] = np.uint64(i if scaled[i] > 0.0 else top)
            tables[row, i] |= (_LOW32 << _S16) if scaled[i] > 0.0 else np.uint64(0)
            if scaled[i] < 1.0:
                stack[n_small] = i
                n_small += 1
            else:
                n_large += 1
                stack[n - n_large] = i
        while n_small > 0 and n_large > 0:
            n_small -= 1
            small, large = stack[n_small], stack[n - n_large]
            tables[row, small] = np.uint64(large)
            tables[row, small] |= np.uint64(scaled[small] * 4294967296.0) << _S16
            scaled[large] -= 1.0 - scaled[small]
            if scaled[large] < 1.0:
                n_large -= 1
                stack[n_small] = large
                n_small += 1
    return tables


@_jit
def _fill(weights: Any, tables: Any, row_of: Any, size: Any, keys: Any, most: Any) -> Any:
    """A recipe the box holds is rejected; after so many proposals, inverse CDF over the rest."""
    n = weights.shape[1]
    picks = np.full((len(keys), most), -1, np.int16)
    taken = np.zeros(n, np.bool_)
    for b in range(len(keys)):
        row, key, j = row_of[b], keys[b], FIRST_KIT
        for at in range(size[b]):
            r = _proposal(tables[row], number(key, j))
            j, tried = j + 1, 1
            while taken[r] and tried < _MOST_PROPOSALS:
                r = _proposal(tables[row], number(key, j))
                j, tried = j + 1, tried + 1
            if taken[r]:
                r = _from_rest(weights[row], taken, unit(number(key, j)))
                j += 1
            picks[b, at] = r
            taken[r] = True
        for at in range(size[b]):
            taken[picks[b, at]] = False
    return picks


@_jit
def _proposal(table: Any, bits: Any) -> Any:
    i = np.int64(((bits >> _S32) * np.uint64(len(table))) >> _S32)
    return i if (bits & _LOW32) < (table[i] >> _S16) else np.int64(table[i] & _LOW16)


@_jit
def _from_rest(weights: Any, taken: Any, u: Any) -> Any:
    """The last possible recipe if rounding leaves u above all of them."""
    goal, seen, last = u * weights[~taken].sum(), 0.0, -1
    for r in range(len(weights)):
        if weights[r] > 0.0 and not taken[r]:
            seen, last = seen + weights[r], r
            if goal < seen:
                break
    return last
