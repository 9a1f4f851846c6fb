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
EMPTY = np.uint32(0xFFFFFFFF)
"""Entry of a place where no slot lies."""
_jit = numba.njit(cache=True, nogil=True)


class SlotTables(NamedTuple):
    """Tables of several rows of weights, one behind the other.

    A proposal is 32 random bits: the high `log2` of them are a place, the others a number f. The
    owner of the slot there is proposed if f < its threshold, else nobody.
    """

    entries: NDArray[np.uint32]
    """(rows × places,) (threshold - 1) << log2 | position of the owner; or EMPTY."""
    log2: int
    """Of the places of a row."""

    @property
    def nobody(self) -> int:
        """The owner that no proposal has: all low bits of an entry."""
        return (1 << self.log2) - 1


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
    needed = most + 1
    while needed > most:
        slot *= 2.0
        needed = 0
        for weight in weights:
            needed += int(weight / slot) + (weight > 0.0)
    return slot


@_jit
def log2_places(owners: Any) -> Any:
    """How many bits of a number say a place in the table of so many owners."""
    log2 = 2
    while (1 << log2) < ROOM * owners:
        log2 += 1
    return log2


@_jit
def slot_tables(weights: Any, keys: Any) -> Any:
    """Lay out each row of weights.

    Where a slot lies it says whose it is and how many of 2^(32 - log2) proposals it accepts. A
    weight of 2.3 slots has two that accept any proposal and one that accepts 0.3 of them. Slots lie
    where a hash of their owner's name puts them, first slots first; what one slot weighs rarely
    changes. So another weight changes the slots of its owner and hardly any other, and boxes keep
    their kits.

    Args:
        weights: (rows, n) of at least 0; n ≤ draw.MAX_RECIPES.
        keys: (n,) names of the positions, as numbers.
    """
    order, (rows, n) = np.argsort(keys, kind="mergesort"), weights.shape
    log2 = log2_places(n)
    places = 1 << log2
    entries = np.full(rows * places, EMPTY)
    rest, alive = np.empty(n), np.empty(n, np.int64)
    for row in range(rows):
        slot, kept = slot_weight(weights[row], places), 0
        for owner in order:
            if weights[row, owner] > 0.0:
                alive[kept], rest[kept] = owner, weights[row, owner] / slot
                kept += 1
        table, level = entries[row * places : (row + 1) * places], 0
        while kept > 0:
            kept = _lay(table, keys, log2, level, alive[:kept], rest)
            level += 1
    return SlotTables(entries, log2)


@_jit
def _lay(table: Any, keys: Any, log2: Any, level: Any, alive: Any, rest: Any) -> Any:
    """One slot for each owner that has some weight left; how many still have some then."""
    one, mask = 1 << (32 - log2), np.uint64(len(table) - 1)
    kept = 0
    for i in range(len(alive)):
        owner, left = alive[i], rest[i]
        threshold = int(min(left, 1.0) * one)
        if threshold > 0:
            stream = number(keys[owner], level)
            at, step = stream >> np.uint64(64 - log2), np.uint64(2) * stream + np.uint64(1)
            while table[at] != EMPTY:
                at = (at + step) & mask
            table[at] = np.uint32(((threshold - 1) << log2) | owner)
        alive[kept], rest[kept] = owner, left - 1.0
        kept += left > 1.0
    return kept
