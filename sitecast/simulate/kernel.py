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
PROPOSALS = 32
"""That a box makes; each number of its stream is two, its low half first."""
FIRST_KIT, FIRST_REST, FIRST_PRODUCT = 16, 16 + PROPOSALS // 2, 1 << 40
BLOCK = 8
"""Proposals made at once; divides PROPOSALS."""
LANES = 512
"""Boxes whose kits lie together: kits[box // LANES, kit, box % LANES]."""
_LOW32, _S32 = np.uint64(0xFFFFFFFF), np.uint64(32)
_FEW = 16
_jit = numba.njit(cache=True, nogil=True)


class Boxes(NamedTuple):
    """What a box is before anything is put into it."""

    cell: NDArray[np.int32]
    key: NDArray[np.uint64]
    rank: NDArray[np.uint64]
    kind: NDArray[np.int32]
    """Position of the box's weights in `weight_row`."""
    size: NDArray[np.uint16]
    """Kits it wants."""
    portions: NDArray[np.int16]
    pieces: NDArray[np.int16]
    is_default: NDArray[np.bool_]


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
def _from_rest(weights: Any, some: Any, taken: Any, room: Any, u: Any) -> Any:
    """Inverse CDF over those of `some` recipes that the box has room for; -1 when there is none."""
    total = 0.0
    for r in some:
        if taken[r] < room[r]:
            total += weights[r]
    seen, last = 0.0, -1
    for r in some:
        if taken[r] < room[r]:
            seen, last = seen + weights[r], r
            if u * total < seen:
                break
    return last


