"""Staying close to the last published forecast: its kits, its sites, and who may trade."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sitecast.allocate.item_split import held_keys, row_numbers
from sitecast.allocate.stability import Counts, TradeTerms, settle
from sitecast.allocate.steady_slots import add_pieces
from sitecast.records.draw_boxes import DrawBoxes
from sitecast.records.week_axes import WeekAxes
from sitecast.records.week_record import SiteForecast, WeekData

PROPOSALS = 20_000
"""Trades tried in each draw; 3 ms, and within 1 % of the optimum at 1,000 boxes."""
WEIGHT_OF_TYPICAL = 16
"""Weight of an item of median value; others in proportion, at least 1."""


@dataclass(frozen=True)
class Steady:
    """What the boxes of one week are kept close to."""

    terms: TradeTerms
    lane_site: Counts
    """(lanes,) position of the site."""
    reference: NDArray[np.int32]
    """(draws or 1, lanes, items) pieces of the last forecast; 1 where its draws are others."""
    weight: Counts
    """(items,)"""
    units: NDArray[np.int64]
    """(resources, items) units that a piece takes of each resource with a cap. Boxes trade with
    boxes that hold the same of each, so what sites take of it stays as the caps allow."""

    def of_draw(self, draw: int) -> NDArray[np.int32]:
        """(lanes, items) the last forecast's draw of the same number, else its mean."""
        return self.reference[min(draw, len(self.reference) - 1)]

    def held(self, boxes: DrawBoxes, site: Counts) -> Counts:
        """(lanes, items) pieces of boxes at (boxes,) sites, -1 for none."""
        lane = self.terms.lane[self.terms.group[boxes.box_class], site]
        counts = np.zeros(self.reference.shape[1:], dtype=np.int64)
        add_pieces(counts, np.where(site >= 0, lane, -1), boxes.item_ptr, boxes.items, 1)
        return counts

    def keep(
        self, boxes: DrawBoxes, lane: NDArray[np.int32], home: Counts, reference: NDArray[np.int32],
        is_final: NDArray[np.bool_] | None = None,
    ) -> NDArray[np.int32]:  # fmt: skip
        """(boxes,) lanes after trading places; loads, costs and unallocated boxes as before.

        Args:
            boxes: boxes of one draw, or the placed ones.
            lane: (boxes,) where the flow sends each, -1 for none.
            home: (boxes,) site in the last forecast, -1 for none.
            reference: (lanes, items) pieces to stay close to; what other boxes hold taken off.
            is_final: (boxes,) boxes that keep their lane.
        """
        stays = lane < 0 if is_final is None else (lane < 0) | is_final
        wanted = reference.astype(np.int64)
        held = np.where(stays, lane, -1).astype(np.int64)
        add_pieces(wanted, held, boxes.item_ptr, boxes.items, -1)
        site = np.where(stays, -1, self.lane_site[lane])
        alike, terms = self._alike(boxes)
        settled = settle(alike, site, home, terms, wanted, self.weight, PROPOSALS)
        moved = np.flatnonzero(settled != site)
        group = self.terms.group[boxes.box_class[moved]]
        kept = lane.copy()
        kept[moved] = self.terms.lane[group, settled[moved]]
        return kept

    def _alike(self, boxes: DrawBoxes) -> tuple[DrawBoxes, TradeTerms]:
        """The boxes in classes that hold the same of every resource, a group for each amount."""
        if not self.units.any():
            return boxes, self.terms
        kinds = self.terms.kinds
        kind = replace(boxes, box_class=kinds.of_class[boxes.box_class].astype(np.int32))
        keys = held_keys(kind, self.units)
        number, first = row_numbers(keys)
        of, held = keys[first, 0], keys[first, 1:]
        group, one = row_numbers(np.column_stack([kinds.group[of], held]))
        return replace(boxes, box_class=number.astype(np.int32)), TradeTerms(
            group, kinds.cost[of], self.terms.lane[kinds.group[of[one]]]
        )


def steady(
    week: WeekData, classes: pd.DataFrame, axes: WeekAxes, move_cost: int, previous: SiteForecast,
    n_draws: int, seed: int, units: NDArray[np.int64],
) -> Steady:  # fmt: skip
    """Read what the last forecast asked of each lane.

    Args:
        week: bills of materials and prices, for the weights.
        classes: SimulatedOrders["classes"].
        axes: of the week.
        move_cost: minor units, as in the flow.
        previous: the last published forecast of the same week.
        n_draws: draws of this plan.
        seed: of this plan; draws are compared one by one where seed and number are the same.
        units: (resources, items) of ItemLimits.
    """
    kits = previous_kits(previous, axes)
    if previous.provenance.seed != seed or len(kits) != n_draws:
        kits = np.rint(kits.mean(axis=0, keepdims=True)).astype(np.int32)
    lane_site = axes.lanes["site"].to_numpy(np.int64)
    return Steady(trade_terms(classes, axes, move_cost), lane_site, kits,
                  item_weights(week, axes), units)  # fmt: skip


