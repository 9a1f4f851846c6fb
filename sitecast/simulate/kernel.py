"""The compiled kernel of the order simulator; plain.py says the same slowly and must agree.

One module, since numba's cache does not see changes in other files; never `parallel`: threads run
whole draws. Only +, −, ×, ÷ and comparisons touch floats, in a fixed order: the bytes of a draw do
not depend on the processor.
"""

from typing import Any

import numba
import numpy as np

from sitecast.simulate.draw import UNCAPPED

MAX_REJECTED = 12
GAMMA = np.uint64(0x9E3779B97F4A7C15)
# Which number of a box's stream decides what.
SIZE, PORTIONS, PIECES, ARRIVAL, FIRST_KIT = 0, 1, 2, 3, 16
FIRST_PRODUCT = 1 << 40

_M1, _M2 = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
_S27, _S30, _S31, _S32 = np.uint64(27), np.uint64(30), np.uint64(31), np.uint64(32)
_LOW32, _LOW16 = np.uint64(0xFFFFFFFF), np.uint64(0xFFFF)
_S11, _S16 = np.uint64(11), np.uint64(16)
_PRIME, _BASIS = np.uint64(0x100000001B3), np.uint64(0xCBF29CE484222325)
_jit = numba.njit(cache=True, nogil=True)


@_jit
def mix(z: Any) -> Any:
    """The finalizer of SplitMix64 (Steele, Lea, Flood 2014)."""
    z = (z ^ (z >> _S30)) * _M1
    z = (z ^ (z >> _S27)) * _M2
    return z ^ (z >> _S31)


@_jit
def _number(key: Any, j: Any) -> Any:
    return mix(key + GAMMA * np.uint64(j))


@_jit
def _unit(bits: Any) -> Any:
    return np.float64(bits >> _S11) * 2.0**-53


@_jit
def _position(cdf: Any, u: Any) -> Any:
    """First position whose cumulative probability exceeds u."""
    low, high = 0, len(cdf) - 1
    while low < high:
        middle = (low + high) // 2
        if u < cdf[middle]:
            high = middle
        else:
            low = middle + 1
    return low


@_jit
def alias_table(weights: Any) -> Any:
    """Vose's alias table as threshold (in 2^-32) << 16 | alias; weights of 0 are never drawn."""
    n = len(weights)
    table = np.zeros(n, np.uint64)
    scaled = np.zeros(n)
    stack = np.zeros(n, np.int64)  # small ones from the left, large ones from the right
    total, top = 0.0, 0
    for i in range(n):
        total += weights[i]
        if weights[i] > weights[top]:
            top = i
    if total <= 0.0:
        return table
    n_small, n_large = 0, 0
    for i in range(n):
        scaled[i] = weights[i] / total * n
        table[i] = np.uint64(top) if weights[i] <= 0.0 else np.uint64(i) | (_LOW32 << _S16)
        if scaled[i] < 1.0:
            stack[n_small] = i
            n_small += 1
        else:
            n_large += 1
            stack[n - n_large] = i
    while n_small > 0 and n_large > 0:
        n_small -= 1
        small, large = stack[n_small], stack[n - n_large]
        table[small] = (np.uint64(scaled[small] * 4294967296.0) << _S16) | np.uint64(large)
        scaled[large] -= 1.0 - scaled[small]
        if scaled[large] < 1.0:
            n_large -= 1
            stack[n_small] = large
            n_small += 1
    return table


@_jit
def _candidate(tables: Any, row: Any, bits: Any) -> Any:
    i = np.int64(((bits >> _S32) * np.uint64(tables.shape[1])) >> _S32)
    entry = tables[row, i]
    return i if (bits & _LOW32) < (entry >> _S16) else np.int64(entry & _LOW16)


@_jit
def _from_rest(weights: Any, taken: Any, room: Any, u: Any) -> Any:
    """Inverse CDF over the recipes the box has room for; -1 when there is none."""
    total = 0.0
    for r in range(len(weights)):
        if taken[r] < room[r]:
            total += weights[r]
    seen, last = 0.0, -1
    for r in range(len(weights)):
        if weights[r] > 0.0 and taken[r] < room[r]:
            seen, last = seen + weights[r], r
            if u * total < seen:
                break
    return last


@_jit
def _choose_from_rest(weights: Any, key: Any, j: Any, limit: Any, room: Any, taken: Any) -> Any:
    """One kit after too many rejections; a sold-out recipe is a rejected candidate here too."""
    r = _from_rest(weights, taken, limit, _unit(_number(key, j)))
    if r >= 0 and taken[r] >= room[r]:
        j += 1
        r = _from_rest(weights, taken, room, _unit(_number(key, j)))
    return r, j + 1


