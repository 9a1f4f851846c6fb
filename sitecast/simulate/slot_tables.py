"""Slot tables: weights laid out so that choices hardly change when weights do.

Choosing by an alias table is as fast, but one changed weight rearranges the whole table, and boxes
that have nothing to do with it get other kits: see docs/design/decisions on the stable stream.
"""

from typing import Any, NamedTuple

import numba
import numpy as np
from numpy.typing import NDArray

from sitecast.simulate.counters import number, place

ROOM = 3.25
"""Places of a table per owner. Slots are fewer than three per owner, whatever the weights."""
_S16 = np.uint64(16)
_jit = numba.njit(cache=True, nogil=True)


class SlotTables(NamedTuple):
    """Tables of several rows of weights, one behind the other."""

    entries: NDArray[np.uint64]
    """Threshold (in 2^-32) << 16 | position of the owner; 0 where no slot lies."""
    first: NDArray[np.int64]
    """(rows,) first entry."""
    sizes: NDArray[np.int64]
    """(rows,) entries."""


@_jit
def _slot_weight(weights: Any) -> Any:
    """The smallest power of two that is at least half the mean of the positive weights."""
    total, slot = 0.0, 1.0
    count = _count(weights)
    for weight in weights:
        total += weight
    while slot * count * 2.0 < total:
        slot *= 2.0
    while slot * count >= total and total > 0.0:
        slot *= 0.5
    return slot


@_jit
def _count(weights: Any) -> Any:
    count = 0
    for weight in weights:
        count += weight > 0.0
    return count


@_jit
def table_size(weights: Any) -> Any:
    """At least ROOM × the number of positive weights, of the form 2^n or 3 × 2^n."""
    needed, size = ROOM * _count(weights), 4
    while size < needed:
        size += size // 2 if size & (size - 1) == 0 else size // 3
    return size


@_jit
def slot_table(weights: Any, keys: Any, order: Any) -> Any:
    """The slots of every position, as threshold (in 2^-32) << 16 | position; 0 where none lies.

    A weight of 2.3 slots has two that accept any proposal and one that accepts 0.3 of them. Slots
    lie where a hash of their owner's name puts them, first slots first; what one slot weighs and
    how large the table is rarely changes. So another weight changes the slots of its owner and
    hardly any other, and boxes keep their kits.
    """
    slot = _slot_weight(weights)
    table = np.zeros(table_size(weights), np.uint64)
    alive, n = order.copy(), len(order)
    level = 0
    while n > 0:
        kept = 0
        for i in range(n):
            owner = alive[i]
            rest = weights[owner] / slot - level
            if rest > 0.0:
                at = _free_place(table, keys[owner], level)
                table[at] = (np.uint64(min(rest, 1.0) * 4294967296.0) << _S16) | np.uint64(owner)
                alive[kept] = owner
                kept += 1
        n, level = kept, level + 1
    return table


@_jit
def _free_place(table: Any, key: Any, level: Any) -> Any:
    stream, attempt = number(key, level), 0
    at = place(number(stream, attempt), len(table))
    while table[at] != 0:
        attempt += 1
        at = place(number(stream, attempt), len(table))
    return at


@_jit
def slot_tables(weights: Any, keys: Any) -> Any:
    """Lay out each row of weights.

    Args:
        weights: (rows, n) of at least 0; n < 2^16.
        keys: (n,) names of the positions, as numbers.
    """
    order, rows = np.argsort(keys, kind="mergesort"), len(weights)
    first, sizes = np.zeros(rows, np.int64), np.zeros(rows, np.int64)
    entries, end = np.empty(8 * rows * (1 + weights.shape[1]), np.uint64), 0
    for row in range(rows):
        table = slot_table(weights[row], keys, order)
        first[row], sizes[row] = end, len(table)
        end += len(table)
        entries[first[row] : end] = table
    return SlotTables(entries[:end].copy(), first, sizes)
