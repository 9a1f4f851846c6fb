"""What was delivered: boxes, kits and needed quantities by week and site."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from sitecast.extract import Source, read_known

CELL = ["measure", "site_id", "item"]
"""boxes (item is empty), kits (item type and id, all portions) or need (sku_id), at a site."""
_NEED = ["menu_week", "site_id", "sku_id"]
_KIT = ["menu_week", "site_id", "delivery_date", "item_type", "item_id", "portions"]


@dataclass(frozen=True)
class Delivered:
    """Delivered orders of some weeks that name the site that packed them."""

    boxes: pd.DataFrame
    """menu_week, site_id, quantity."""
    made: pd.DataFrame
    """menu_week, site_id, delivery_date, item_type, item_id, portions (0 of products), quantity."""


def actual_cells(source: Source, known_at: dt.datetime, menu_weeks: Sequence[str]) -> pd.DataFrame:
    """What was packed and needed in some weeks, as known at a moment.

    Returns:
        menu_week, the columns of CELL, qty (boxes, kits or base_uom).
    """
    done = _delivered(source, known_at, menu_weeks)
    kits = done.made.assign(item=item_name(done.made))
    parts = [
        done.boxes.assign(measure="boxes", item="").rename(columns={"quantity": "qty"}),
        kits.assign(measure="kits").rename(columns={"quantity": "qty"}),
        _need(source, known_at, done.made).rename(columns={"sku_id": "item"}).assign(
            measure="need"),
    ]  # fmt: skip
    columns = ["menu_week", *CELL]
    cells = pd.concat([part[[*columns, "qty"]] for part in parts], ignore_index=True)
    cells = cells.astype({**dict.fromkeys(columns, object), "qty": np.float64})
    return cells.groupby(columns, as_index=False)["qty"].sum()


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
    return _need(source, known_at, _delivered(source, known_at, menu_weeks).made)


def item_name(frame: pd.DataFrame) -> "pd.Series[str]":
    """Item type and id in one text: recipes and products may share ids."""
    return frame["item_type"].astype(object) + " " + frame["item_id"].astype(object)


def _need(source: Source, known_at: dt.datetime, made: pd.DataFrame) -> pd.DataFrame:
    need = made.merge(_bom(source, known_at), on=["item_type", "item_id", "portions"])
    date = need["delivery_date"]
    need = need[~(date < need["valid_from"]) & ~(date > need["valid_to"])]
    skus = read_known(source, "skus", known_at).astype({"sku_id": object})
    need = need.merge(skus[["sku_id", "yield_rate", "wastage_rate"]], on="sku_id", validate="m:1")
    gross = need["quantity"] * need["qty"] / need["yield_rate"] * (1 + need["wastage_rate"])
    return need.assign(qty=gross).groupby(_NEED, as_index=False)["qty"].sum()


def _delivered(source: Source, known_at: dt.datetime, menu_weeks: Sequence[str]) -> Delivered:
    boxes, made = [], []
    for menu_week in menu_weeks:
        orders = read_known(source, "orders", known_at, [menu_week])
        of_week = (orders["menu_week"] == menu_week) & (orders["state"] == "delivered")
        orders = orders[of_week & orders["site_id"].notna()]
        orders = orders.astype({"menu_week": object, "site_id": object})
        counted = orders.groupby(["menu_week", "site_id"], as_index=False)
        boxes.append(counted.agg(quantity=("order_id", "size")))
        made.append(_made(orders, read_known(source, "order_lines", known_at, [menu_week])))
    return Delivered(
        pd.concat(boxes, ignore_index=True), pd.concat(made, ignore_index=True)
    )  # fmt: skip


def _made(orders: pd.DataFrame, lines: pd.DataFrame) -> pd.DataFrame:
    """Kits and products of the orders, added up."""
    names = ["order_id", "menu_week", "site_id", "delivery_date", "portions"]
    lines = lines.merge(orders[names], on="order_id", suffixes=("", "_of_order"), validate="m:1")
    kit = lines["item_type"] == "recipe"
    portions = lines["portions"].fillna(lines["portions_of_order"]).where(kit, 0)
    lines = lines.assign(portions=portions.astype(np.int64))
    lines = lines.astype(dict.fromkeys(("menu_week", "site_id", "item_type", "item_id"), object))
    return lines.groupby(_KIT, as_index=False)["quantity"].sum()


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
