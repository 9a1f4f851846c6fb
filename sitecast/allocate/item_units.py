"""What one piece of an item takes of what may have a cap: kits, portions of a line, a SKU."""

from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sitecast.records.week_axes import WeekAxes
from sitecast.records.week_record import WeekData

UNITS_OF_SKU = 1_000
"""Whole units in one base_uom of a SKU. Needs are rounded up to them, caps down."""
ROUNDING = 1e-6


class Resource(NamedTuple):
    """Something that items take of."""

    kind: str
    """recipe, product, line or sku."""
    name: str
    site_id: str
    """The site of a line; empty for all others."""


def units_of(resource: Resource, week: WeekData, axes: WeekAxes) -> NDArray[np.int64]:
    """(items,) whole units that a piece of each item takes."""
    if resource.kind == "line":
        return _of_line(resource, week, axes)
    if resource.kind == "sku":
        return _of_sku(resource.name, week, axes)
    items = axes.items()
    mine = (items["item_type"] == resource.kind) & (items["item_id"] == resource.name)
    return mine.to_numpy(dtype=np.int64)


def _of_line(line: Resource, week: WeekData, axes: WeekAxes) -> NDArray[np.int64]:
    made = week["item_sites"]
    here = (made["line_id"] == line.name) & (made["site_id"] == line.site_id)
    here &= made["menu_week"] == week.menu_week
    on_line = pd.MultiIndex.from_frame(
        made.loc[here.fillna(False), ["item_type", "item_id"]].astype(object)
    )
    items = axes.items()
    mine = pd.MultiIndex.from_frame(items[["item_type", "item_id"]].astype(object)).isin(on_line)
    portions = items["portions"].to_numpy(dtype=np.int64)
    return np.where(mine, np.maximum(portions, 1), 0)


def _of_sku(sku_id: str, week: WeekData, axes: WeekAxes) -> NDArray[np.int64]:
    """Need with yield and wastage, as in site_forecast; the largest bill of the week's dates."""
    sku = week["skus"].set_index("sku_id").loc[[sku_id]].iloc[0] if (
        week["skus"]["sku_id"].eq(sku_id).any()
    ) else None  # fmt: skip
    if sku is None or not len(axes.lanes):
        return np.zeros(axes.n_items, np.int64)
    dates, bom = axes.lanes["production_date"], week["recipe_bom"]
    over = (bom["valid_to"] < dates.min()) | (bom["valid_from"] > dates.max())
    recipes = bom[~over.fillna(False).astype(bool) & (bom["sku_id"] == sku_id)]
    products = week["product_bom"]
    products = products[products["sku_id"] == sku_id].assign(portions=0)
    bills = [rows.rename(columns={f"{kind}_id": "item_id"}).assign(item_type=kind)
             for kind, rows in (("recipe", recipes), ("product", products))]  # fmt: skip
    keys = ["item_type", "item_id", "portions"]
    qty = pd.concat([rows[[*keys, "qty"]] for rows in bills])
    qty = qty.astype({"item_type": object, "item_id": object}).groupby(keys)["qty"].max()
    axis = pd.MultiIndex.from_frame(axes.items().astype({"item_type": object, "item_id": object}))
    per_piece = qty.reindex(axis).fillna(0).to_numpy(dtype=np.float64)
    need = per_piece * (1 + sku["wastage_rate"]) / sku["yield_rate"] * UNITS_OF_SKU
    return np.ceil(need - ROUNDING).astype(np.int64)
