"""What the allocation needs to know of a draw's boxes; compiled.

A box class is a pair (place, site set). The digest proves that a draw made again is the same.
"""

from typing import Any

import numba
import numpy as np

from sitecast.simulate.counters import mix, number

_PRIME, _BASIS = np.uint64(0x100000001B3), np.uint64(0xCBF29CE484222325)
_jit = numba.njit(cache=True, nogil=True)


@_jit
def tally_boxes(draw: Any, cell: Any, portions: Any, item_ptr: Any, items: Any) -> Any:
    """Class of each box; place, site set and boxes of each class; digest."""
    place = draw.place[cell]
    sites, content = _sites_and_content(draw, cell, portions, item_ptr, items)
    box_class, of_place, of_sites, boxes = _classes(place, sites)
    return box_class, of_place, of_sites, boxes, _digest(content)


@_jit
def _sites_and_content(draw: Any, cell: Any, portions: Any, item_ptr: Any, items: Any) -> Any:
    """Per box the sites that reach its place and make all its items; FNV-1a of all about it."""
    reach, item_sites, place = draw.reach, draw.item_sites, draw.place
    sites, content = np.empty(len(cell), np.uint64), np.empty(len(cell), np.uint64)
    for b in range(len(cell)):
        able, h = reach[cell[b]], (_BASIS ^ np.uint64(portions[b])) * _PRIME
        for i in range(item_ptr[b], item_ptr[b + 1]):
            able &= item_sites[items[i]]
            h = (h ^ np.uint64(items[i])) * _PRIME
        h = (h ^ np.uint64(place[cell[b]])) * _PRIME
        sites[b], content[b] = able, (h ^ able) * _PRIME
    return sites, content


@_jit
def _classes(place: Any, sites: Any) -> Any:
    """Number the distinct (place, site set) pairs as they first occur (open addressing)."""
    n = len(sites)
    slots = 16
    while slots < 2 * n:
        slots *= 2
    table, last = np.zeros(slots, np.int32), np.uint64(slots - 1)
    box_class = np.empty(n, np.int32)
    of_place, of_sites = np.empty(n, np.int64), np.empty(n, np.uint64)
    boxes, found = np.zeros(n, np.int64), 0
    for b in range(n):
        at = number(sites[b], place[b]) & last
        while True:
            known = table[at] - 1
            if known < 0:
                known = found
                of_place[known], of_sites[known] = place[b], sites[b]
                found += 1
                table[at] = found
            if of_place[known] == place[b] and of_sites[known] == sites[b]:
                break
            at = (at + np.uint64(1)) & last
        box_class[b] = known
        boxes[known] += 1
    return box_class, of_place[:found].copy(), of_sites[:found].copy(), boxes[:found].copy()


@_jit
def _digest(content: Any) -> Any:
    """FNV-1a over the boxes: which boxes stand where, and what is in them."""
    h = _BASIS
    for word in content:
        h = (h ^ word) * _PRIME
    return mix(h)
