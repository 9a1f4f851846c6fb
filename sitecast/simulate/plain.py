"""The simulator of one draw, slow and obvious: what the compiled kernel must equal, byte by byte.

Reads top to bottom like the description of the algorithm; plain Python numbers, no tricks. Used by
tests, and to understand kernel.py.
"""

from collections.abc import Sequence

import numpy as np

from sitecast.simulate.draw import UNCAPPED, DrawInput, DrawOutput
from sitecast.simulate.kernel import (
    ARRIVAL,
    FIRST_KIT,
    FIRST_PRODUCT,
    MAX_REJECTED,
    PIECES,
    PORTIONS,
    SIZE,
)  # fmt: skip

_WORD = 2**64 - 1


def mix(z: int) -> int:
    """The finalizer of SplitMix64."""
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9 & _WORD
    z = (z ^ z >> 27) * 0x94D049BB133111EB & _WORD
    return z ^ z >> 31


def number(key: int, j: int) -> int:
    """The j-th 64 bits of a stream."""
    return mix(key + 0x9E3779B97F4A7C15 * j & _WORD)


def unit(bits: int) -> float:
    """64 bits as a number in [0, 1)."""
    return float(bits >> 11) * 2.0**-53


def position(cdf: Sequence[float], u: float) -> int:
    """First position whose cumulative probability exceeds u."""
    return next((i for i, upto in enumerate(cdf) if u < upto), len(cdf) - 1)


def alias_table(weights: Sequence[float]) -> list[tuple[int, int]]:
    """Vose's alias table: (threshold in 2^-32, alias) per position."""
    n, total = len(weights), 0.0
    for weight in weights:
        total += weight
    if total <= 0.0:
        return [(0, 0)] * n
    top = max(range(n), key=lambda i: (weights[i], -i))
    table = [(0, top) if weight <= 0.0 else (2**32 - 1, i) for i, weight in enumerate(weights)]
    scaled = [weight / total * n for weight in weights]
    small = [i for i in range(n) if scaled[i] < 1.0]
    large = [i for i in range(n) if scaled[i] >= 1.0]
    while small and large:
        least, most = small.pop(), large[-1]
        table[least] = (int(scaled[least] * 4294967296.0), most)
        scaled[most] -= 1.0 - scaled[least]
        if scaled[most] < 1.0:
            small.append(large.pop())
    return table


def candidate(table: list[tuple[int, int]], bits: int) -> int:
    """A position drawn by its weight."""
    i = (bits >> 32) * len(table) >> 32
    threshold, alias = table[i]
    return i if bits & 0xFFFFFFFF < threshold else alias


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
    draw: DrawInput, row: int, table: list[tuple[int, int]], key: int, kits: int, left: list[int]
) -> list[int]:
    """Kits of one box: candidates by weight, rejected when the box or the cap has no room."""
    weights, limit = draw.weights[row].tolist(), draw.limit.tolist()
    box: list[int] = []
    j = FIRST_KIT

    def room(r: int) -> bool:
        return box.count(r) < min(limit[r], left[r])

    while len(box) < kits:
        choice = -1
        for _ in range(MAX_REJECTED):
            r = candidate(table, number(key, j))
            j += 1
            if room(r):
                choice = r
                break
        if choice < 0:
            open_ = [box.count(r) < limit[r] for r in range(len(weights))]
            choice = from_rest(weights, open_, unit(number(key, j)))
            j += 1
            if choice >= 0 and not room(choice):
                open_ = [room(r) for r in range(len(weights))]
                choice = from_rest(weights, open_, unit(number(key, j)))
                j += 1
        if choice < 0:
            break
        box.append(choice)
    return box


def _all_kits(
    draw: DrawInput, keys: list[int], rows: list[int], wanted: list[int]
) -> list[list[int]]:
    """Kits of every box: first without caps, then boxes with a capped recipe as they arrive."""
    tables = [alias_table(weights.tolist()) for weights in draw.weights]

    def kits_of(b: int, left: list[int]) -> list[int]:
        return choose_kits(draw, rows[b], tables[rows[b]], keys[b], wanted[b], left)

    kits = [kits_of(b, [UNCAPPED] * len(draw.limit)) for b in range(len(keys))]
    left = draw.left.tolist()
    late = [b for b, box in enumerate(kits) if any(left[r] < UNCAPPED for r in box)]
    for b in sorted(late, key=lambda b: number(keys[b], ARRIVAL)):
        kits[b] = kits_of(b, left)
        for r in kits[b]:
            left[r] -= left[r] < UNCAPPED
    return kits


def simulate_draw(draw: DrawInput) -> DrawOutput:
    """The boxes of one draw, box by box."""
    slots = [
        (cell, int(first) + i)
        for cell, (first, count) in enumerate(zip(draw.first_slot, draw.boxes, strict=True))
        for i in range(int(count))
    ]
    keys = [number(int(draw.key[cell]), slot) for cell, slot in slots]
    segments = [int(draw.segment[cell]) for cell, _ in slots]
    n_sizes = draw.portions_cdf.shape[1]
    portions = [
        position(draw.portions_cdf[s].tolist(), unit(number(key, PORTIONS)))
        for s, key in zip(segments, keys, strict=True)
    ]
    wanted = [
        int(draw.sizes[position(draw.size_cdf[s].tolist(), unit(number(key, SIZE)))])
        for s, key in zip(segments, keys, strict=True)
    ]
    rows = [s * n_sizes + p for s, p in zip(segments, portions, strict=True)]
    kits = _all_kits(draw, keys, rows, wanted)
    products = alias_table(draw.product_rates.tolist())
    items = []
    for b, key in enumerate(keys):
        pieces = position(draw.pieces_cdf.tolist(), unit(number(key, PIECES)))
        extra = [candidate(products, number(key, FIRST_PRODUCT + i)) for i in range(pieces)]
        items.append([r * n_sizes + portions[b] for r in kits[b]]
                     + [len(draw.limit) * n_sizes + product for product in extra])  # fmt: skip
    return _as_arrays(draw, slots, portions, items)


def _as_arrays(
    draw: DrawInput, slots: list[tuple[int, int]], portions: list[int], items: list[list[int]]
) -> DrawOutput:
    classes: dict[tuple[int, int], int] = {}
    box_class: list[int] = []
    boxes: list[int] = []
    digest = 0xCBF29CE484222325
    for (cell, _), size, box in zip(slots, portions, items, strict=True):
        sites = int(draw.reach[cell])
        for item in box:
            sites &= int(draw.item_sites[item])
        place = int(draw.place[cell])
        box_class.append(classes.setdefault((place, sites), len(classes)))
        boxes += [0] * (len(classes) - len(boxes))
        boxes[box_class[-1]] += 1
        for word in (place, sites, size, *box):
            digest = (digest ^ word) * 0x100000001B3 & _WORD
    return DrawOutput(
        np.array(box_class, dtype=np.int32),
        np.array([number(int(draw.rank_key[c]), slot) for c, slot in slots], dtype=np.uint64),
        np.cumsum([0, *map(len, items)]).astype(np.int64),
        np.array([item for box in items for item in box], dtype=np.int32),
        np.array(portions, dtype=np.int16),
        np.array([place for place, _ in classes], dtype=np.int64),
        np.array([sites for _, sites in classes], dtype=np.uint64),
        np.array(boxes, dtype=np.int64),
        mix(digest),
    )
