"""Compiled code: a draw's boxes one by one, from class totals to sites, and what they hold."""

import numba
import numpy as np
from numpy.typing import NDArray


@numba.njit(cache=True, nogil=True)
def assign_boxes(
    arc_ptr: NDArray[np.int64], arc_lane: NDArray[np.int32], boxes: NDArray[np.int64],
    box_class: NDArray[np.int32], rank: NDArray[np.uint64],
) -> NDArray[np.int32]:  # fmt: skip
    """(boxes,) lane of each box, -1 for SHORT; in a split class low ranks go to the first site."""
    only = np.full(len(arc_ptr) - 1, -1, np.int64)
    split = np.zeros(len(arc_ptr) - 1, np.bool_)
    for c in range(len(only)):
        for arc in range(arc_ptr[c], arc_ptr[c + 1]):
            if boxes[arc] > 0:
                split[c] = only[c] >= 0
                only[c] = arc
    lane = np.empty(len(box_class), np.int32)
    n_split = 0
    for b in range(len(box_class)):
        lane[b] = arc_lane[only[box_class[b]]]
        n_split += split[box_class[b]]
    members = np.empty(n_split, np.int64)
    at = 0
    for b in range(len(box_class)):
        if split[box_class[b]]:
            members[at] = b
            at += 1
    _split_by_rank(arc_ptr, arc_lane, boxes, box_class, rank, members, lane)
    return lane


@numba.njit(cache=True, nogil=True)
def _split_by_rank(
    arc_ptr: NDArray[np.int64], arc_lane: NDArray[np.int32], boxes: NDArray[np.int64],
    box_class: NDArray[np.int32], rank: NDArray[np.uint64],
    members: NDArray[np.int64], lane: NDArray[np.int32],
) -> None:  # fmt: skip
    by_rank = members[np.argsort(rank[members], kind="mergesort")]
    arc_of = arc_ptr[:-1].copy()
    left = boxes.copy()
    for b in by_rank:
        c = box_class[b]
        while left[arc_of[c]] == 0:
            arc_of[c] += 1
        left[arc_of[c]] -= 1
        lane[b] = arc_lane[arc_of[c]]


@numba.njit(cache=True, nogil=True)
def count_pieces(
    lane: NDArray[np.int32], item_ptr: NDArray[np.int64], items: NDArray[np.int32],
    size: NDArray[np.int64], n_kit_items: int, first_pack: NDArray[np.int64],
    kits: NDArray[np.int32], packs: NDArray[np.int32], boxes: NDArray[np.int32],
) -> bool:  # fmt: skip
    """Add allocated boxes to kits (lanes, items), packs (lanes, packs) and boxes (lanes,).

    A pack's position is first_pack of the number of kits + position of the box's portions size.
    False when a box lies outside the pack axis.
    """
    for b in range(len(lane)):
        at = lane[b]
        if at < 0:
            continue
        n_kits = 0
        for piece in range(item_ptr[b], item_ptr[b + 1]):
            item = items[piece]
            kits[at, item] += 1
            n_kits += item < n_kit_items
        if size[b] < 0 or n_kits >= len(first_pack) or first_pack[n_kits] < 0:
            return False
        packs[at, first_pack[n_kits] + size[b]] += 1
        boxes[at] += 1
    return True
