"""The simulator of one draw, slow and obvious: what the compiled kernel must equal, byte by byte.

Reads top to bottom like the description of the algorithm; plain Python numbers, no tricks. Used by
tests, and to understand kernel.py.
"""

import itertools
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sitecast.simulate.draw import UNCAPPED, DrawInput, DrawOutput
from sitecast.simulate.kernel import (
    ARRIVAL,
    DEFAULT,
    FIRST_KIT,
    FIRST_PRODUCT,
    FIRST_REST,
    PIECES,
    PORTIONS,
    PROPOSALS,
    SIZE,
    TASTE,
)  # fmt: skip
from sitecast.simulate.slot_tables import FILL, ROOM

_WORD = 2**64 - 1


def mix(z: int) -> int:
    """The finalizer of SplitMix64."""
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9 & _WORD
    z = (z ^ z >> 27) * 0x94D049BB133111EB & _WORD
    return z ^ z >> 31


def number(key: int, j: int) -> int:
    """The j-th 64 bits of a stream."""
    return mix(key + 0x9E3779B97F4A7C15 * j & _WORD)


def fnv(words: Iterable[int], digest: int = 0xCBF29CE484222325) -> int:
    """FNV-1a of whole words."""
    for word in words:
        digest = (digest ^ word) * 0x100000001B3 & _WORD
    return digest


def unit(bits: int) -> float:
    """64 bits as a number in [0, 1)."""
    return float(bits >> 11) * 2.0**-53


def position(cdf: Sequence[float], u: float) -> int:
    """First position whose cumulative probability exceeds u."""
    return next((i for i, upto in enumerate(cdf) if u < upto), len(cdf) - 1)


