"""Slot tables: weights laid out so that choices hardly change when weights do.

Choosing by an alias table is as fast, but one changed weight rearranges the whole table, and boxes
that have nothing to do with it get other kits: see docs/design/decisions on the stable stream.
"""

from typing import Any, NamedTuple

import numba
import numpy as np
from numpy.typing import NDArray

from sitecast.simulate.counters import number

ROOM = 2.5
"""Places of a table per owner, at least; their number is a power of two."""
FILL = 0.9
"""Slots fill at most so much of the table."""
_S16 = np.uint64(16)
_jit = numba.njit(cache=True, nogil=True)


class SlotTables(NamedTuple):
    """Tables of several rows of weights, one behind the other."""

    entries: NDArray[np.uint64]
    """Threshold (in 2^-32) << 16 | position of the owner; 0 where no slot lies."""
    first: NDArray[np.int64]
    """(rows,) first entry."""
    shift: NDArray[np.int64]
    """(rows,) 64 - log2(entries): the high bits of a number that are left are its place."""


@_jit
def _slots(weights: Any, slot: Any, most: Any) -> Any:
    """How many slots of this weight all owners need; stops counting above `most`."""
    needed = 0
    for weight in weights:
        if weight > 0.0:
            needed += int(weight / slot) + 1
            if needed > most:
                break
    return needed


@_jit
def slot_weight(weights: Any, places: Any) -> Any:
    """The smallest power of two with which the slots fill at most FILL of the places."""
    most, total, slot = int(FILL * places), 0.0, 1.0
    for weight in weights:
        total += weight
    while slot * most < total:
        slot *= 2.0
    while slot * most >= total and total > 0.0:
        slot *= 0.5
    while _slots(weights, slot, most) > most:
        slot *= 2.0
    return slot


@_jit
def log2_places(weights: Any) -> Any:
    """How many bits of a number say a place in the table of these weights."""
    count, log2 = 0, 2
    for weight in weights:
        count += weight > 0.0
    while (1 << log2) < ROOM * count:
        log2 += 1
    return log2


@_jit
def slot_table(weights: Any, keys: Any, order: Any, table: Any) -> Any:
    """Lay the slots of every position into a table of 2^n zeros.

    Where a slot lies it says threshold (in 2^-32) << 16 | position. A weight of 2.3 slots has two
    that accept any proposal and one that accepts 0.3 of them. Slots lie where a hash of their
    owner's name puts them, first slots first; what one slot weighs and how large the table is
    rarely changes. So another weight changes the slots of its owner and hardly any other, and
    boxes keep their kits.
    """
    slot = slot_weight(weights, len(table))
    shift, mask = np.uint64(64 - log2_places(weights)), np.uint64(len(table) - 1)
    alive, n = order.copy(), len(order)
    level = 0
    while n > 0:
        kept = 0
        for i in range(n):
            owner = alive[i]
            rest = weights[owner] / slot - level
            if rest > 0.0:
                stream = number(keys[owner], level)
                at, step = stream >> shift, np.uint64(2) * stream + np.uint64(1)
                while table[at] != 0:
                    at = (at + step) & mask
                table[at] = (np.uint64(min(rest, 1.0) * 4294967296.0) << _S16) | np.uint64(owner)
                alive[kept] = owner
                kept += 1
        n, level = kept, level + 1


@_jit
def slot_tables(weights: Any, keys: Any) -> Any:
    """Lay out each row of weights.

    Args:
        weights: (rows, n) of at least 0; n < 2^16.
        keys: (n,) names of the positions, as numbers.
    """
    order, rows = np.argsort(keys, kind="mergesort"), len(weights)
    first, shift = np.zeros(rows, np.int64), np.zeros(rows, np.int64)
    end = 0
    for row in range(rows):
        first[row], shift[row] = end, 64 - log2_places(weights[row])
        end += 1 << (64 - shift[row])
    entries = np.zeros(end, np.uint64)
    for row in range(rows):
        table = entries[first[row] : first[row] + (1 << (64 - shift[row]))]
        slot_table(weights[row], keys, order, table)
    return SlotTables(entries, first, shift)
