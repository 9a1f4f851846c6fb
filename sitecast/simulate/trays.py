"""Kits of boxes without caps, LANES boxes at a time.

What `fill_boxes` of kernel.py does to one box, done to a tray of them: every step is a short loop
over a tray without branches, which becomes vector code. It makes the same proposals and takes the
same kits. What a box takes after it is full means nothing. Boxes that are not full after a round of
proposals are put together on new trays, and those that are not after all of them are left to
`fill_boxes`.
"""

from typing import Any

import numba
import numpy as np

from sitecast.simulate.counters import GAMMA, mix
from sitecast.simulate.kernel import FIRST_KIT, LANES, PROPOSALS

ROWS = 6
"""Kits of a box that a tray holds; larger boxes are left to `fill_boxes`."""
ROUNDS = (0, 8, 16, PROPOSALS)
"""Proposals that were made when a round begins or ends."""
_BITS, _S32 = np.uint32(31), np.uint64(32)
_jit = numba.njit(cache=True, nogil=True)


@_jit
def _numbers(key: Any, j: Any, low: Any, high: Any) -> None:
    """The j-th number of each stream, in two halves."""
    step = GAMMA * np.uint64(j)
    for i in range(LANES):
        z = mix(key[i] + step)
        low[i], high[i] = np.uint32(z), np.uint32(z >> _S32)


@_jit
def _propose(tables: Any, first: Any, bits: Any, at: Any, found: Any) -> None:
    """The recipe that each box is offered, or nobody."""
    entries, nobody = tables.entries, np.uint32((1 << tables.log2) - 1)
    # The masks tell the compiler that 32 bits are enough: twice as many boxes at once.
    log2, rest = np.uint32(tables.log2) & _BITS, np.uint32(32 - tables.log2) & _BITS
    for i in range(LANES):
        at[i] = np.uint32(first[i] + np.uint32(bits[i] >> rest))
    for i in range(LANES):
        at[i] = entries[at[i]]
    for i in range(LANES):
        entry = at[i]
        refused = np.uint32(bits[i] << log2) > np.uint32(entry | nobody)
        owner = np.uint32(entry & nobody)
        found[i] = np.uint16(nobody if refused else owner)


@_jit
def _take(found: Any, room: Any, held: Any, count: Any, nobody: Any) -> None:
    """Put what was found behind the kits of each box, unless it has no room for another of it."""
    for i in range(LANES):
        new, n, taken = found[i], count[i], np.uint16(0)
        for m in range(ROWS):
            taken = np.uint16(taken + np.uint16(held[m, i] == new))
        new = nobody if taken >= room[i] else new
        for m in range(ROWS):
            old = held[m, i]
            held[m, i] = new if n == np.uint16(m) else old
        count[i] = np.uint16(n + np.uint16(new != nobody))


@_jit
def _rooms(found: Any, limit: Any, room: Any) -> None:
    """How many kits of what was found the box may hold."""
    for i in range(LANES):
        room[i] = limit[found[i]]


