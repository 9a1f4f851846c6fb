"""Cases of boxes that may trade places: random ones, and what tests ask about them."""

from dataclasses import dataclass, replace

import numpy as np

from sitecast.allocate.stability import TradeTerms, churn, settle
from sitecast.records.draw_boxes import DrawBoxes


@dataclass(frozen=True)
class Case:
    boxes: DrawBoxes
    site: np.ndarray
    home: np.ndarray
    terms: TradeTerms
    reference: np.ndarray
    weight: np.ndarray

    @classmethod
    def of(cls, items, box_class, site, home, group, cost, lane, reference, weight):
        ptr = np.concatenate([[0], np.cumsum([len(box) for box in items])]).astype(np.int64)
        flat = np.array([item for box in items for item in box], np.int32)
        n = len(items)
        boxes = DrawBoxes(np.asarray(box_class, np.int32), np.arange(n, dtype=np.uint64), ptr,
                          flat, np.full(n, 2, np.int16))  # fmt: skip
        terms = TradeTerms(*(np.asarray(part, np.int64) for part in (group, cost, lane)))
        return cls(boxes, *(np.asarray(part, np.int64) for part in (site, home)), terms,
                   *(np.asarray(part, np.int64) for part in (reference, weight)))  # fmt: skip

    def like(self, **changes):
        return replace(self, **changes)

    def settle(self, proposals=2_000):
        return settle(self.boxes, self.site, self.home, self.terms, self.reference, self.weight,
                      proposals)  # fmt: skip

    def cost_of(self, site):
        """(boxes,) cost at their sites, -1 where one may not be."""
        return self.terms.cost[self.boxes.box_class, site]

    def load(self, site):
        """(groups, sites) boxes."""
        load, at = np.zeros_like(self.terms.lane), site >= 0
        np.add.at(load, (self.terms.group[self.boxes.box_class[at]], site[at]), 1)
        return load

    def pieces(self, site):
        """(lanes, items), counted one by one."""
        pieces = np.zeros_like(self.reference)
        for box, at in enumerate(site):
            if at >= 0:
                lane = self.terms.lane[self.terms.group[self.boxes.box_class[box]], at]
                for item in self.items_of(box):
                    pieces[lane, item] += 1
        return pieces

    def items_of(self, box):
        return self.boxes.items[self.boxes.item_ptr[box] : self.boxes.item_ptr[box + 1]]

    def churn(self, site):
        """Lanes that one group uses are one pool."""
        pool = np.arange(len(self.reference))
        for row in self.terms.lane:
            used = row[row >= 0]
            joined = np.isin(pool, pool[used])
            pool[joined] = pool[used].min(initial=len(pool))
        return churn(self.pieces(site), self.reference, self.weight, pool)


def random_case(rng, n_boxes=None):
    """Few sites, groups and items, many ties, boxes without a site, items more than once."""
    sites, groups, items = rng.integers(2, 5), rng.integers(1, 4), rng.integers(1, 8)
    lane = np.arange(groups)[:, None] % rng.integers(1, groups + 1) * sites + np.arange(sites)
    n_classes = groups * rng.integers(1, 4)
    group = np.arange(n_classes) % groups
    cost = rng.integers(0, rng.choice([1, 2, 4]), (n_classes, sites))
    cost[rng.random(cost.shape) < 0.25] = -1
    n = rng.integers(0, 30) if n_boxes is None else n_boxes
    held = [rng.integers(0, items, rng.integers(0, 5)) for _ in range(n)]
    box_class = rng.integers(0, n_classes, n)
    site = np.array([_some(rng, np.flatnonzero(cost[c] >= 0)) for c in box_class], dtype=np.int64)
    home = np.where(rng.random(n) < 0.5, rng.integers(0, sites, n), -1)
    reference = rng.integers(0, 2 + 2 * n // sites, (int(lane.max()) + 1, items))
    weight = rng.integers(0, rng.choice([2, 6]) + 1, items)
    return Case.of(held, box_class, site, home, group, cost, lane, reference, weight)


def _some(rng, sites):
    return rng.choice(sites) if len(sites) and rng.random() < 0.9 else -1
