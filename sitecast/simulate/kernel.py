"""The compiled kernel of the order simulator; plain.py says the same slowly and must agree.

One module, since numba's cache does not see changes in other files; never `parallel`: threads run
whole draws. Only +, −, ×, ÷ and comparisons touch floats, in a fixed order: the bytes of a draw do
not depend on the processor.
"""

from typing import Any, NamedTuple

import numba
import numpy as np
from numpy.typing import NDArray

from sitecast.simulate.counters import GAMMA, mix, number, unit
from sitecast.simulate.draw import UNCAPPED

# Which number of a box's stream decides what.
SIZE, PORTIONS, PIECES, ARRIVAL, TASTE, DEFAULT = 0, 1, 2, 3, 4, 5
FIRST_KIT, FIRST_REST, FIRST_PRODUCT = 16, 16 + 32, 1 << 40
BLOCK = 8
"""Proposals made at once; divides FIRST_REST - FIRST_KIT."""
_LOW32, _LOW16, _S16 = np.uint64(0xFFFFFFFF), np.uint64(0xFFFF), np.uint64(16)
_FEW = 16
_jit = numba.njit(cache=True, nogil=True)


class Boxes(NamedTuple):
    """What a box is before anything is put into it."""

    cell: NDArray[np.int32]
    key: NDArray[np.uint64]
    rank: NDArray[np.uint64]
    kind: NDArray[np.int32]
    """Position of the box's weights in `weight_row`."""
    portions: NDArray[np.int16]
    pieces: NDArray[np.int16]
    is_default: NDArray[np.bool_]
    start: NDArray[np.int32]
    """(boxes + 1,) where the kits of a box begin."""


@_jit
def _position(cdf: Any, u: Any) -> Any:
    """First position whose cumulative probability exceeds u."""
    low, high = 0, len(cdf) - 1
    if high <= _FEW:  # counting has no branch to guess wrong
        for i in range(high):
            low += u >= cdf[i]
        return low
    while low < high:
        middle = (low + high) // 2
        if u < cdf[middle]:
            high = middle
        else:
            low = middle + 1
    return low


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
def _accepted(entries: Any, first: Any, shift: Any, stream: Any, bits: Any, owners: Any) -> Any:
    """Owners of the accepted ones among BLOCK proposals; how many.

    Two loops without branches: the first one becomes vector code.
    """
    for i in range(BLOCK):
        bits[i] = mix(stream + GAMMA * np.uint64(i))
    n = np.uint64(0)
    for i in range(BLOCK):
        entry = entries[first + (bits[i] >> shift)]
        owners[n] = np.int64(entry & _LOW16)
        n += np.uint64((bits[i] & _LOW32) < (entry >> _S16))
    return np.int64(n)


@_jit
def _fill_from_rest(weights: Any, key: Any, span: Any, limit: Any, space: Any, kits: Any) -> Any:
    """Kits by inverse CDF over the rest, as far as there is any; where the next one would go."""
    (at, end), (room, taken), j = span, space, FIRST_REST
    while at < end:
        r = _from_rest(weights, taken, limit, unit(number(key, j)))
        if r >= 0 and taken[r] >= room[r]:
            j += 1
            r = _from_rest(weights, taken, room, unit(number(key, j)))
        if r < 0:
            break
        kits[at] = r
        taken[r] += 1
        j, at = j + 1, at + 1
    return at


