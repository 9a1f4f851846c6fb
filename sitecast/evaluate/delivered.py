"""What was delivered: boxes, kits and needed quantities by week and site."""

import datetime as dt
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from sitecast.extract import Source, positions, read_known
from sitecast.records.week_record import WeekData, content_hash

CELL = ["measure", "site_id", "item"]
"""boxes (item is empty), kits (item type and id, all portions) or need (sku_id), at a site."""
ITEM = ["item_type", "item_id", "portions"]
_NEED = ["menu_week", "site_id", "sku_id"]
_KIT = ["menu_week", "site_id", "delivery_date", *ITEM]
_TEXTS = ["menu_week", "site_id", "item_type", "item_id"]


@dataclass(frozen=True)
class Delivered:
    """Delivered orders of some weeks that name the site that packed them."""

    boxes: pd.DataFrame
    """menu_week, site_id, region_id, qty."""
    made: pd.DataFrame
    """menu_week, site_id, delivery_date, item_type, item_id, portions (0 of products), qty."""

    @property
    def version(self) -> str:
        """A hash of what was delivered; equal when no order that counts was corrected."""
        hashes = content_hash(self.boxes) + content_hash(self.made)
        return hashlib.sha256(hashes.encode()).hexdigest()[:16]

    def of(self, menu_week: str) -> "Delivered":
        """One week alone."""
        return Delivered(*(
            part[part["menu_week"] == menu_week] for part in (self.boxes, self.made)
        ))  # fmt: skip


@dataclass(frozen=True)
class Bills:
    """Bills of materials of recipes and products, and what of a SKU can be used."""

    bom: pd.DataFrame
    """item_type, item_id, portions, sku_id, qty, valid_from, valid_to."""
    skus: pd.DataFrame
    """sku_id, yield_rate, wastage_rate."""

    @classmethod
    def known(cls, source: Source, known_at: dt.datetime) -> "Bills":
        """As the source has them at a moment."""
        names = ("recipe_bom", "product_bom", "skus")
        return cls._of(*(read_known(source, name, known_at) for name in names))

    @classmethod
    def planned(cls, week: WeekData) -> "Bills":
        """As a plan knew them."""
        return cls._of(*(week[name] for name in ("recipe_bom", "product_bom", "skus")))

    @classmethod
    def _of(cls, kits: pd.DataFrame, pieces: pd.DataFrame, skus: pd.DataFrame) -> "Bills":
        kits = kits.rename(columns={"recipe_id": "item_id"}).assign(item_type="recipe")
        pieces = pieces.rename(columns={"product_id": "item_id"}).assign(
            item_type="product", portions=0, valid_from=pd.NaT, valid_to=pd.NaT
        )
        columns = [*ITEM, "sku_id", "qty", "valid_from", "valid_to"]
        kinds = {"item_type": object, "item_id": object, "sku_id": object, "portions": np.int64,
                 "valid_from": "datetime64[ms]", "valid_to": "datetime64[ms]"}  # fmt: skip
        parts = [part[columns].astype(kinds) for part in (kits, pieces) if len(part)]
        rates = skus[["sku_id", "yield_rate", "wastage_rate"]].astype({"sku_id": object})
        return cls(pd.concat(parts, ignore_index=True), rates)

    def need(self, made: pd.DataFrame) -> pd.DataFrame:
        """menu_week, site_id, sku_id, qty that kits and products need, as site_forecast counts.

        Times their BOM on the delivery date (of several rows the newest holds), ÷ yield_rate,
        × (1 + wastage_rate).
        """
        rows = made.rename(columns={"qty": "kits"}).merge(self.bom, on=ITEM)
        date = rows["delivery_date"]
        rows = rows[~(date < rows["valid_from"]) & ~(date > rows["valid_to"])]
        rows = rows.sort_values("valid_from", na_position="first", kind="stable")
        rows = rows.drop_duplicates([*_KIT, "sku_id"], keep="last")
        rows = rows.merge(self.skus, on="sku_id", validate="m:1")
        gross = rows["kits"] * rows["qty"] / rows["yield_rate"] * (1 + rows["wastage_rate"])
        return rows.assign(qty=gross).groupby(_NEED, as_index=False)["qty"].sum()