@_jit
def _fill(tables: Any, proposals: Any, rules: Any, tray: Any, space: Any) -> None:
    """Make proposals, from the first to before the last of them, to the boxes of a tray."""
    (limit, repeats, nobody), (key, first, held, count) = rules, tray
    low, high, at, found, room = space
    for j in range(FIRST_KIT + proposals[0] // 2, FIRST_KIT + proposals[1] // 2):
        _numbers(key, j, low, high)
        _propose(tables, first, low, at, found)
        if repeats:
            _rooms(found, limit, room)
        _take(found, room, held, count, nobody)
        _propose(tables, first, high, at, found)
        if repeats:
            _rooms(found, limit, room)
        _take(found, room, held, count, nobody)


@_jit
def _begin(start: Any, lanes: Any, boxes: Any, first_of: Any, nobody: Any, tray: Any) -> None:
    """Boxes that lie together, empty."""
    (key, first, held, count), keys, kind = tray, boxes.key, boxes.kind
    for i in range(lanes):
        key[i] = keys[start + i]
    for i in range(lanes):
        first[i] = first_of[kind[start + i]]
    for m in range(ROWS):
        for i in range(LANES):
            held[m, i] = nobody
    for i in range(LANES):
        count[i] = 0


@_jit
def _resume(some: Any, boxes: Any, first_of: Any, nobody: Any, kits: Any, tray: Any) -> None:
    """Boxes from anywhere, with what they hold."""
    (key, first, held, count), keys, kind = tray, boxes.key, boxes.kind
    for i in range(len(some)):
        b = some[i]
        key[i], first[i] = keys[b], first_of[kind[b]]
        for m in range(ROWS):
            held[m, i] = kits[b // LANES, m, b % LANES]
    for i in range(LANES):
        n = np.uint16(0)
        for m in range(ROWS):
            n = np.uint16(n + np.uint16(held[m, i] != nobody))
        count[i] = n


@_jit
def _first_round(boxes: Any, tables: Any, first_of: Any, rules: Any, kits: Any, late: Any) -> Any:
    """All boxes, LANES that lie together at a time; how many are late."""
    (tray, space), size, n_late = _new_tray(), boxes.size, np.int64(0)
    held, count = tray[2:]
    for start in range(0, len(size), LANES):
        lanes, out = min(LANES, len(size) - start), kits[start // LANES]
        _begin(start, lanes, boxes, first_of, rules[2], tray)
        _fill(tables, ROUNDS[:2], rules, tray, space)
        for m in range(ROWS):
            for i in range(LANES):
                out[m, i] = held[m, i]
        for i in range(lanes):
            late[n_late] = start + i
            n_late += np.int64(min(count[i], np.uint16(ROWS)) < size[start + i])
    return n_late


@_jit
def _later_round(boxes: Any, tables: Any, first_of: Any, rules: Any, proposals: Any, kits: Any,
                 late: Any) -> Any:  # fmt: skip
    """Those that are late, put together; how many of them still are."""
    (tray, space), size, n_late = _new_tray(), boxes.size, np.int64(0)
    held, count = tray[2:]
    for start in range(0, len(late), LANES):
        some = late[start : start + LANES].copy()
        _resume(some, boxes, first_of, rules[2], kits, tray)
        _fill(tables, proposals, rules, tray, space)
        for i in range(len(some)):
            b = some[i]
            for m in range(ROWS):
                kits[b // LANES, m, b % LANES] = held[m, i]
            late[n_late] = b
            n_late += np.int64(min(count[i], np.uint16(ROWS)) < size[b])
    return n_late


@_jit
def _new_tray() -> Any:
    """Streams, tables, kits and their number by box; and what a proposal needs."""
    key, first = np.zeros(LANES, np.uint64), np.zeros(LANES, np.uint32)
    held, count = np.zeros((ROWS, LANES), np.uint16), np.zeros(LANES, np.uint16)
    low, high = np.empty(LANES, np.uint32), np.empty(LANES, np.uint32)
    at, found = np.empty(LANES, np.uint32), np.empty(LANES, np.uint16)
    room = np.ones(LANES, np.uint16)
    return (key, first, held, count), (low, high, at, found, room)


@_jit
def _held(late: Any, size: Any, kits: Any, nobody: Any) -> Any:
    """How many kits boxes hold; 0 where they want more than a tray has rows."""
    held = np.zeros(len(late), np.uint16)
    for i in range(len(late)):
        b = late[i]
        for m in range(size[b] if size[b] <= ROWS else 0):
            held[i] += kits[b // LANES, m, b % LANES] != nobody
    return held


@_jit
def fill_from_trays(boxes: Any, tables: Any, draw: Any, kits: Any) -> Any:
    """Kits of all boxes but a few.

    Args:
        boxes: kernel.Boxes.
        tables: slot tables of the draw's weights.
        draw: DrawInput.
        kits: (trays, at least ROWS, LANES) where the recipes go.
    Returns:
        Positions of the boxes that are still open, and how many kits these hold: all that their
        proposals gave them, or 0 where the tray had too few rows to tell.
    """
    nobody = np.uint16((1 << tables.log2) - 1)
    first_of = (draw.weight_row << tables.log2).astype(np.uint32)
    limit = np.zeros(nobody + 1, np.uint16)
    limit[: len(draw.limit)] = np.minimum(draw.limit, nobody)
    rules = limit, (draw.limit != 1).any(), nobody
    late = np.empty(len(boxes.size) + 1, np.int32)
    late = late[: _first_round(boxes, tables, first_of, rules, kits, late)]
    for k in range(1, len(ROUNDS) - 1):
        proposals = ROUNDS[k], ROUNDS[k + 1]
        late = late[: _later_round(boxes, tables, first_of, rules, proposals, kits, late)]
    return late, _held(late, boxes.size, kits, nobody)
