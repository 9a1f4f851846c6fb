"""Rules of orders, their lines, and the box forecast."""

from collections.abc import Iterator

import pandas as pd

from sitecast.errors import Breach
from sitecast.extract.told import told, told_once
from sitecast.extract.week_tables import WeekTables
from sitecast.records.matching import positions
from sitecast.settings import PlanSettings


def order_breaches(week: WeekTables, _: PlanSettings) -> Iterator[Breach]:
    """Orders outside their week, after their cut-off, or without lines; items not on the menu."""
    orders, lines, days = week["orders"], week["order_lines"], week["delivery_days"]
    yield from _not_a_delivery_day("orders", orders, days)
    cutoffs = days.drop_duplicates("delivery_date").set_index("delivery_date")["cutoff_at"]
    late = orders["created_at"] > cutoffs.reindex(orders["delivery_date"]).array
    yield from told("orders", orders, late, "created_at", "created after the cut-off of its day",
                    "correct created_at, delivery_date or delivery_days.cutoff_at")  # fmt: skip
    bare = pd.Series(positions(orders["order_id"], lines["order_id"]) < 0, index=orders.index)
    yield from told("orders", orders, bare, "order_id", "order without lines",
                    "add its lines to order_lines, or cancel it")  # fmt: skip
    kit = (lines["item_type"] == "recipe").fillna(False)
    known = lines["item_id"].isin(week.ids["recipes"])
    absent = kit & known & ~lines["item_id"].isin(week["menu"]["recipe_id"])
    yield from told_once("order_lines", lines, absent, "item_id",
                         f"not on the menu of {week.dates.menu_week}",
                         "add it to menu (available: false when it is sold out)")  # fmt: skip


def forecast_breaches(week: WeekTables, _: PlanSettings) -> Iterator[Breach]:
    """Box forecasts for days without delivery, and quantiles that cross."""
    boxes = week["box_forecast"]
    yield from _not_a_delivery_day("box_forecast", boxes, week["delivery_days"])
    low, middle, high = boxes["p10_boxes"], boxes["p50_boxes"], boxes["p90_boxes"]
    crossing = (low > middle) | (middle > high) | (low > high)
    yield from told(
        "box_forecast",
        boxes,
        crossing,
        "p50_boxes",
        "quantiles cross: p10 ≤ p50 ≤ p90 must hold",
        "correct the quantiles",
    )


def driver_breaches(week: WeekTables, _: PlanSettings) -> Iterator[Breach]:
    """Drivers of the week for regions that do not exist; past weeks may name what has gone."""
    drivers = week["demand_drivers"]
    mine = (drivers["menu_week"] == week.dates.menu_week).fillna(False).astype(bool)
    unknown = mine & drivers["region_id"].notna() & ~drivers["region_id"].isin(week.ids["regions"])
    yield from told_once("demand_drivers", drivers, unknown, "region_id", "unknown region",
                         "correct it, or add it to regions")  # fmt: skip


def _not_a_delivery_day(table: str, frame: pd.DataFrame, days: pd.DataFrame) -> Iterator[Breach]:
    date = frame["delivery_date"]
    outside = date.notna() & ~date.isin(days["delivery_date"])
    yield from told(
        table,
        frame,
        outside,
        "delivery_date",
        "not a delivery day of its menu week",
        "correct delivery_date or menu_week, or add the day to delivery_days",
    )