@_jit
def _accepted(tables: Any, row: Any, stream: Any, bits: Any, owners: Any) -> Any:
    """Owners of the accepted ones among BLOCK proposals; how many."""
    entries, log2 = tables.entries, np.uint64(tables.log2)
    first, nobody = np.uint64(row) << log2, (np.uint64(1) << log2) - np.uint64(1)
    for i in range(BLOCK // 2):
        z = mix(stream + GAMMA * np.uint64(i))
        bits[2 * i], bits[2 * i + 1] = z & _LOW32, z >> _S32
    n = np.uint64(0)
    for i in range(BLOCK):
        entry = np.uint64(entries[first + (bits[i] >> (_S32 - log2))])
        owner = entry & nobody
        owners[n] = np.int64(owner)
        n += np.uint64((owner < nobody) & (((bits[i] << log2) & _LOW32) <= (entry | nobody)))
    return np.int64(n)


@_jit
def _fill_from_rest(weights: Any, key: Any, span: Any, limit: Any, space: Any, held: Any) -> Any:
    """Kits by inverse CDF over the rest, as far as there is any; how many the box has then."""
    (at, end), (room, taken, some), j, n = span, space, FIRST_REST, np.int64(0)
    for r in range(len(weights)):
        some[n] = r
        n += np.int64(weights[r] > 0.0)
    some = some[:n]
    while at < end:
        r = _from_rest(weights, some, taken, limit, unit(number(key, j)))
        if r >= 0 and taken[r] >= room[r]:
            j += 1
            r = _from_rest(weights, some, taken, room, unit(number(key, j)))
        if r < 0:
            break
        held[at] = r
        taken[r] += 1
        j, at = j + 1, at + 1
    return at


@_jit
def _settle(held: Any, limit: Any, left: Any, room: Any, taken: Any) -> None:
    """What a box took is gone; the next one begins with nothing."""
    for r in held:
        taken[r] = 0
        if left[r] < UNCAPPED:
            left[r] -= 1
            room[r] = min(limit[r], left[r])


@_jit
def fill_boxes(order: Any, boxes: Any, tables: Any, draw: Any, left: Any, kits: Any, got: Any
               ) -> None:  # fmt: skip
    """Fill each box in `order`, which take what is left of capped recipes.

    Proposals by weight; one that the box or the cap has no room for is rejected, which leaves
    exactly the choice among the rest (IIA). After a fixed number of proposals the inverse CDF over
    the rest goes on, which is exact too. A sold-out recipe (limit > room) is rejected like any
    other: a box that did not want it stays as it is. A default box that holds the whole pool goes
    on with what its customer would choose. `got` says how many kits a box holds, before and after;
    one that holds some already has made its proposals.
    """
    weights, limit, row_of = draw.weights, draw.limit, draw.weight_row
    bits, owners = np.empty(BLOCK, np.uint64), np.empty(BLOCK + 1, np.int64)
    room, taken = np.minimum(limit, left), np.zeros(len(left), np.int64)
    space = room, taken, np.empty(len(left) + 1, np.int64)
    for b in order:
        row, key, at, end = row_of[boxes.kind[b]], boxes.key[b], got[b], boxes.size[b]
        held, j = kits[b // LANES, :, b % LANES], FIRST_KIT if at == 0 else FIRST_REST
        for i in range(at):
            taken[held[i]] += 1
        while at < end and j < FIRST_REST:
            stream = key + GAMMA * np.uint64(j)
            for i in range(_accepted(tables, row, stream, bits, owners)):
                r = owners[i]
                if at < end and taken[r] < room[r]:
                    held[at] = r
                    taken[r] += 1
                    at += 1
            j += BLOCK // 2
        if at < end:
            at = _fill_from_rest(weights[row], key, (at, end), limit, space, held)
        if at < end and boxes.is_default[b]:
            row = row_of[boxes.kind[b] - len(row_of) // 2]
            at = _fill_from_rest(weights[row], ~key, (at, end), limit, space, held)
        got[b] = at
        _settle(held[:at], limit, left, room, taken)


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
    is_default, size = np.empty(n, np.bool_), np.empty(n, np.uint16)
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
            size[b] = sizes[_position(size_cdf, unit(number(stream, SIZE)))]
            people = _position(portions_cdf, unit(number(stream, PORTIONS)))
            taste = _position(taste_cdf, unit(number(stream, TASTE))) if n_tastes > 1 else 0
            pieces[b] = _position(pieces_cdf, unit(number(stream, PIECES)))
            default = default_rate > 0.0 and unit(number(stream, DEFAULT)) < default_rate
            kind[b] = (s * n_tastes + taste) * n_sizes + people + (half // 2 if default else 0)
            portions[b], is_default[b] = people, default
            b += 1
    return Boxes(cell, key, rank, kind, size, portions, pieces, is_default)


@_jit
def boxes_with_capped(left: Any, kits: Any, boxes: Any, got: Any) -> Any:
    """Boxes that hold a capped recipe, as they arrive; and (R,) capped kits that boxes hold."""
    found, wanted = np.empty(len(got), np.uint32), np.zeros(len(left), np.int64)
    n = 0
    if left.min() < UNCAPPED:
        for b in range(len(got)):
            has_capped = False
            for i in range(got[b]):
                r = kits[b // LANES, i, b % LANES]
                if left[r] < UNCAPPED:
                    wanted[r] += 1
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
    bits, owners = np.empty(BLOCK, np.uint64), np.empty(BLOCK + 1, np.int64)
    portions, pieces = boxes.portions, boxes.pieces
    item_ptr = np.zeros(len(got) + 1, np.int64)
    items = np.empty(got.sum() + pieces.sum(), np.int32)
    p = 0
    for b in range(len(got)):
        for i in range(got[b]):
            items[p] = np.int64(kits[b // LANES, i, b % LANES]) * n_sizes + portions[b]
            p += 1
        stream, end = boxes.key[b] + GAMMA * np.uint64(FIRST_PRODUCT), p + pieces[b]
        while p < end:
            for i in range(_accepted(products, 0, stream, bits, owners)):
                if p < end:
                    items[p] = first_product + owners[i]
                    p += 1
            stream += GAMMA * np.uint64(BLOCK // 2)
        item_ptr[b + 1] = p
    return item_ptr, items
