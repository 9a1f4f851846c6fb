"""The order book as arrays: placed boxes stand verbatim in every draw (R1)."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sitecast.errors import Breach, DataError
from sitecast.randomness import stream_keys
from sitecast.records.contract import TableContract, key_text, value_text
from sitecast.records.tables_orders import ORDER_LINES, ORDERS
from sitecast.records.week_axes import WeekAxes
from sitecast.records.week_record import WeekData

_Ints = NDArray[np.int64]


@dataclass(frozen=True)
class PlacedOrders:
    """Placed boxes in the order of the table orders."""

    orders: pd.DataFrame
    lines: pd.DataFrame
    """Lines sorted by box and line, with their box (position in `orders`)."""
    place: _Ints
    """(boxes,) day × regions + region."""
    sites: NDArray[np.uint64]
    """(boxes,) sites that reach the place and make all items."""
    previous_site: _Ints
    """(boxes,) position on the sites axis, -1 = none."""
    item_ptr: _Ints
    items: NDArray[np.int32]

    def kits_of(self, axes: WeekAxes) -> _Ints:
        """(recipes,) placed kits."""
        recipe = self.items // max(len(axes.portions), 1)
        return np.bincount(recipe, minlength=len(axes.recipes))[: len(axes.recipes)]

    def ranks(self) -> NDArray[np.uint64]:
        """(boxes,) a hash that belongs to the order, whatever the plan."""
        return stream_keys(0, "order", each=self.orders["order_id"])


def placed_orders(week: WeekData, axes: WeekAxes) -> PlacedOrders:
    """The order book of the week.

    Raises:
        DataError: an order or line that names what the week does not have.
    """
    orders = week["orders"].reset_index(drop=True)
    day = axes.days.get_indexer(pd.DatetimeIndex(orders["delivery_date"]))
    region = axes.regions.get_indexer(orders["region_id"])
    _require(day >= 0, ORDERS, orders, "delivery_date", "not a delivery date of the week")
    lines = week["order_lines"]
    box = pd.Index(orders["order_id"]).get_indexer(lines["order_id"])
    lines = lines.assign(box=box).sort_values(["box", "line_no"], kind="stable", ignore_index=True)
    box = lines["box"].to_numpy()
    _require(box >= 0, ORDER_LINES, lines, "order_id", "not an order of the week")
    item = _item_positions(lines, orders, axes)
    _require(item >= 0, ORDER_LINES, lines, "item_id", "not made in this week at these portions")
    sites = axes.reach[day, region]
    np.bitwise_and.at(sites, box, axes.item_sites[item])
    quantity = lines["quantity"].to_numpy()
    pieces = np.bincount(box, weights=quantity, minlength=len(orders)).astype(np.int64)
    return PlacedOrders(
        orders, lines, day * len(axes.regions) + region, sites,
        axes.sites.get_indexer(orders["site_id"]).astype(np.int64),
        np.concatenate([[0], np.cumsum(pieces)]), np.repeat(item, quantity).astype(np.int32),
    )  # fmt: skip


def _item_positions(lines: pd.DataFrame, orders: pd.DataFrame, axes: WeekAxes) -> _Ints:
    """(lines,) position on the item axis; -1 where the week has no such item."""
    recipe = axes.recipes.get_indexer(lines["item_id"])
    product = axes.products.get_indexer(lines["item_id"])
    of_box = orders["portions"].to_numpy()[lines["box"].to_numpy()]
    portions = np.where(lines["portions"].isna(), of_box, lines["portions"].fillna(0))
    size = pd.Index(axes.portions).get_indexer(portions.astype(np.int64))
    kit = np.where((recipe >= 0) & (size >= 0), recipe * len(axes.portions) + size, -1)
    n_kits = len(axes.recipes) * len(axes.portions)
    piece = np.where(product >= 0, n_kits + product, -1)
    return np.where(lines["item_type"] == "recipe", kit, piece)


def _require(
    fine: NDArray[np.bool_], table: TableContract, frame: pd.DataFrame, column: str, rule: str
) -> None:
    breaches = [
        Breach(table.name, column, key_text(table, frame, row),
               value_text(frame[column].iloc[row]), rule,
               "correct the order book, or add what it names")
        for row in np.flatnonzero(~fine).tolist()
    ]  # fmt: skip
    if breaches:
        raise DataError("the order book does not fit the week", breaches=breaches)