@_jit
def fill_boxes(order: Any, boxes: Any, tables: Any, draw: Any, left: Any, kits: Any, got: Any
               ) -> None:  # fmt: skip
    """Fill each box in `order`, which take what is left of capped recipes; `got` says how many.

    Proposals by weight; one that the box or the cap has no room for is rejected, which leaves
    exactly the choice among the rest (IIA). After a fixed number of proposals the inverse CDF over
    the rest goes on, which is exact too. A sold-out recipe (limit > room) is rejected like any
    other: a box that did not want it stays as it is. A default box that holds the whole pool goes
    on with what its customer would choose.
    """
    (entries, first_of, shift_of), weights, limit = tables, draw.weights, draw.limit
    kind, keys, start, is_default = boxes.kind, boxes.key, boxes.start, boxes.is_default
    row_of = draw.weight_row
    bits, owners = np.empty(BLOCK, np.uint64), np.empty(BLOCK + 1, np.int64)
    room, taken = np.minimum(limit, left), np.zeros(len(left), np.int64)
    for b in order:
        row, key, at, end, j = row_of[kind[b]], keys[b], start[b], start[b + 1], FIRST_KIT
        first, shift = np.uint64(first_of[row]), np.uint64(shift_of[row])
        while at < end and j < FIRST_REST:
            stream = key + GAMMA * np.uint64(j)
            for i in range(_accepted(entries, first, shift, stream, bits, owners)):
                r = owners[i]
                if at < end and taken[r] < room[r]:
                    kits[at] = r
                    taken[r] += 1
                    at += 1
            j += BLOCK
        if at < end:
            at = _fill_from_rest(weights[row], key, (at, end), limit, (room, taken), kits)
        if at < end and is_default[b]:
            row = draw.weight_row[boxes.kind[b] - len(draw.weight_row) // 2]
            at = _fill_from_rest(weights[row], ~key, (at, end), limit, (room, taken), kits)
        got[b] = at - start[b]
        for i in range(start[b], at):
            r = np.int64(kits[i])
            taken[r] = 0
            if left[r] < UNCAPPED:
                left[r] -= 1
                room[r] = min(limit[r], left[r])


@_jit
def empty_boxes(draw: Any) -> Any:
    """The boxes of the draw, in the order of cells and slots."""
    n, b = draw.boxes.sum(), 0
    n_tastes, n_sizes, half = (
        draw.taste_cdf.shape[1],
        draw.portions_cdf.shape[1],
        len(draw.weight_row),
    )
    cell, key, rank = np.empty(n, np.int32), np.empty(n, np.uint64), np.empty(n, np.uint64)
    kind, portions, pieces = np.empty(n, np.int32), np.empty(n, np.int16), np.empty(n, np.int16)
    is_default, start = np.empty(n, np.bool_), np.zeros(n + 1, np.int32)
    sizes, pieces_cdf = draw.sizes, draw.pieces_cdf
    for c in range(len(draw.boxes)):
        s, first, cell_key, rank_key = (
            draw.segment[c],
            draw.first_slot[c],
            draw.key[c],
            draw.rank_key[c],
        )
        size_cdf, portions_cdf, taste_cdf = (
            draw.size_cdf[s],
            draw.portions_cdf[s],
            draw.taste_cdf[s],
        )
        default_rate = draw.default_rate[s]
        for slot in range(first, first + draw.boxes[c]):
            stream = number(cell_key, slot)
            cell[b], key[b], rank[b] = c, stream, number(rank_key, slot)
            wanted = sizes[_position(size_cdf, unit(number(stream, SIZE)))]
            size = _position(portions_cdf, unit(number(stream, PORTIONS)))
            taste = _position(taste_cdf, unit(number(stream, TASTE))) if n_tastes > 1 else 0
            pieces[b] = _position(pieces_cdf, unit(number(stream, PIECES)))
            default = default_rate > 0.0 and unit(number(stream, DEFAULT)) < default_rate
            kind[b] = (s * n_tastes + taste) * n_sizes + size + (half // 2 if default else 0)
            portions[b], is_default[b] = size, default
            start[b + 1] = start[b] + wanted
            b += 1
    return Boxes(cell, key, rank, kind, portions, pieces, is_default, start)


@_jit
def boxes_with_capped(left: Any, kits: Any, boxes: Any, got: Any) -> Any:
    """Boxes that hold a capped recipe, as they arrive; and (R,) capped kits that boxes hold."""
    found, wanted = np.empty(len(got), np.int32), np.zeros(len(left), np.int64)
    n = 0
    if left.min() < UNCAPPED:
        for b in range(len(got)):
            has_capped = False
            for i in range(boxes.start[b], boxes.start[b] + got[b]):
                if left[kits[i]] < UNCAPPED:
                    wanted[kits[i]] += 1
                    has_capped = True
            if has_capped:
                found[n] = b
                n += 1
    arrival = number(boxes.key[found[:n]], ARRIVAL)
    return found[:n][np.argsort(arrival, kind="mergesort")], wanted


@_jit
def items_of_boxes(draw: Any, products: Any, boxes: Any, kits: Any, got: Any) -> Any:
    """Item positions of every box, kits first, then product pieces.

    `products` are the slot tables of the products' rates: one row.
    """
    n_sizes, first_product = (
        draw.portions_cdf.shape[1],
        len(draw.limit) * draw.portions_cdf.shape[1],
    )
    entries, shift = products.entries, np.uint64(products.shift[0])
    key, start, portions, pieces = boxes.key, boxes.start, boxes.portions, boxes.pieces
    item_ptr = np.zeros(len(key) + 1, np.int64)
    items = np.empty(got.sum() + pieces.sum(), np.int32)
    p = 0
    for b in range(len(key)):
        for i in range(start[b], start[b] + got[b]):
            items[p] = np.int64(kits[i]) * n_sizes + portions[b]
            p += 1
        j = FIRST_PRODUCT
        end = p + pieces[b]
        while p < end:
            bits = number(key[b], j)
            entry = entries[bits >> shift]
            if (bits & _LOW32) < (entry >> _S16):
                items[p] = first_product + np.int64(entry & _LOW16)
                p += 1
            j += 1
        item_ptr[b + 1] = p
    return item_ptr, items
