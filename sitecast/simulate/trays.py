"""Kits of boxes without caps, hundreds of boxes of one size at a time.

What `fill_boxes` of kernel.py does to one box, done to a tray of them: every step is a short loop
over a tray without branches, which becomes vector code. It makes the same proposals and takes the
same kits. Boxes that are not full after so many proposals are left to `fill_boxes`.
"""

from typing import Any

import numba
import numpy as np

from sitecast.simulate.counters import GAMMA, mix
from sitecast.simulate.kernel import FIRST_KIT, FIRST_REST

LANES = 512
"""Boxes on a tray; what they need fits into the fastest cache."""
_MOST = FIRST_REST - FIRST_KIT
_NONE = np.uint16(0xFFFF)
_LOW32, _LOW16 = np.uint64(0xFFFFFFFF), np.uint64(0xFFFF)
_S16 = np.uint64(16)
_jit = numba.njit(cache=True, nogil=True)


@_jit
def _propose(entries: Any, tray: Any, j: Any, scratch: Any, found: Any) -> None:
    """The recipe that each box is offered, or NONE where it is offered none."""
    key, first, shift, bits, at = tray[0], tray[1], tray[2], scratch[0], scratch[1]
    step = GAMMA * np.uint64(j)
    for i in range(LANES):
        z, begin, s = mix(key[i] + step), first[i], shift[i]
        bits[i] = z
        at[i] = begin + (z >> s)
    for i in range(LANES):
        at[i] = entries[at[i]]
    for i in range(LANES):
        entry, z = at[i], bits[i]
        refused = (z & _LOW32) >= (entry >> _S16)
        found[i] = np.uint16(entry | (_LOW16 if refused else np.uint64(0)))


@_jit
def _reject_held(found: Any, held: Any, limit: Any, repeats: Any) -> None:
    """NONE where the box has no room for another one of what it is offered."""
    if repeats:
        for i in range(LANES):
            if found[i] != _NONE:
                taken = 0
                for m in range(len(held)):
                    taken += held[m, i] == found[i]
                if taken >= limit[found[i]]:
                    found[i] = _NONE
    else:
        for m in range(len(held)):
            row = held[m]
            for i in range(LANES):
                new, old = found[i], row[i]
                found[i] = _NONE if old == new else new


@_jit
def _take(found: Any, held: Any, count: Any) -> None:
    """Put what was found behind the kits of each box; nothing into a full one."""
    for m in range(len(held)):
        row, here = held[m], np.uint16(m)
        for i in range(LANES):
            new, old, n = found[i], row[i], count[i]
            row[i] = new if n == here else old
    for i in range(LANES):
        new, n = found[i], count[i]
        count[i] = np.uint16(n + np.uint16(new != _NONE))


@_jit
def _pack(tray: Any, box: Any, proposals: Any, rules: Any, space: Any, start: Any, to: Any) -> Any:
    """Fill the boxes of a tray, all of one size; how many boxes were left open by now."""
    (entries, limit, repeats), (scratch, found, count, held) = rules, space
    kits, is_open, n_open = to
    count[:] = 0
    held[:] = _NONE
    for j in range(FIRST_KIT, FIRST_KIT + proposals):
        _propose(entries, tray, j, scratch, found)
        _reject_held(found, held, limit, repeats)
        _take(found, held, count)
    for i in range(len(box)):
        at = start[box[i]]
        for m in range(len(held)):
            kits[at + m] = held[m, i]
        is_open[n_open] = box[i]
        n_open += count[i] < np.uint16(len(held))
    return n_open


@_jit
def _fill(order: Any, boxes: Any, tables: Any, draw: Any, proposals: Any, kits: Any) -> Any:
    """Make proposals, so many by size, to the boxes in `order`; those that are still open."""
    kind, key, start, limit = boxes.kind, boxes.key, boxes.start, draw.limit
    first, shift = tables.first[draw.weight_row], tables.shift[draw.weight_row]
    rules = tables.entries, limit, (limit != 1).any()
    sizes = len(proposals)
    trays, box = np.zeros((sizes, 3, LANES), np.uint64), np.empty((sizes, LANES), np.int32)
    trays[:, 2] = 63  # a place within any table, for lanes without a box
    on_tray = np.zeros(sizes, np.int64)
    scratch, found = np.empty((2, LANES), np.uint64), np.empty(LANES, np.uint16)
    count, held = np.empty(LANES, np.uint16), np.empty((sizes, LANES), np.uint16)
    is_open, n_open = np.empty(len(order), np.int32), 0
    for at in range(len(order) + sizes):  # all boxes, then what is left on each tray
        if at < len(order):
            b = order[at]
            size, k = start[b + 1] - start[b], kind[b]
            i, tray = on_tray[size], trays[size]
            box[size, i], on_tray[size] = b, i + 1
            tray[0, i], tray[1, i], tray[2, i] = key[b], first[k], shift[k]
        else:
            size = at - len(order)
        if on_tray[size] == LANES or at >= len(order):
            # Called in one place only, so that it becomes part of this loop: a third faster.
            space, to = (scratch, found, count, held[:size]), (kits, is_open, n_open)
            some = box[size, : on_tray[size]]
            n_open = _pack(trays[size], some, proposals[size], rules, space, start, to)
            on_tray[size] = 0
    return is_open[:n_open]


@_jit
def fill_from_trays(boxes: Any, tables: Any, draw: Any, kits: Any) -> Any:
    """Kits of all boxes but a few.

    Args:
        boxes: kernel.Boxes.
        tables: slot tables of the draw's weights.
        draw: DrawInput.
        kits: (kits,) where the recipes go, box by box.
    Returns:
        Positions of the boxes that are still open; what lies at their kits means nothing.
    """
    proposals = np.zeros(draw.sizes.max() + 1 if len(draw.sizes) else 1, np.int64)
    for size in range(1, len(proposals)):
        proposals[size] = min(2 * size + 4, _MOST)
    late = _fill(np.arange(len(boxes.key), dtype=np.int32), boxes, tables, draw, proposals, kits)
    proposals[1:] = _MOST
    return _fill(late, boxes, tables, draw, proposals, kits)
