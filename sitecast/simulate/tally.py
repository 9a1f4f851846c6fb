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
    place, sites = draw.place[cell], _site_sets(draw, cell, item_ptr, items)
    box_class, of_place, of_sites, boxes = _classes(place, sites)
    digest = _digest(place, sites, portions, item_ptr, items)
    return box_class, of_place, of_sites, boxes, digest


@_jit
def _site_sets(draw: Any, cell: Any, item_ptr: Any, items: Any) -> Any:
    """Per box the sites that reach its place and make all its items."""
    sites = np.empty(len(cell), np.uint64)
    for b in range(len(cell)):
        able = draw.reach[cell[b]]
        for i in range(item_ptr[b], item_ptr[b + 1]):
            able &= draw.item_sites[items[i]]
        sites[b] = able
    return sites


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
def _digest(place: Any, sites: Any, portions: Any, item_ptr: Any, items: Any) -> Any:
    """FNV-1a over words: which boxes stand where, and what is in them."""
    h = _BASIS
    for b in range(len(place)):
        h = (h ^ np.uint64(place[b])) * _PRIME
        h = (h ^ sites[b]) * _PRIME
        h = (h ^ np.uint64(portions[b])) * _PRIME
        for i in range(item_ptr[b], item_ptr[b + 1]):
            h = (h ^ np.uint64(items[i])) * _PRIME
    return mix(h)
