"""Stable plans: which boxes go where inside the optimal totals, so that little changes."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sitecast.allocate.search import Trade, anneal, descend, go_home, sort_pieces
from sitecast.records.draw_boxes import DrawBoxes

Counts = NDArray[np.int64]


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
        proposals: trades tried beyond the best-partner search; more find better ones.
    Returns:
        (boxes,) site of each; the weighted change is never above that of the sites given.
    Source:
        Σ weight × |pieces − reference| of arXiv 2509.06157; decision "Stability".
    """
    slots = _slots(boxes, site, terms)
    trade = _trade(boxes, site, slots, terms, reference, weight)
    given = (_weighted(trade), trade.box.copy())
    go_home(trade, home)
    descend(trade)
    states = [(_weighted(trade), trade.box.copy()), given]
    if proposals and states[0][0] and len(slots):
        anneal(trade, proposals, _typical(weight))
        descend(trade)
        states.insert(1, (_weighted(trade), trade.box))
    settled = site.copy()
    settled[min(states, key=lambda state: state[0])[1]] = trade.slot_site
    return settled


def _slots(boxes: DrawBoxes, site: Counts, terms: TradeTerms) -> Counts:
    """Boxes at a site, sorted by group, then site."""
    at = np.flatnonzero(site >= 0)
    return at[np.lexsort((site[at], terms.group[boxes.box_class[at]]))].astype(np.int64)


def _trade(
    boxes: DrawBoxes, site: Counts, slots: Counts, terms: TradeTerms, reference: Counts,
    weight: Counts,
) -> Trade:  # fmt: skip
    group, slot_site = terms.group[boxes.box_class[slots]].astype(np.int64), site[slots]
    n_groups, n_sites = terms.lane.shape
    place = group * n_sites + slot_site
    edges = np.arange(n_groups)[:, None] * n_sites + np.arange(n_sites + 1)
    excess = -reference.astype(np.int64)
    sizes = np.diff(boxes.item_ptr)
    lane = np.full(len(site), -1, dtype=np.int64)
    lane[slots] = terms.lane[group, slot_site]
    lane_of_piece = np.repeat(lane, sizes)
    here = lane_of_piece >= 0
    np.add.at(excess, (lane_of_piece[here], boxes.items[here]), 1)
    return Trade(np.searchsorted(place, edges).astype(np.int64), group, slot_site, terms.lane,
                 boxes.item_ptr, sort_pieces(boxes.item_ptr, boxes.items), boxes.box_class,
                 terms.cost, weight, excess, slots.copy())  # fmt: skip


def _weighted(trade: Trade) -> int:
    return int((np.abs(trade.excess) @ trade.weight).sum())


def _typical(weight: Counts) -> int:
    some = weight[weight > 0]
    return int(np.median(some)) if len(some) else 1
