"""Stable plans: which boxes go where inside the optimal totals, so that little changes."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sitecast.allocate.search import (
    Trade,
    add_pieces,
    anneal,
    descend,
    go_home,
    sort_pieces,
    sort_slots,
)  # fmt: skip
from sitecast.records.draw_boxes import DrawBoxes

Counts = NDArray[np.int64]
WORTHWHILE = 50
"""A quick round that gains less than this part of the change is the last one."""
FEW_BOXES = 20_000
"""Up to so many boxes the search is thorough, or up to as many as there are proposals."""
QUICK_LOOKS, MANY_LOOKS = 16, 2_048
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
    trade = _trade(boxes, site, terms, reference, weight)
    given = (_weighted(trade), trade.box.copy())
    go_home(trade, home)
    start = _weighted(trade)
    quick = descend(trade, start, QUICK_LOOKS, 1 + start // WORTHWHILE)
    states = [(quick, trade.box.copy()), given]
    if quick and 0 < len(trade.box) <= max(FEW_BOXES, proposals):
        anneal(trade, proposals, _typical(weight))
        states.insert(1, (descend(trade, _weighted(trade), MANY_LOOKS, 1), trade.box))
    settled = site.copy()
    settled[min(states, key=lambda state: state[0])[1]] = trade.slot_site
    return settled


def _trade(
    boxes: DrawBoxes, site: Counts, terms: TradeTerms, reference: Counts, weight: Counts
) -> Trade:
    group, n_sites = terms.group[boxes.box_class], terms.lane.shape[1]
    slot_ptr, slots = sort_slots(group, site, len(terms.lane), n_sites)
    excess = -reference.astype(np.int64)
    lane = np.where(site >= 0, terms.lane[group, site], -1)
    add_pieces(excess, lane, boxes.item_ptr, boxes.items, 1)
    return Trade(slot_ptr, group[slots], site[slots], terms.lane, boxes.item_ptr,
                 sort_pieces(boxes.item_ptr, boxes.items), boxes.box_class, terms.cost, weight,
                 excess, slots)  # fmt: skip


def _weighted(trade: Trade) -> int:
    return int((np.abs(trade.excess) @ trade.weight).sum())


def _typical(weight: Counts) -> int:
    some = weight[weight > 0]
    return int(np.median(some)) if len(some) else 1
