"""Compiled code: boxes trade places, so that every site is asked for what it was asked before.

A *slot* is a place for one box at a site. Slots stay; two boxes of one group may change places
where each can be made and the two costs add up to what they were. So no load, no cap and no total
cost changes, whatever the search does. `excess` is what a lane is asked for beyond its reference;
the search lowers the sum of weight × |excess|. Whole numbers only and numbers drawn from counters:
one result on every machine (R7).

Source: pairwise exchange with best partner, then threshold accepting (Dueck & Scheuer 1990) with
geometric thresholds, which are an annealing schedule without a logarithm.
"""

from typing import NamedTuple

import numba
import numpy as np
from numpy.typing import NDArray

SCAN = 2_048
"""Boxes looked at for a way home."""
ROUNDS = 50


class Trade(NamedTuple):
    """Boxes on slots. Slots are sorted by group, then site."""

    slot_ptr: NDArray[np.int64]
    """(groups, sites + 1) slots of a group at a site."""
    slot_group: NDArray[np.int64]
    slot_site: NDArray[np.int64]
    lane: NDArray[np.int64]
    """(groups, sites) row of `excess`; -1 where the group has no boxes."""
    item_ptr: NDArray[np.int64]
    items: NDArray[np.int32]
    """(pieces,) sorted within each box."""
    kind: NDArray[np.int64]
    """(boxes,)"""
    cost: NDArray[np.int64]
    """(kinds, sites) per box; -1 where the kind cannot go."""
    weight: NDArray[np.int64]
    """(items,) of one piece too many or too few."""
    excess: NDArray[np.int64]
    """(lanes, items) pieces beyond the reference; changes."""
    box: NDArray[np.int64]
    """(slots,) the box on a slot; changes."""


@numba.njit(cache=True, nogil=True)
def go_home(trade: Trade, home: NDArray[np.int64]) -> None:
    """Send boxes back to the sites they had, by trades with boxes that are not at home either."""
    for slot in range(len(trade.box)):
        while True:
            other = _way_home(trade, home, slot)
            if other < 0:
                break
            _swap(trade, slot, other)


@numba.njit(cache=True, nogil=True)
def descend(trade: Trade, left: int, looks: int, worthwhile: int) -> int:
    """Trade each box with its best partner, in rounds, until they gain too little for their time.

    `left` is the sum before, the result the sum after. A box has so many `looks` at partners in
    a round; the next round looks at others. A group's first round that gains less than `worthwhile`
    is its last.
    """
    n_groups = len(trade.slot_ptr)
    is_open, turn = np.ones(n_groups, np.bool_), 0
    while turn < ROUNDS and is_open.any():
        for group in range(n_groups):
            gained = _round(trade, group, looks, turn) if is_open[group] else 0
            left -= gained
            is_open[group] = is_open[group] and gained >= worthwhile
        turn += 1
    return left


@numba.njit(cache=True, nogil=True)
def _round(trade: Trade, group: int, looks: int, turn: int) -> int:
    """What trading each box of a group with its best partner gains."""
    gained = 0
    for slot in range(trade.slot_ptr[group, 0], trade.slot_ptr[group, -1]):
        targets = _wanting(trade, slot)
        target = 0
        while targets:
            if targets & 1:
                gained -= _trade_best(trade, slot, target, looks, turn)
            targets >>= 1
            target += 1
    return gained


@numba.njit(cache=True, nogil=True)
def anneal(trade: Trade, proposals: int, scale: int) -> int:
    """Try trades drawn by counter, some of them for the worse; returns the change."""
    total, n = 0, len(trade.box)
    for t in range(proposals):
        draw = _mixed(np.uint64(t))
        slot = int((draw >> np.uint64(32)) % np.uint64(n))
        g = trade.slot_group[slot]
        first, last = trade.slot_ptr[g, 0], trade.slot_ptr[g, -1]
        mine = trade.slot_ptr[g, trade.slot_site[slot]]
        ours = trade.slot_ptr[g, trade.slot_site[slot] + 1] - mine
        other = first + int((draw & np.uint64(0xFFFFFFFF)) % np.uint64(last - first - ours))
        if other >= mine:
            other += ours
        if not _may_trade(trade, slot, other):
            continue
        change = _swap(trade, slot, other)
        if 2 * change * proposals > _zeros(_mixed(draw)) * scale * (proposals - t):
            _swap(trade, slot, other)
        else:
            total += change
    return total


@numba.njit(cache=True, nogil=True)
def _way_home(trade: Trade, home: NDArray[np.int64], slot: int) -> int:
    """The slot to trade with, best where both boxes get home; -1 for none."""
    g, site, target = trade.slot_group[slot], trade.slot_site[slot], home[trade.box[slot]]
    if target < 0 or target == site or trade.cost[trade.kind[trade.box[slot]], target] < 0:
        return -1
    first, n = trade.slot_ptr[g, target], trade.slot_ptr[g, target + 1] - trade.slot_ptr[g, target]
    found = -1
    for k in range(min(n, SCAN)):
        other = first + (slot + k) % n
        theirs = home[trade.box[other]]
        if theirs == target or not _may_trade(trade, slot, other):
            continue
        if theirs == site:
            return other
        if found < 0:
            found = other
    return found


