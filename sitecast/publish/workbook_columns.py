"""Which columns the workbook's sheets have; what they mean comes from the tables' contracts."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Literal

from sitecast.records.tables_written import TABLES_WRITTEN

Form = Literal["text", "date", "count", "boxes", "quantity", "share", "money"]
Colour = Literal["", "late", "scale", "risk", "full", "severity", "now"]


@dataclass(frozen=True)
class SheetColumn:
    """One column: its heading, the frame's column behind it, how it shows and what it means."""

    title: str
    source: str
    form: Form
    meaning: str
    unit: str = ""
    colour: Colour = ""


def in_currency(columns: tuple[SheetColumn, ...], currency: str) -> tuple[SheetColumn, ...]:
    """The same columns, with the currency as the unit of money."""
    return tuple(
        replace(column, unit=currency) if column.form == "money" else column for column in columns
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


def _boxes(table: str) -> tuple[SheetColumn, ...]:
    return (
        _of(table, "Committed", "boxes_committed", "count"),
        *(_of(table, name, f"boxes_{name}", "boxes") for name in ("p10", "p50", "p90")),
    )


_SITE = SheetColumn("Site", "site", "text", "the factory's name")
_SKU = (
    SheetColumn("SKU", "sku_id", "text", "ingredient, product or packaging item"),
    SheetColumn("Name", "sku", "text", "the SKU's name"),
)
_UNIT = SheetColumn("Unit", "unit", "text", "unit of the quantities: kg for g, l for ml")
_WEEK = SheetColumn("Menu week", "menu_week", "text", "menu week")
NEED = (
    *_SKU,
    _of("site_forecast", "Kind", "kind", "text"),
    _UNIT,
    _WEEK,
    _of("site_forecast", "Need date", "need_date", "date"),
    *_quantities("site_forecast"),
    _of("site_forecast", "Required", "qty_required", "quantity"),
    SheetColumn("Covered", "covered", "quantity", "part of Required that stock, open purchase "
                "orders and this plan's earlier orders cover", "as in Unit"),
    _of("purchase_plan", "Cases to order", "cases", "count"),
    _of("purchase_plan", "Order by", "order_by", "date", "late"),
)  # fmt: skip
WEEK = (
    _WEEK,
    _SITE,
    *_SKU,
    _of("weekly_need", "Kind", "kind", "text"),
    _UNIT,
    *_quantities("weekly_need"),
    SheetColumn("Cases to order", "cases", "count", "whole cases to order for the days of the "
                "week, net of stock and open purchase orders", "cases"),
    SheetColumn("Order by", "order_by", "date", "first day by which some of them are ordered",
                colour="late"),
)  # fmt: skip
BUY = (
    _of("purchase_plan", "Order by", "order_by", "date", "late"),
    SheetColumn("When", "when", "text", "now: order it before the next plan is made; later: the "
                "next plan may still change it", colour="now"),
    _SITE,
    *_SKU,
    _UNIT,
    _of("purchase_plan", "Cases to order", "cases", "count"),
    _of("purchase_plan", "Ordered", "qty_ordered", "quantity"),
    _of("purchase_plan", "Commit now", "commit_now", "quantity"),
    _of("purchase_plan", "Flex later", "flex_later", "quantity"),
    _of("purchase_plan", "Need date", "need_date", "date"),
    _WEEK,
    _of("purchase_plan", "Required", "qty_required", "quantity"),
    _of("purchase_plan", "From stock", "from_stock", "quantity"),
    _of("purchase_plan", "On order", "from_open_pos", "quantity"),
    _of("purchase_plan", "From surplus", "from_surplus", "quantity"),
    _of("purchase_plan", "Net", "net", "quantity"),
    _of("purchase_plan", "Left over", "left_over", "quantity"),
)  # fmt: skip
CAPACITY = (
    _WEEK,
    _SITE,
    _of("site_load", "Production date", "production_date", "date"),
    *_boxes("site_load"),
    _of("site_load", "Cap", "cap_boxes", "count"),
    SheetColumn("Used", "used", "share", "p50 ÷ cap; empty without a cap", colour="full"),
    _of("site_load", "Over cap", "p_over_cap", "share", "risk"),
    _of("site_load", "Floor", "floor_boxes", "count"),
    _of("site_load", "Short for this cap", "boxes_unallocated", "boxes"),
    SheetColumn("10 % more saves", "more_saves", "money", "less delivery, moves and shortfall "
                "with a tenth more cap on this day; empty where it is not known"),
    SheetColumn("10 % less costs", "less_costs", "money", "the same with a tenth less cap"),
)  # fmt: skip
SHORT = (
    _WEEK,
    _of("unallocated", "Delivery date", "delivery_date", "date"),
    _of("unallocated", "Region", "region_id", "text"),
    SheetColumn("Reason", "words", "text", "why"),
    _of("unallocated", "Limits that bind", "binding", "text"),
    _of("unallocated", "Mean", "boxes_mean", "boxes"),
    *_boxes("unallocated"),
)
ATTENTION = (
    SheetColumn("Rank", "rank", "count", "1 is what to look at first"),
    SheetColumn("Severity", "severity", "text", "high, medium or low", colour="severity"),
    SheetColumn("Rule", "rule", "text", "name of the rule that found it"),
    SheetColumn("At risk", "value_at_risk", "money", "money at risk"),
    SheetColumn("Order by", "order_by", "date", "last day to do something about it by an order"),
    _WEEK,
    SheetColumn("What", "message", "text", "what is the matter"),
    SheetColumn("Rows", "where", "text", "keys of the rows of the tables that it is about"),
)
CAUSES = {
    "orders": ("Orders", "orders placed and cancelled since"),
    "volume": ("Volume", "another forecast of boxes"),
    "shares": ("Shares", "what customers are expected to choose"),
    "menu_and_bom": ("Menu and BOM", "menu, recipes, bills of materials, delivery days"),
    "caps_and_eligibility": ("Caps and sites", "caps, regions, which site makes what"),
    "overrides": ("Settings", "settings of the plan"),
    "code": ("Code", "another version of sitecast"),
    "draws": ("Draws", "chance, and what the compared draws cannot tell apart"),
    "unknown": ("Unknown", "what is not explained"),
}
"""Causes of forecast_changes in the order in which they are swapped: heading and meaning."""


def change_columns(causes: Collection[str]) -> tuple[SheetColumn, ...]:
    """The columns of what changed, one for each cause that moved anything."""
    return (
        _WEEK,
        _SITE,
        *_SKU,
        _UNIT,
        SheetColumn("Change", "total", "quantity", "mean quantity now, less that of the last "
                    "published plan: the sum of its causes", "as in Unit"),
        SheetColumn("In money", "value", "money", "Change × the SKU's unit cost"),
        SheetColumn("Main cause", "main", "text", "the cause that moved it most"),
        *(SheetColumn(title, cause, "quantity", f"part of Change by {meaning}", "as in Unit")
          for cause, (title, meaning) in CAUSES.items() if cause in causes),
    )  # fmt: skip
