"""Days of orders for the box allocation problem, and a linear program that bounds their change.

The problem (arXiv 2509.06157): orders of one delivery date, planned again each day; every site
packs exactly its share of boxes and one catch-all site the rest; a site takes an order only when
it makes **all** its items; the aim is Σ |items by site now − items by site a day ago| / Σ items.
"""

from dataclasses import dataclass

import highspy
import numpy as np
import pandas as pd

from sitecast.allocate.stability import Churn, TradeTerms, churn, settle
from sitecast.records.draw_boxes import DrawBoxes


@dataclass(frozen=True)
class Day:
    """Orders of one day; sites are nested: site s + 1 makes all that site s makes."""

    boxes: DrawBoxes
    """box_class: the first site that makes the whole order."""
    makes: np.ndarray
    """(sites, items) whether the site makes the item."""
    caps: np.ndarray
    """(sites - 1,) boxes of each site; the last takes the rest."""

    @classmethod
    def of(cls, orders, makes, caps):
        """`orders` holds the items of each; order numbers stand for stable ranks."""
        ptr = np.concatenate([[0], np.cumsum([len(order) for order in orders])]).astype(np.int64)
        items = np.concatenate(orders).astype(np.int32)
        first = np.argmax(makes, axis=0)
        box_class = np.maximum.reduceat(first[items], ptr[:-1]).astype(np.int32)
        n = len(orders)
        boxes = DrawBoxes(box_class, np.arange(n, dtype=np.uint64), ptr, items,
                          np.full(n, 2, np.int16))  # fmt: skip
        return cls(boxes, makes, caps)

    @property
    def terms(self):
        n = len(self.makes)
        cost = np.where(np.arange(n) >= np.arange(n)[:, None], 0, -1)
        return TradeTerms(np.zeros(n, np.int64), cost, np.arange(n)[None])

    def filled(self):
        """(orders,) sites, each filled by the first orders it can make, smallest site first."""
        site = np.full(len(self.boxes.box_class), len(self.caps))
        for at, cap in enumerate(self.caps):
            free = np.flatnonzero((site == len(self.caps)) & (self.boxes.box_class <= at))
            if len(free) < cap:
                raise ValueError(f"site {at} can make {len(free)} orders and must make {cap}")
            site[free[:cap]] = at
        return site

    def settled(self, reference, home, proposals):
        weight = np.ones(self.makes.shape[1], np.int64)
        return settle(self.boxes, self.filled(), home, self.terms, reference, weight, proposals)

    def counts(self, site):
        """(sites, items) pieces."""
        counts = np.zeros(self.makes.shape, np.int64)
        np.add.at(counts, (np.repeat(site, np.diff(self.boxes.item_ptr)), self.boxes.items), 1)
        return counts

    def change(self, site, reference) -> Churn:
        n, items = self.makes.shape
        return churn(self.counts(site), reference, np.ones(items, np.int64), np.zeros(n, np.int64))

    def require_feasible(self, site):
        """Each site full, each order where all its items are made."""
        load = np.bincount(site, minlength=len(self.makes))
        if (site < self.boxes.box_class).any() or (load[:-1] != self.caps).any():
            raise ValueError("an infeasible allocation")


def linear_bound(day: Day, reference) -> float:
    """The least change when orders may be cut in pieces; it bounds every allocation."""
    n_sites, n_items = day.makes.shape
    n_orders = len(day.boxes.box_class)
    order, site = np.nonzero(np.arange(n_sites) >= day.boxes.box_class[:, None])
    sizes = np.diff(day.boxes.item_ptr)[order]
    part = np.repeat(np.arange(len(order)), sizes)
    ahead = np.arange(len(part)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    item = day.boxes.items[np.repeat(day.boxes.item_ptr[order], sizes) + ahead]
    n_parts, n_counts = len(order), n_sites * n_items
    count_row = n_orders + n_sites + np.arange(n_counts)
    entries = pd.DataFrame({
        "column": np.concatenate([np.tile(np.arange(n_parts), 2), part,
                                  n_parts + np.arange(2 * n_counts)]),
        "row": np.concatenate([order, n_orders + site,
                               n_orders + n_sites + np.repeat(site, sizes) * n_items + item,
                               count_row, count_row]),
        "value": np.concatenate([np.ones(2 * n_parts + len(part)), -np.ones(n_counts),
                                 np.ones(n_counts)]),
    }).groupby(["column", "row"], as_index=False)["value"].sum()  # fmt: skip
    load = np.append(day.caps, n_orders - day.caps.sum())
    equal = np.concatenate([np.ones(n_orders), load, reference.ravel()]).astype(float)
    lp = highspy.HighsLp()
    lp.num_col_, lp.num_row_ = n_parts + 2 * n_counts, len(equal)
    lp.col_cost_ = np.concatenate([np.zeros(n_parts), np.ones(2 * n_counts)])
    lp.col_lower_ = np.zeros(lp.num_col_)
    lp.col_upper_ = np.full(lp.num_col_, highspy.kHighsInf)
    lp.row_lower_ = lp.row_upper_ = equal
    lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    lp.a_matrix_.start_ = np.searchsorted(entries["column"], np.arange(lp.num_col_ + 1))
    lp.a_matrix_.index_ = entries["row"].to_numpy(np.int32)
    lp.a_matrix_.value_ = entries["value"].to_numpy()
    solver = highspy.Highs()
    solver.setOptionValue("output_flag", False)
    solver.setOptionValue("threads", 1)
    solver.setOptionValue("solver", "ipm")  # the simplex method needs forty times as long
    solver.setOptionValue("run_crossover", "off")
    solver.passModel(lp)
    solver.run()
    if solver.getModelStatus() != highspy.HighsModelStatus.kOptimal:
        raise RuntimeError("HiGHS found no optimum")
    return solver.getInfo().objective_function_value
