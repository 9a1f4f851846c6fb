"""Which sheets and columns the workbook has; what they mean comes from the tables' contracts."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from sitecast.publish.contents import Contents
from sitecast.publish.page.view import weekly_needs
from sitecast.publish.words import human_unit, reason_in_words
from sitecast.records.tables_written import TABLES_WRITTEN

_BY_SKU = ["kind", "sku", "sku_id", "need_date"]  # a SKU's days together, for whoever orders it

Form = Literal["text", "date", "count", "boxes", "quantity", "share"]
Colour = Literal["", "late", "scale", "risk", "full"]


@dataclass(frozen=True)
class SheetColumn:
    """One column: its heading, the frame's column behind it, how it shows and what it means."""

    title: str
    source: str
    form: Form
    meaning: str
    unit: str = ""
    colour: Colour = ""


@dataclass(frozen=True)
class TableSheet:
    """One sheet of rows. `frame` has the columns' sources, and `uom` where quantities stand."""

    name: str
    about: str
    columns: tuple[SheetColumn, ...]
    frame: pd.DataFrame
    is_site: bool = False


def table_sheets(contents: Contents) -> Iterator[TableSheet]:
    """Every sheet but the first: one per site, then the week's needs, the load, what is short."""
    need = with_names(contents.tables["site_forecast"], contents)
    about = TABLES_WRITTEN["site_forecast"].description
    for site_id in sorted({*need["site_id"], *contents.tables["site_load"]["site_id"]}):
        site = contents.site_names.get(site_id, site_id)
        mine = need[need["site_id"] == site_id].sort_values(_BY_SKU, ignore_index=True)
        yield TableSheet(site, f"{about} Here: {site} ({site_id}).", _NEED, mine, True)
    week = with_names(weekly_needs(contents), contents)
    yield TableSheet("Weekly need", TABLES_WRITTEN["weekly_need"].description, _WEEK, week)
    load = _load(contents)
    yield TableSheet("Site load", TABLES_WRITTEN["site_load"].description, _LOAD, load)
    short = contents.tables["unallocated"]
    short = short.assign(words=short["reason"].map(reason_in_words))
    yield TableSheet("Unallocated", TABLES_WRITTEN["unallocated"].description, _SHORT, short)


def with_names(need: pd.DataFrame, contents: Contents) -> pd.DataFrame:
    """A table of needs with names, people's units, and the share that is placed already."""
    share = need["qty_committed"] / need["qty_p50"].where(need["qty_p50"] > 0)
    return need.assign(
        sku=need["sku_id"].map(contents.sku_names).fillna(need["sku_id"]),
        site=need["site_id"].map(contents.site_names).fillna(need["site_id"]),
        unit=need["uom"].map(human_unit),
        placed=np.minimum(share, 1.0).round(3),
    )


def _load(contents: Contents) -> pd.DataFrame:
    load = contents.tables["site_load"]
    caps = load["cap_boxes"].astype("Float64").astype("float64")
    return load.assign(
        site=load["site_id"].map(contents.site_names).fillna(load["site_id"]),
        used=(load["boxes_p50"] / caps.where(caps > 0)).round(3),
    )


def _of(table: str, title: str, source: str, form: Form, colour: Colour = "") -> SheetColumn:
    declared = TABLES_WRITTEN[table][source]
    unit = "as in Unit" if declared.unit == "base_uom" else declared.unit
    return SheetColumn(title, source, form, declared.description, unit, colour)


def _quantities(table: str) -> tuple[SheetColumn, ...]:
    names = {"p10": "qty_p10", "p50": "qty_p50", "p90": "qty_p90", "Committed": "qty_committed"}
    return (
        *(_of(table, title, source, "quantity") for title, source in names.items()),
        SheetColumn("Share placed", "placed", "share", "Committed ÷ p50, at most 100 %",
                    colour="scale"),
    )  # fmt: skip


def _sku(table: str) -> tuple[SheetColumn, ...]:
    return (
        _of(table, "SKU", "sku_id", "text"),
        SheetColumn("Name", "sku", "text", "the SKU's name"),
        _of(table, "Kind", "kind", "text"),
        SheetColumn("Unit", "unit", "text", "unit of the quantities: kg for g, l for ml"),
    )


def _boxes(table: str) -> tuple[SheetColumn, ...]:
    return (
        _of(table, "Committed", "boxes_committed", "count"),
        *(_of(table, name, f"boxes_{name}", "boxes") for name in ("p10", "p50", "p90")),
    )


_SITE = SheetColumn("Site", "site", "text", "the factory's name")
_NEED = (
    *_sku("site_forecast"),
    _of("site_forecast", "Menu week", "menu_week", "text"),
    _of("site_forecast", "Need date", "need_date", "date"),
    *_quantities("site_forecast"),
    _of("site_forecast", "Required", "qty_required", "quantity"),
    _of("site_forecast", "Cases", "cases_to_buy", "count"),
    _of("site_forecast", "Order by", "order_by", "date", "late"),
)
_WEEK = (
    _of("weekly_need", "Menu week", "menu_week", "text"),
    _SITE,
    *_sku("weekly_need"),
    *_quantities("weekly_need"),
    SheetColumn("Cases", "cases_to_buy", "count", "whole cases to buy, sum over the days", "cases"),
    SheetColumn("Order by", "order_by", "date", "first last day to order of the days",
                colour="late"),
)  # fmt: skip
_LOAD = (
    _of("site_load", "Menu week", "menu_week", "text"),
    _SITE,
    _of("site_load", "Production date", "production_date", "date"),
    *_boxes("site_load"),
    _of("site_load", "Cap", "cap_boxes", "count"),
    SheetColumn("Used", "used", "share", "p50 ÷ cap; empty without a cap", colour="full"),
    _of("site_load", "Over cap", "p_over_cap", "share", "risk"),
    _of("site_load", "Floor", "floor_boxes", "count"),
    _of("site_load", "Short for this cap", "boxes_unallocated", "boxes"),
)
_SHORT = (
    _of("unallocated", "Menu week", "menu_week", "text"),
    _of("unallocated", "Delivery date", "delivery_date", "date"),
    _of("unallocated", "Region", "region_id", "text"),
    SheetColumn("Reason", "words", "text", "why"),
    _of("unallocated", "Limits that bind", "binding", "text"),
    _of("unallocated", "Mean", "boxes_mean", "boxes"),
    *_boxes("unallocated"),
)