def trade_terms(classes: pd.DataFrame, axes: WeekAxes, move_cost: int) -> TradeTerms:
    """Boxes of one delivery date may trade when their regions use the same lanes at like costs.

    Like means but for a constant. Moves off previous sites are compared trade by trade.
    """
    shape = (len(axes.days) * len(axes.regions), len(axes.sites))
    lane, cost = axes.lane.reshape(shape), axes.cost.reshape(shape)
    served = lane >= 0
    least = np.where(served, cost, np.iinfo(np.int64).max).min(axis=1, initial=2**62)
    alike = np.concatenate([lane, np.where(served, cost - least[:, None], -1)], axis=1)
    rows, number = np.unique(alike, axis=0, return_inverse=True)
    day = axes.days.get_indexer(classes["delivery_date"])
    region = axes.regions.get_indexer(classes["region_id"].astype(object))
    place = day * len(axes.regions) + region
    bits = np.uint64(1) << np.arange(len(axes.sites), dtype=np.uint64)
    makes = (classes["site_set"].to_numpy(dtype=np.uint64)[:, None] & bits) > 0
    before = classes["previous_site"].to_numpy(dtype=np.int64)[:, None]
    moved = (before >= 0) & (before != np.arange(len(axes.sites)))
    costs = np.where(makes & served[place], cost[place] + np.where(moved, move_cost, 0), -1)
    return TradeTerms(number.reshape(-1)[place].astype(np.int64), costs.astype(np.int64),
                      rows[:, : len(axes.sites)].astype(np.int64))  # fmt: skip


def previous_kits(previous: SiteForecast, axes: WeekAxes) -> NDArray[np.int32]:
    """(draws, lanes, items) kits and products of a forecast; what the week no longer has is out."""
    rows = previous["site_forecast_draws"]
    lanes = axes.lanes.assign(site_id=axes.sites.to_numpy()[axes.lanes["site"]])
    lane = _position(rows, lanes, ["site_id", "production_date", "delivery_date"])
    item = _position(rows, axes.items(), ["item_type", "item_id", "portions"])
    n_draws = int(previous["load_draws"]["draw"].max()) + 1 if len(rows) else 1
    kits = np.zeros((n_draws, len(lanes), axes.n_items), dtype=np.int32)
    known = (lane >= 0) & (item >= 0)
    at = (rows["draw"].to_numpy()[known], lane[known], item[known])
    kits[at] = rows["kits"].to_numpy()[known]
    return kits


def homes(previous: SiteForecast, box_ids: pd.Series, axes: WeekAxes) -> Counts:
    """(boxes,) site each box has in the last forecast, -1 for none."""
    known = previous["allocations"]
    row = pd.Index(known["box_id"].astype(object)).get_indexer(box_ids.astype(object))
    site = axes.sites.get_indexer(known["site_id"].astype(object))
    return np.append(site, -1)[row].astype(np.int64)


def item_weights(week: WeekData, axes: WeekAxes) -> Counts:
    """(items,) value of what an item is made of, relative to the median item; 1 without prices.

    Value is quantity × unit cost; what keeps a week counts twice as much as what keeps for ever.
    """
    skus = week["skus"].set_index("sku_id")
    keeps = skus["shelf_life_days"].to_numpy(dtype=np.float64).clip(min=1)
    worth = pd.Series(skus["unit_cost"].to_numpy(dtype=np.float64) * (1 + 7 / keeps), skus.index)
    keys = ["item_type", "item_id", "portions", "sku_id"]
    recipes = week["recipe_bom"].assign(item_type="recipe").rename(columns={"recipe_id": "item_id"})
    products = week["product_bom"].assign(item_type="product", portions=0)
    products = products.rename(columns={"product_id": "item_id"})
    bill = pd.concat([recipes[[*keys, "qty"]], products[[*keys, "qty"]]]).drop_duplicates(keys)
    value = bill["qty"].to_numpy(dtype=np.float64) * worth.reindex(bill["sku_id"]).to_numpy()
    item = _position(bill, axes.items(), keys[:3])
    total = np.bincount(item[item >= 0], value[item >= 0], axes.n_items)
    if not (total > 0).any():
        return np.ones(axes.n_items, dtype=np.int64)
    typical = np.median(total[total > 0])
    return np.maximum(np.rint(WEIGHT_OF_TYPICAL * total / typical), 1).astype(np.int64)


def _position(rows: pd.DataFrame, axis: pd.DataFrame, keys: list[str]) -> NDArray[np.int64]:
    """(rows,) row of `axis` with the same keys, -1 for none."""
    place = np.zeros(len(rows), dtype=np.int64)
    code = np.zeros(len(axis), dtype=np.int64)
    known = np.ones(len(rows), dtype=bool)
    for key in keys:
        values = pd.Index(axis[key].unique())
        number, found = pd.factorize(rows[key])  # texts are compared once, not row by row
        of_found = values.get_indexer(pd.Index(found).astype(values.dtype))
        of_row = np.append(of_found, -1)[number]
        known &= of_row >= 0
        place = place * len(values) + of_row
        code = code * len(values) + values.get_indexer(axis[key])
    return np.where(known, pd.Index(code).get_indexer(place), -1).astype(np.int64)