@numba.njit(cache=True, nogil=True)
def _trade_best(trade: Trade, slot: int, target: int, looks: int, turn: int) -> int:
    """The change made by trading with the best partner at `target`; 0 when none helps."""
    b, g = trade.box[slot], trade.slot_group[slot]
    here, there = trade.lane[g, trade.slot_site[slot]], trade.lane[g, target]
    first, n = trade.slot_ptr[g, target], trade.slot_ptr[g, target + 1] - trade.slot_ptr[g, target]
    if n == 0 or trade.cost[trade.kind[b], target] < 0:
        return 0
    moved = _change(trade, b, here, there)
    _put(trade, b, here, -1)
    _put(trade, b, there, 1)
    start = int(_mixed(np.uint64(slot * ROUNDS + turn)) % np.uint64(n))
    found, best = -1, -moved
    for k in range(min(n, looks)):
        other = first + (start + k) % n
        if not _may_trade(trade, slot, other):
            continue
        change = _change(trade, trade.box[other], there, here)
        if change < best:
            found, best = other, change
    if found < 0:
        _put(trade, b, there, -1)
        _put(trade, b, here, 1)
        return 0
    c = trade.box[found]
    _put(trade, c, there, -1)
    _put(trade, c, here, 1)
    trade.box[slot], trade.box[found] = c, b
    return moved + best


@numba.njit(cache=True, nogil=True)
def _may_trade(trade: Trade, slot: int, other: int) -> bool:
    b, c = trade.kind[trade.box[slot]], trade.kind[trade.box[other]]
    here, there = trade.slot_site[slot], trade.slot_site[other]
    if trade.cost[b, there] < 0 or trade.cost[c, here] < 0:
        return False
    before = trade.cost[b, here] + trade.cost[c, there]
    return bool(before == trade.cost[b, there] + trade.cost[c, here])


@numba.njit(cache=True, nogil=True)
def _wanting(trade: Trade, slot: int) -> int:
    """A bit for each site to which the box could bring a piece that is too many here.

    Every trade that helps has a piece that is one too many here and one too few there, on one of
    its two boxes; so boxes without such a piece are not worth a scan.
    """
    g, site, box, sites = trade.slot_group[slot], trade.slot_site[slot], trade.box[slot], 0
    here = trade.lane[g, site]
    for piece in range(trade.item_ptr[box], trade.item_ptr[box + 1]):
        item = trade.items[piece]
        if trade.excess[here, item] <= 0:
            continue
        for target in range(trade.lane.shape[1]):
            there = trade.lane[g, target]
            if there >= 0 and trade.excess[there, item] < 0:
                sites |= 1 << target
    return sites


@numba.njit(cache=True, nogil=True)
def _swap(trade: Trade, slot: int, other: int) -> int:
    """Let two boxes change places; returns the change of the weighted sum."""
    b, c, g = trade.box[slot], trade.box[other], trade.slot_group[slot]
    here, there = trade.lane[g, trade.slot_site[slot]], trade.lane[g, trade.slot_site[other]]
    trade.box[slot], trade.box[other] = c, b
    change = _put(trade, b, here, -1) + _put(trade, b, there, 1)
    return change + _put(trade, c, there, -1) + _put(trade, c, here, 1)


@numba.njit(cache=True, nogil=True)
def _change(trade: Trade, box: int, here: int, there: int) -> int:
    """What moving a box from one lane to another would change."""
    total, piece, end = 0, trade.item_ptr[box], trade.item_ptr[box + 1]
    while piece < end:
        item, n = trade.items[piece], 1
        while piece + n < end and trade.items[piece + n] == item:
            n += 1
        left, got = trade.excess[here, item], trade.excess[there, item]
        total += trade.weight[item] * (abs(left - n) - abs(left) + abs(got + n) - abs(got))
        piece += n
    return total


@numba.njit(cache=True, nogil=True)
def _put(trade: Trade, box: int, lane: int, step: int) -> int:
    total = 0
    for piece in range(trade.item_ptr[box], trade.item_ptr[box + 1]):
        item = trade.items[piece]
        before = trade.excess[lane, item]
        trade.excess[lane, item] = before + step
        total += trade.weight[item] * (abs(before + step) - abs(before))
    return total


@numba.njit(cache=True, nogil=True)
def _zeros(bits: np.uint64) -> int:
    """Trailing zeros, at most 40: k or more with probability 2 ** -k."""
    n = 0
    while n < 40 and not (bits >> np.uint64(n)) & np.uint64(1):
        n += 1
    return n


@numba.njit(cache=True, nogil=True)
def _mixed(counter: np.uint64) -> np.uint64:
    """SplitMix64 of a counter."""
    z = counter + np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))
