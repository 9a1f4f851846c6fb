"""What delivered orders needed: quantities by week, site and SKU."""

import datetime as dt
from collections.abc import Sequence

import numpy as np
import pandas as pd

from sitecast.extract import Source, read_known

NEED_KEY = ["menu_week", "site_id", "sku_id"]
_KIT = ["menu_week", "site_id", "delivery_date", "item_type", "item_id", "portions"]


def actual_need(source: Source, known_at: dt.datetime, menu_weeks: Sequence[str]) -> pd.DataFrame:
    """Quantities that the delivered orders of some weeks needed, by the site that packed them.

    Kits and products times their BOM, ÷ yield_rate, × (1 + wastage_rate), as site_forecast counts
    them. Packaging is left out. Orders without a site and rows that cannot be read do not count.

    Args:
        source: where the orders lie.
        known_at: only what was known then is read.
        menu_weeks: the weeks.
    Returns:
        menu_week, site_id, sku_id, qty (base_uom).
    """
    made, bom = _made(source, known_at, menu_weeks), _bom(source, known_at)
    need = made.merge(bom, on=["item_type", "item_id", "portions"])
    date = need["delivery_date"]
    need = need[~(date < need["valid_from"]) & ~(date > need["valid_to"])]
    skus = read_known(source, "skus", known_at).astype({"sku_id": object})
    need = need.merge(skus[["sku_id", "yield_rate", "wastage_rate"]], on="sku_id", validate="m:1")
    gross = need["quantity"] * need["qty"] / need["yield_rate"] * (1 + need["wastage_rate"])
    return need.assign(qty=gross).groupby(NEED_KEY, as_index=False)["qty"].sum()


def _made(source: Source, known_at: dt.datetime, menu_weeks: Sequence[str]) -> pd.DataFrame:
    """Delivered kits and products by week, site and delivery date."""
    parts = []
    for menu_week in menu_weeks:
        orders = read_known(source, "orders", known_at, [menu_week])
        of_week = (orders["menu_week"] == menu_week) & (orders["state"] == "delivered")
        orders = orders[of_week & orders["site_id"].notna()]
        lines = read_known(source, "order_lines", known_at, [menu_week])
        names = ["order_id", "menu_week", "site_id", "delivery_date", "portions"]
        lines = lines.merge(
            orders[names], on="order_id", suffixes=("", "_of_order"), validate="m:1"
        )
        kit = lines["item_type"] == "recipe"
        portions = lines["portions"].fillna(lines["portions_of_order"]).where(kit, 0)
        lines = lines.assign(portions=portions.astype(np.int64))
        lines = lines.astype(
            dict.fromkeys(("menu_week", "site_id", "item_type", "item_id"), object)
        )
        parts.append(lines.groupby(_KIT, as_index=False)["quantity"].sum())
    return pd.concat(parts, ignore_index=True)


def _bom(source: Source, known_at: dt.datetime) -> pd.DataFrame:
    """One BOM of recipes and products: item_type, item_id, portions, sku_id, qty, validity."""
    kits = read_known(source, "recipe_bom", known_at).rename(columns={"recipe_id": "item_id"})
    pieces = read_known(source, "product_bom", known_at).rename(columns={"product_id": "item_id"})
    pieces = pieces.assign(portions=0, valid_from=pd.NaT, valid_to=pd.NaT)
    parts = [kits.assign(item_type="recipe"), pieces.assign(item_type="product")]
    columns = ["item_type", "item_id", "portions", "sku_id", "qty", "valid_from", "valid_to"]
    kinds = {"item_type": object, "item_id": object, "sku_id": object, "portions": np.int64,
             "valid_from": "datetime64[ms]", "valid_to": "datetime64[ms]"}  # fmt: skip
    return pd.concat(
        [part[columns].astype(kinds) for part in parts if len(part)], ignore_index=True
    )
