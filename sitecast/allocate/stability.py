"""Stable plans: which boxes go where inside the optimal totals, so that little changes."""

from dataclasses import dataclass
from functools import cached_property
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from sitecast.allocate.search import (
    Trade,
    anneal,
    descend,
    go_home,
)  # fmt: skip
from sitecast.allocate.steady_slots import Kinds, excess_of, slots_of, tradeable
from sitecast.records.draw_boxes import DrawBoxes

Counts = NDArray[np.int64]
WORTHWHILE = 1_000
"""A group's quick round that gains less than this part of the change is its last."""
FEW_BOXES = 20_000
"""Up to so many boxes the search is thorough, or up to as many as there are proposals."""
QUICK_LOOKS, MANY_LOOKS = 64, 2_048
"""Partners looked at for one box in a round of the quick, and of the thorough search."""


@dataclass(frozen=True)
class TradeTerms:
    """Who may trade places with whom; the same for all draws of a week."""

    group: Counts
    """(classes,) boxes of one group may trade."""
    cost: Counts
    """(classes, sites) minor units per box; -1 where the class cannot go."""
    lane: Counts
    """(groups, sites) row of the reference counts; -1 where the group cannot go."""

    @cached_property
    def kinds(self) -> Kinds:
        """Classes that may trade with the same boxes, and with whom."""
        able = self.cost >= 0
        least = np.where(able, self.cost, np.iinfo(np.int64).max).min(axis=1, initial=2**62)
        above = np.where(able, self.cost - least[:, None], -1)
        rows, of_class = np.unique(np.column_stack([self.group, above]), axis=0,
                                   return_inverse=True)  # fmt: skip
        group, cost = rows[:, 0].copy(), rows[:, 1:].copy()
        return Kinds(of_class.reshape(-1).astype(np.int64), group, cost, _pools(group, cost))


@dataclass(frozen=True)
class Churn:
    """How much two plans differ, and the least that any allocation could have reached (R11)."""

    changed: int
    """Σ weight × |pieces − reference| over lanes and items."""
    least: int
    """The same after adding up the lanes between which boxes can be traded."""
    pieces: int
    """Σ weight × pieces."""

    @property
    def wape_site(self) -> float:
        """Change as a share of all pieces; 0 for an empty plan."""
        return self.changed / self.pieces if self.pieces else 0.0

    @property
    def wape_global(self) -> float:
        """The lower bound of `wape_site`: what the order book itself has changed."""
        return self.least / self.pieces if self.pieces else 0.0


def churn(pieces: Counts, reference: Counts, weight: Counts, pool: Counts) -> Churn:
    """Compare what lanes are asked for with what they were asked for.

    Args:
        pieces: (lanes, items) kits and products now.
        reference: (lanes, items) the same in the plan to stay close to.
        weight: (items,) of one piece; whole numbers, at least 0.
        pool: (lanes,) lanes of one pool serve the same boxes, e.g. those of one delivery date.
    Example:
        >>> now, before = np.array([[3, 0], [1, 2]]), np.array([[2, 1], [2, 1]])
        >>> result = churn(now, before, np.array([1, 1]), np.array([0, 0]))
        >>> result.changed, result.least, result.pieces
        (4, 0, 6)
    """
    excess = pieces - reference
    pooled = np.zeros((int(pool.max(initial=-1)) + 1, excess.shape[1]), dtype=np.int64)
    np.add.at(pooled, pool, excess)
    return Churn(int((np.abs(excess) @ weight).sum()), int((np.abs(pooled) @ weight).sum()),
                 int((pieces @ weight).sum()))  # fmt: skip


def settle(
    boxes: DrawBoxes, site: Counts, home: Counts, terms: TradeTerms, reference: Counts,
    weight: Counts, proposals: int,
) -> Counts:  # fmt: skip
    """Let boxes trade places until each site's items are close to the reference.

    A trade needs two boxes of one group, each makeable at the other's site, whose costs add up to
    the same: the number of boxes at every site-day, the boxes left over, and the total cost stay
    exactly as they are (R2–R4). Starts from the sites that boxes had, then searches.

    Args:
        boxes: the boxes that may trade.
        site: (boxes,) feasible site of each, -1 for none; at least cost.
        home: (boxes,) the site each had in the plan to stay close to, -1 for none.
        terms: groups, costs and lanes of the boxes' classes.
        reference: (lanes, items) pieces to stay close to.
        weight: (items,) of one piece too many or too few; whole numbers, at least 0.
        proposals: trades tried beyond the best-partner search, unless boxes are too many.
    Returns:
        (boxes,) site of each; the weighted change is never above that of the sites given.
    Source:
        Σ weight × |pieces − reference| of arXiv 2509.06157; decision "Stability".
    """
    trade, box = _trade(boxes, site, terms, reference, weight)
    given = (_weighted(trade), trade.box.copy())
    go_home(trade, home[box])
    start = _weighted(trade)
    quick = descend(trade, start, QUICK_LOOKS, 1 + start // WORTHWHILE)
    states = [(quick, trade.box.copy()), given]
    if quick and len(box) and len(site) <= max(FEW_BOXES, proposals):
        anneal(trade, proposals, _typical(weight))
        states.insert(1, (descend(trade, _weighted(trade), MANY_LOOKS, 1), trade.box))
    settled = site.copy()
    settled[box[min(states, key=lambda state: state[0])[1]]] = trade.slot_site
    return settled


def _trade(
    boxes: DrawBoxes, site: Counts, terms: TradeTerms, reference: Counts, weight: Counts
) -> tuple[Trade, Counts]:
    """The boxes that can trade, numbered by their first slots; and what those numbers stand for."""
    kinds, n_sites = terms.kinds, terms.lane.shape[1]
    may = tradeable(kinds, boxes.box_class, site)
    slots = slots_of(kinds, may, boxes.box_class, site, len(terms.lane), boxes.item_ptr,
                     boxes.items)  # fmt: skip
    used = np.diff(slots.ptr, axis=1)
    group, at = np.divmod(np.repeat(np.arange(used.size), used.reshape(-1)), n_sites)
    matters = np.zeros(len(reference), dtype=bool)
    matters[terms.lane[used > 0]] = True
    excess = excess_of(reference, matters, terms.lane, terms.group, boxes.box_class, site,
                       boxes.item_ptr, boxes.items)  # fmt: skip
    kind = kinds.of_class[boxes.box_class[slots.box]]
    trade = Trade(slots.ptr, group, at, terms.lane, slots.item_ptr, slots.items, kind, kinds.cost,
                  weight, excess, np.arange(len(slots.box)))  # fmt: skip
    return trade, slots.box


def _pools(group: Counts, cost: Counts) -> NDArray[np.int32]:
    """(kinds, sites, sites) a number for each (group, two sites, difference of their costs)."""
    n_sites = cost.shape[1]
    pool, n_pools = np.full((len(cost), n_sites, n_sites), -1, dtype=np.int32), 0
    for one, other in combinations(range(n_sites), 2):
        both = np.flatnonzero((cost[:, [one, other]] >= 0).all(axis=1))
        keys = np.column_stack([group[both], cost[both, one] - cost[both, other]])
        found, number = np.unique(keys, axis=0, return_inverse=True)
        pool[both, one, other] = pool[both, other, one] = n_pools + number.reshape(-1)
        n_pools += len(found)
    return pool


def _weighted(trade: Trade) -> int:
    return int((np.abs(trade.excess) @ trade.weight).sum())


def _typical(weight: Counts) -> int:
    some = weight[weight > 0]
    return int(np.median(some)) if len(some) else 1
