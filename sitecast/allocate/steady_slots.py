"""Compiled code: which boxes can trade places at all, and their slots, pieces and excess.

Most boxes cannot: their group packs at one site only, or nobody at another site could take theirs
at the same total cost. They get no slot, so the search never looks at them.
"""

from typing import NamedTuple

import numba
import numpy as np
from numpy.typing import NDArray


class Kinds(NamedTuple):
    """Classes alike: one group, the same sites, the same costs but for a constant."""

    of_class: NDArray[np.int64]
    """(classes,) kind."""
    group: NDArray[np.int64]
    """(kinds,) boxes of one group may trade."""
    cost: NDArray[np.int64]
    """(kinds, sites) minor units above the cheapest site; -1 where the kind cannot go."""
    pool: NDArray[np.int32]
    """(kinds, sites, sites) kinds of one pool may trade between two sites; -1 where none may."""


class Slots(NamedTuple):
    """Places of the boxes that can trade, sorted by group, then site."""

    ptr: NDArray[np.int64]
    """(groups, sites + 1) slots of a group at a site."""
    box: NDArray[np.int64]
    """(slots,) the box that has the slot at first."""
    item_ptr: NDArray[np.int64]
    """(slots + 1,) pieces of that box."""
    items: NDArray[np.int32]
    """(pieces,) sorted within each box."""


@numba.njit(cache=True, nogil=True)
def tradeable(
    kinds: Kinds, box_class: NDArray[np.int32], site: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """(kinds, sites) whether boxes there have a partner at another site; site -1 for none."""
    n_kinds, n_sites = kinds.cost.shape
    here = np.zeros((n_kinds, n_sites), np.bool_)
    for box in range(len(site)):
        if site[box] >= 0:
            here[kinds.of_class[box_class[box]], site[box]] = True
    offered = _offered(kinds, here)
    found = np.zeros((n_kinds, n_sites), np.bool_)
    for kind in range(n_kinds):
        for at in np.flatnonzero(here[kind]):
            for to in range(n_sites):
                if kinds.pool[kind, at, to] >= 0:
                    found[kind, at] |= offered[kinds.pool[kind, at, to], int(to > at)]
    return found


@numba.njit(cache=True, nogil=True)
def _offered(kinds: Kinds, here: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """(pools, 2) whether a box at the pool's first, and second site may go to the other."""
    offered = np.zeros((kinds.pool.max() + 1 if kinds.pool.size else 0, 2), np.bool_)
    for kind in range(len(here)):
        for at in np.flatnonzero(here[kind]):
            for to in range(here.shape[1]):
                if kinds.pool[kind, at, to] >= 0:
                    offered[kinds.pool[kind, at, to], int(at > to)] = True
    return offered


@numba.njit(cache=True, nogil=True)
def slots_of(
    kinds: Kinds, may: NDArray[np.bool_], box_class: NDArray[np.int32], site: NDArray[np.int64],
    n_groups: int, item_ptr: NDArray[np.int64], items: NDArray[np.int32],
) -> Slots:  # fmt: skip
    """Slots of the boxes at (boxes,) sites, -1 for none, that (kinds, sites) `may` trade."""
    n_sites = may.shape[1]
    ptr = np.zeros(n_groups * n_sites + 1, dtype=np.int64)
    able, n = np.empty(len(site), dtype=np.int64), 0
    for box in range(len(site)):
        kind = kinds.of_class[box_class[box]]
        if site[box] >= 0 and may[kind, site[box]]:
            ptr[kinds.group[kind] * n_sites + site[box] + 1] += 1
            able[n] = box
            n += 1
    ptr = np.cumsum(ptr)
    free, boxes = ptr.copy(), np.empty(n, dtype=np.int64)
    for box in able[:n]:
        place = kinds.group[kinds.of_class[box_class[box]]] * n_sites + site[box]
        boxes[free[place]] = box
        free[place] += 1
    slot_ptr = np.empty((n_groups, n_sites + 1), dtype=np.int64)
    for g in range(n_groups):
        slot_ptr[g] = ptr[g * n_sites : (g + 1) * n_sites + 1]
    return Slots(slot_ptr, boxes, *_sorted_pieces(boxes, item_ptr, items))


@numba.njit(cache=True, nogil=True)
def _sorted_pieces(
    boxes: NDArray[np.int64], item_ptr: NDArray[np.int64], items: NDArray[np.int32]
) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """Where each box's pieces begin, and all pieces; few in a box, and often sorted already."""
    ptr = np.zeros(len(boxes) + 1, dtype=np.int64)
    for slot in range(len(boxes)):
        ptr[slot + 1] = ptr[slot] + item_ptr[boxes[slot] + 1] - item_ptr[boxes[slot]]
    pieces = np.empty(ptr[-1], dtype=np.int32)
    for slot in range(len(boxes)):
        first = item_ptr[boxes[slot]] - ptr[slot]
        for piece in range(ptr[slot], ptr[slot + 1]):
            item, at = items[first + piece], piece
            while at > ptr[slot] and pieces[at - 1] > item:
                pieces[at] = pieces[at - 1]
                at -= 1
            pieces[at] = item
    return ptr, pieces


@numba.njit(cache=True, nogil=True)
def excess_of(
    reference: NDArray[np.int64], matters: NDArray[np.bool_], lane: NDArray[np.int64],
    group: NDArray[np.int64], box_class: NDArray[np.int32], site: NDArray[np.int64],
    item_ptr: NDArray[np.int64], items: NDArray[np.int32],
) -> NDArray[np.int64]:  # fmt: skip
    """(lanes, items) pieces beyond the reference, on the lanes that matter; 0 on others.

    `lane` is that of (groups, sites), `group` that of (classes,), `site` that of (boxes,), -1 for
    none.
    """
    excess = np.where(np.expand_dims(matters, 1), -reference, 0)
    for box in range(len(site)):
        if site[box] >= 0:
            at = lane[group[box_class[box]], site[box]]
            if matters[at]:
                for piece in range(item_ptr[box], item_ptr[box + 1]):
                    excess[at, items[piece]] += 1
    return excess


@numba.njit(cache=True, nogil=True)
def add_pieces(
    counts: NDArray[np.int64], lane: NDArray[np.int64], item_ptr: NDArray[np.int64],
    items: NDArray[np.int32], step: int,
) -> None:  # fmt: skip
    """Add `step` to (lanes, items) for every piece of the boxes at (boxes,) lanes, -1 for none."""
    for box in range(len(lane)):
        if lane[box] >= 0:
            for piece in range(item_ptr[box], item_ptr[box + 1]):
                counts[lane[box], items[piece]] += step