@_jit
def _fill_boxes(order: Any, boxes: Any, choice: Any, limit: Any, left: Any, kits: Any) -> Any:
    """Choose the kits of the boxes in `order`, which take what is left of capped recipes.

    A rejected candidate leaves exactly the choice among the rest (IIA), and so does the change to
    the inverse CDF after a fixed number of rejections. A sold-out recipe (limit > room) is a
    rejected candidate like any other: a box that did not want it stays as it is.
    """
    key, row_of, start, got = boxes
    weights, tables = choice
    taken, room = np.zeros(len(limit), np.int64), np.minimum(limit, left)
    for b in order:
        row, stream, at, j = row_of[b], key[b], start[b], FIRST_KIT
        while at < start[b + 1]:
            r = _candidate(tables, row, _number(stream, j))
            j, tried = j + 1, 1
            while taken[r] >= room[r] and tried < MAX_REJECTED:
                r = _candidate(tables, row, _number(stream, j))
                j, tried = j + 1, tried + 1
            if taken[r] >= room[r]:
                r, j = _choose_from_rest(weights[row], stream, j, limit, room, taken)
                if r < 0:
                    break
            kits[at] = r
            taken[r] += 1
            at += 1
        got[b] = at - start[b]
        for i in range(start[b], at):
            r = np.int64(kits[i])
            taken[r] = 0
            if left[r] < UNCAPPED:
                left[r] -= 1
                room[r] = min(limit[r], left[r])


@_jit
def _box_frames(draw: Any) -> Any:
    """Per box: cell, stream, rank, kits wanted, portions position, product pieces."""
    n, b = draw.boxes.sum(), 0
    cell, key, rank = np.empty(n, np.int32), np.empty(n, np.uint64), np.empty(n, np.uint64)
    wanted, portions, pieces = np.empty(n, np.int64), np.empty(n, np.int16), np.empty(n, np.int64)
    for c in range(len(draw.boxes)):
        s = draw.segment[c]
        for slot in range(draw.first_slot[c], draw.first_slot[c] + draw.boxes[c]):
            stream = _number(draw.key[c], slot)
            cell[b], key[b], rank[b] = c, stream, _number(draw.rank_key[c], slot)
            wanted[b] = draw.sizes[_position(draw.size_cdf[s], _unit(_number(stream, SIZE)))]
            portions[b] = _position(draw.portions_cdf[s], _unit(_number(stream, PORTIONS)))
            pieces[b] = _position(draw.pieces_cdf, _unit(_number(stream, PIECES)))
            b += 1
    return cell, key, rank, wanted, portions, pieces


@_jit
def _all_kits(draw: Any, frames: Any, start: Any) -> Any:
    """Kits of every box: pass 1 without caps, then boxes with a capped recipe as they arrive."""
    cell, key, _, _, portions, _ = frames
    tables = np.empty(draw.weights.shape, np.uint64)
    for row, weights in enumerate(draw.weights):
        tables[row] = alias_table(weights)
    kits, got = np.empty(start[-1], np.uint16), np.empty(len(cell), np.int64)
    boxes = (key, draw.segment[cell] * draw.portions_cdf.shape[1] + portions, start, got)
    choice = (draw.weights, tables)
    boundless = np.full(len(draw.limit), UNCAPPED, np.int64)
    _fill_boxes(np.arange(len(cell)), boxes, choice, draw.limit, boundless, kits)
    late = _boxes_with_capped(draw.left, kits, start, got, key)
    _fill_boxes(late, boxes, choice, draw.limit, draw.left.copy(), kits)
    return kits, got


@_jit
def _boxes_with_capped(left: Any, kits: Any, start: Any, got: Any, key: Any) -> Any:
    """Boxes that hold a capped recipe, in the order of their arrival."""
    found = np.empty(len(got), np.int64)
    n = 0
    if left.min() < UNCAPPED:
        for b in range(len(got)):
            for i in range(start[b], start[b] + got[b]):
                if left[kits[i]] < UNCAPPED:
                    found[n] = b
                    n += 1
                    break
    arrival = _number(key[found[:n]], ARRIVAL)
    return found[:n][np.argsort(arrival, kind="mergesort")]


@_jit
def _all_items(draw: Any, kits: Any, got: Any, frames: Any, start: Any) -> Any:
    """Item positions of every box, kits first, then product pieces."""
    _, key, _, _, portions, pieces = frames
    n_sizes = draw.portions_cdf.shape[1]
    products = alias_table(draw.product_rates).reshape((1, -1))
    item_ptr = np.zeros(len(key) + 1, np.int64)
    items = np.empty(got.sum() + pieces.sum(), np.int32)
    p = 0
    for b in range(len(key)):
        for i in range(start[b], start[b] + got[b]):
            items[p] = np.int64(kits[i]) * n_sizes + portions[b]
            p += 1
        for i in range(pieces[b]):
            product = _candidate(products, 0, _number(key[b], FIRST_PRODUCT + i))
            items[p] = len(draw.limit) * n_sizes + product
            p += 1
        item_ptr[b + 1] = p
    return item_ptr, items


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
        at = _number(sites[b], place[b]) & last
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


@_jit
def simulate_draw(draw: Any) -> Any:
    """DrawInput → the fields of DrawOutput. O(pieces) time and memory."""
    frames = _box_frames(draw)
    cell, _, rank, wanted, portions, _ = frames
    start = np.append(np.int64(0), np.cumsum(wanted))
    kits, got = _all_kits(draw, frames, start)
    item_ptr, items = _all_items(draw, kits, got, frames, start)
    place, sites = draw.place[cell], _site_sets(draw, cell, item_ptr, items)
    box_class, of_place, of_sites, boxes = _classes(place, sites)
    digest = _digest(place, sites, portions, item_ptr, items)
    return box_class, rank, item_ptr, items, portions, of_place, of_sites, boxes, digest