def actual_cells(source: Source, known_at: dt.datetime, menu_weeks: Sequence[str]) -> pd.DataFrame:
    """What was packed and needed in some weeks, as known at a moment.

    Returns:
        menu_week, the columns of CELL, qty (boxes, kits or base_uom).
    """
    done = delivered(source, known_at, menu_weeks)
    return cells_of(done.boxes, done.made, Bills.known(source, known_at))


def cells_of(boxes: pd.DataFrame, made: pd.DataFrame, bills: Bills) -> pd.DataFrame:
    """menu_week, the columns of CELL, qty: boxes and kits, and what the kits need."""
    parts = [
        boxes.assign(measure="boxes", item=""),
        made.assign(measure="kits", item=item_name(made)),
        bills.need(made).rename(columns={"sku_id": "item"}).assign(measure="need"),
    ]
    columns = ["menu_week", *CELL]
    cells = pd.concat([part[[*columns, "qty"]] for part in parts], ignore_index=True)
    cells = cells.astype({**dict.fromkeys(columns, object), "qty": np.float64})
    return cells.groupby(columns, as_index=False)["qty"].sum()


def actual_need(source: Source, known_at: dt.datetime, menu_weeks: Sequence[str]) -> pd.DataFrame:
    """Quantities that the delivered orders of some weeks needed, by the site that packed them.

    Packaging is left out. Orders without a site and rows that cannot be read do not count.

    Args:
        source: where the orders lie.
        known_at: only what was known then is read.
        menu_weeks: the weeks.
    Returns:
        menu_week, site_id, sku_id, qty (base_uom).
    """
    made = delivered(source, known_at, menu_weeks).made
    return Bills.known(source, known_at).need(made)


def item_name(frame: pd.DataFrame) -> "pd.Series[str]":
    """Item type and id in one text: recipes and products may share ids."""
    return frame["item_type"].astype(object) + " " + frame["item_id"].astype(object)


def delivered(source: Source, known_at: dt.datetime, menu_weeks: Sequence[str]) -> Delivered:
    """Delivered orders of some weeks, added up, as known at a moment."""
    boxes, made = [], []
    for menu_week in menu_weeks:
        orders = delivered_boxes(source, known_at, menu_week)
        counted = orders.groupby(["menu_week", "site_id", "region_id"], as_index=False)
        boxes.append(counted.agg(qty=("order_id", "size")))
        made.append(_made(orders, read_known(source, "order_lines", known_at, [menu_week])))
    texts = dict.fromkeys(("menu_week", "site_id", "region_id"), object)
    packed = pd.concat(boxes, ignore_index=True).astype(texts)
    return Delivered(packed, pd.concat(made, ignore_index=True))


def delivered_boxes(source: Source, known_at: dt.datetime, menu_week: str) -> pd.DataFrame:
    """Rows of orders of one week that were delivered by a site that is known."""
    orders = read_known(source, "orders", known_at, [menu_week])
    of_week = (orders["menu_week"] == menu_week) & (orders["state"] == "delivered")
    return orders[of_week & orders["site_id"].notna()].reset_index(drop=True)


def _made(orders: pd.DataFrame, lines: pd.DataFrame) -> pd.DataFrame:
    """Kits and products of the orders, added up."""
    order = positions(lines["order_id"], orders["order_id"])
    lines = lines[order >= 0].reset_index(drop=True)
    of_line = orders.iloc[order[order >= 0]].reset_index(drop=True)
    portions = lines["portions"].fillna(of_line["portions"])
    portions = portions.where(lines["item_type"] == "recipe", 0).astype(np.int64)
    named = of_line[["menu_week", "site_id", "delivery_date"]].assign(
        item_type=lines["item_type"], item_id=lines["item_id"], portions=portions,
        qty=lines["quantity"],
    )  # fmt: skip
    texts = dict.fromkeys(_TEXTS, "category")
    added = named.astype(texts).groupby(_KIT, as_index=False, observed=True)["qty"].sum()
    return added.astype(dict.fromkeys(_TEXTS, object))