def slot_table(weights: Sequence[float], keys: Sequence[int]) -> list[tuple[int, int]]:
    """Places as (how many of the proposals there are accepted, owner); (0, -1): no slot."""
    places = next(2**n for n in range(2, 64) if 2**n >= len(weights) * ROOM)
    most = int(FILL * places)
    total, slot = 0.0, 1.0
    for weight in weights:
        total += weight
    while slot * most < total:
        slot *= 2.0
    while slot * most >= total and total > 0.0:
        slot *= 0.5
    while sum(int(weight / slot) + 1 for weight in weights if weight > 0.0) > most:
        slot *= 2.0
    table = [(0, -1)] * places
    for level in range(most):
        for owner in sorted(range(len(weights)), key=lambda i: (keys[i], i)):
            threshold = int(min(weights[owner] / slot - level, 1.0) * (2**32 // places))
            if threshold > 0:
                stream = number(keys[owner], level)
                at = stream * places >> 64
                while table[at] != (0, -1):
                    at = (at + 2 * stream + 1) % places
                table[at] = threshold, owner
    return table


def proposals(table: list[tuple[int, int]], key: int, first: int) -> Iterator[int]:
    """Owners of places drawn at random; -1 when no slot lies there, or it does not accept."""
    for j in itertools.count(first):
        bits = number(key, j)
        for half in bits & 0xFFFFFFFF, bits >> 32:
            place, rest = divmod(half, 2**32 // len(table))
            threshold, owner = table[place]
            yield owner if rest < threshold else -1


def from_rest(weights: Sequence[float], open_: Sequence[bool], u: float) -> int:
    """A position among the open ones, by inverse CDF; -1 when none is open."""
    total, seen, last = 0.0, 0.0, -1
    for weight, is_open in zip(weights, open_, strict=True):
        total += weight if is_open else 0.0
    for i, weight in enumerate(weights):
        if open_[i] and weight > 0.0:
            seen, last = seen + weight, i
            if u * total < seen:
                break
    return last


def choose_kits(
    draw: DrawInput, box: "PlainBox", table: list[tuple[int, int]], left: list[int]
) -> list[int]:
    """Kits of one box: proposals by weight, rejected when the box or the cap has no room."""
    limit = draw.limit.tolist()
    held: list[int] = []

    def room(r: int) -> bool:
        return held.count(r) < min(limit[r], left[r])

    for r in itertools.islice(proposals(table, box.key, FIRST_KIT), PROPOSALS):
        if r >= 0 and len(held) < box.kits and room(r):
            held.append(r)
    kinds = [(box.kind, box.key)]
    if box.is_default:
        kinds.append((box.kind - len(draw.weight_row) // 2, box.key ^ _WORD))
    for kind, key in kinds:
        weights, j = draw.weights[draw.weight_row[kind]].tolist(), FIRST_REST
        while len(held) < box.kits:
            within = [held.count(i) < n for i, n in enumerate(limit)]
            r = from_rest(weights, within, unit(number(key, j)))
            if r >= 0 and not room(r):
                j += 1
                r = from_rest(weights, [room(i) for i in range(len(limit))], unit(number(key, j)))
            if r < 0:
                break
            held.append(r)
            j += 1
    return held


class PlainBox(NamedTuple):
    """What a box is before anything is put into it."""

    cell: int
    slot: int
    key: int
    portions: int
    kind: int
    kits: int
    is_default: bool


def _empty_boxes(draw: DrawInput) -> list[PlainBox]:
    boxes = []
    for cell, (first, count) in enumerate(zip(draw.first_slot, draw.boxes, strict=True)):
        segment = int(draw.segment[cell])
        for slot in range(int(first), int(first) + int(count)):
            key = number(int(draw.key[cell]), slot)

            def drawn(cdf: NDArray[np.float64], j: int, key: int = key) -> int:
                return position(cdf.tolist(), unit(number(key, j)))

            portions = drawn(draw.portions_cdf[segment], PORTIONS)
            taste = drawn(draw.taste_cdf[segment], TASTE)
            kind = segment * draw.taste_cdf.shape[1] + taste
            kind = kind * draw.portions_cdf.shape[1] + portions
            is_default = bool(unit(number(key, DEFAULT)) < draw.default_rate[segment])
            boxes.append(PlainBox(
                cell, slot, key, portions, kind + is_default * (len(draw.weight_row) // 2),
                int(draw.sizes[drawn(draw.size_cdf[segment], SIZE)]), is_default,
            ))  # fmt: skip
    return boxes


def _all_kits(draw: DrawInput, boxes: list[PlainBox]) -> tuple[list[list[int]], list[int]]:
    """Kits of every box, and capped kits wanted.

    First without caps, then boxes with a capped recipe as they arrive.
    """
    keys = draw.recipe_key.tolist()
    tables = [slot_table(weights.tolist(), keys) for weights in draw.weights]

    def kits_of(box: PlainBox, left: list[int]) -> list[int]:
        return choose_kits(draw, box, tables[draw.weight_row[box.kind]], left)

    kits = [kits_of(box, [UNCAPPED] * len(draw.limit)) for box in boxes]
    left = draw.left.tolist()
    late = [b for b, box in enumerate(kits) if any(left[r] < UNCAPPED for r in box)]
    wanted = [sum(box.count(r) for box in kits) if n < UNCAPPED else 0 for r, n in enumerate(left)]
    for b in sorted(late, key=lambda b: number(boxes[b].key, ARRIVAL)):
        kits[b] = kits_of(boxes[b], left)
        for r in kits[b]:
            left[r] -= left[r] < UNCAPPED
    return kits, wanted


def _products(draw: DrawInput, table: list[tuple[int, int]], key: int) -> list[int]:
    pieces = position(draw.pieces_cdf.tolist(), unit(number(key, PIECES)))
    found = (product for product in proposals(table, key, FIRST_PRODUCT) if product >= 0)
    return list(itertools.islice(found, pieces))


def simulate_draw(draw: DrawInput) -> DrawOutput:
    """The boxes of one draw, box by box."""
    boxes = _empty_boxes(draw)
    kits, wanted = _all_kits(draw, boxes)
    n_sizes = draw.portions_cdf.shape[1]
    products = slot_table(draw.product_rates.tolist(), draw.product_key.tolist())
    items = [
        [r * n_sizes + box.portions for r in held]
        + [len(draw.limit) * n_sizes + p for p in _products(draw, products, box.key)]
        for box, held in zip(boxes, kits, strict=True)
    ]
    return _as_arrays(draw, boxes, items, wanted)


def _as_arrays(
    draw: DrawInput, boxes: list[PlainBox], items: list[list[int]], wanted: list[int]
) -> DrawOutput:
    classes: dict[tuple[int, int], int] = {}
    box_class: list[int] = []
    count: list[int] = []
    digest = fnv(())
    for box, held in zip(boxes, items, strict=True):
        sites = int(draw.reach[box.cell])
        for item in held:
            sites &= int(draw.item_sites[item])
        where = int(draw.place[box.cell])
        box_class.append(classes.setdefault((where, sites), len(classes)))
        count += [0] * (len(classes) - len(count))
        count[box_class[-1]] += 1
        digest = fnv([fnv((box.portions, *held, where, sites))], digest)
    return DrawOutput(
        np.array(box_class, dtype=np.int32),
        np.array([number(int(draw.rank_key[b.cell]), b.slot) for b in boxes], dtype=np.uint64),
        np.cumsum([0, *map(len, items)]).astype(np.int64),
        np.array([item for held in items for item in held], dtype=np.int32),
        np.array([box.portions for box in boxes], dtype=np.int16),
        np.array([box.is_default for box in boxes], dtype=np.bool_),
        np.array(wanted, dtype=np.int64),
        np.array([where for where, _ in classes], dtype=np.int64),
        np.array([sites for _, sites in classes], dtype=np.uint64),
        np.array(count, dtype=np.int64),
        mix(digest),
    )
