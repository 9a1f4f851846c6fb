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
        found[i] = found.dtype.type(nobody if refused else owner)


@_jit
def _take(found: Any, room: Any, held: Any, count: Any, nobody: Any) -> None:
    """Put what was found behind the kits of each box, unless it has no room for another of it."""
    kit = found.dtype.type  # every sum is cut to its bits, or the vectors would hold fewer boxes
    for i in range(LANES):
        new, n, taken = found[i], count[i], kit(0)
        for m in range(ROWS):
            taken = kit(taken + kit(held[m, i] == new))
        new = nobody if taken >= room[i] else new
        for m in range(ROWS):
            old = held[m, i]
            held[m, i] = new if n == kit(m) else old
        count[i] = kit(n + kit(new != nobody))


@_jit
def _rooms(found: Any, limit: Any, room: Any) -> None:
    """How many kits of what was found the box may hold."""
    for i in range(LANES):
        room[i] = limit[found[i]]


@_jit
def _fill(tables: Any, proposals: Any, rules: Any, tray: Any, space: Any) -> None:
    """Make proposals, from the first to before the last of them, to the boxes of a tray."""
    (limit, repeats, nobody), (_, _, key, first, held, count) = rules, tray
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
def _begin(start: Any, boxes: Any, first_of: Any, nobody: Any, tray: Any) -> None:
    """Boxes that lie together, empty."""
    box, want, key, first, held, count = tray
    lanes = min(LANES, len(boxes.key) - start)
    keys, kind, size = boxes.key[start:], boxes.kind[start:], boxes.size[start:]
    want[:] = 0
    for i in range(lanes):
        box[i], want[i], key[i] = start + i, size[i], keys[i]
    for i in range(lanes):
        first[i] = first_of[np.uint32(kind[i])]
    for m in range(ROWS):
        for i in range(LANES):
            held[m, i] = nobody
    for i in range(LANES):
        count[i] = 0


@_jit
def _resume(some: Any, boxes: Any, first_of: Any, nobody: Any, kits: Any, tray: Any) -> None:
    """Boxes from anywhere, with what they hold."""
    (box, want, key, first, held, count), keys, kind = tray, boxes.key, boxes.kind
    kit = held.dtype.type
    want[:] = 0
    for i in range(len(some)):
        b = some[i]
        box[i], want[i], key[i], first[i] = b, boxes.size[b], keys[b], first_of[np.uint32(kind[b])]
        for m in range(ROWS):
            held[m, i] = kits[b // LANES, m, b % LANES]
    for i in range(LANES):
        n = kit(0)
        for m in range(ROWS):
            n = kit(n + kit(held[m, i] != nobody))
        count[i] = n


@_jit
def _add_late(tray: Any, open_: Any, late: Any, n_late: Any) -> Any:
    """Put boxes of a tray that are not full behind those that are late; how many there are then."""
    box, want, _, _, _, count = tray
    for i in range(LANES):
        open_[i] = min(count[i], count.dtype.type(ROWS)) < want[i]
    for i in range(LANES):
        late[np.uint64(n_late)] = box[i]
        n_late += np.int64(open_[i])
    return n_late


@_jit
def _first_round(boxes: Any, tables: Any, first_of: Any, rules: Any, kits: Any, late: Any) -> Any:
    """All boxes, LANES that lie together at a time; how many are late."""
    (tray, space), n_late = _new_tray(kits.dtype), np.int64(0)
    held, open_ = tray[4], np.empty(LANES, np.uint8)
    for start in range(0, len(boxes.key), LANES):
        _begin(start, boxes, first_of, rules[2], tray)
        _fill(tables, ROUNDS[:2], rules, tray, space)
        out = kits[start // LANES]
        for m in range(ROWS):
            for i in range(LANES):
                out[m, i] = held[m, i]
        n_late = _add_late(tray, open_, late, n_late)
    return n_late


@_jit
def _later_round(boxes: Any, tables: Any, first_of: Any, rules: Any, proposals: Any, kits: Any,
                 late: Any) -> Any:  # fmt: skip
    """Those that are late, put together; how many of them still are."""
    (tray, space), n_late = _new_tray(kits.dtype), np.int64(0)
    box, held, open_ = tray[0], tray[4], np.empty(LANES, np.uint8)
    for start in range(0, len(late), LANES):
        lanes = min(LANES, len(late) - start)
        _resume(late[start : start + lanes], boxes, first_of, rules[2], kits, tray)
        _fill(tables, proposals, rules, tray, space)
        for i in range(lanes):
            b = box[i]
            for m in range(ROWS):
                kits[b // LANES, m, b % LANES] = held[m, i]
        n_late = _add_late(tray, open_, late, n_late)
    return n_late


@_jit
def _new_tray(kit: Any) -> Any:
    """Position, wanted kits, stream, table, kits and their number by box; a proposal's needs."""
    box, want = np.zeros(LANES, np.uint32), np.zeros(LANES, np.uint16)
    key, first = np.zeros(LANES, np.uint64), np.zeros(LANES, np.uint32)
    held, count = np.zeros((ROWS, LANES), kit), np.zeros(LANES, kit)
    low, high = np.empty(LANES, np.uint32), np.empty(LANES, np.uint32)
    at, found = np.empty(LANES, np.uint32), np.empty(LANES, kit)
    room = np.ones(LANES, kit)
    return (box, want, key, first, held, count), (low, high, at, found, room)


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
        kits: (trays, at least ROWS, LANES) where the recipes go; its type tells all of them apart
            from its largest number, which is nobody.
    Returns:
        Positions of the boxes that are still open, and how many kits these hold: all that their
        proposals gave them, or 0 where the tray had too few rows to tell.
    """
    nobody = kits.dtype.type((1 << tables.log2) - 1)
    first_of = (draw.weight_row << tables.log2).astype(np.uint32)
    limit = np.zeros(nobody + 1, kits.dtype)
    limit[: len(draw.limit)] = np.minimum(draw.limit, nobody)
    rules = limit, (draw.limit != 1).any(), nobody
    late = np.empty(len(boxes.size) + 1, np.uint32)
    late = late[: _first_round(boxes, tables, first_of, rules, kits, late)]
    for k in range(1, len(ROUNDS) - 1):
        proposals = ROUNDS[k], ROUNDS[k + 1]
        late = late[: _later_round(boxes, tables, first_of, rules, proposals, kits, late)]
    return late, _held(late, boxes.size, kits, nobody)
