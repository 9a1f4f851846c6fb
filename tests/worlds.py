"""A small, hand-made company for tests: two sites, three regions, six recipes, one product."""

import datetime as dt
import json
from collections.abc import Mapping
from typing import Any

import pandas as pd

from sitecast.records.demand_forecast import Choices, DemandForecast
from sitecast.records.plan import ForecastPlan
from sitecast.records.tables_read import TABLES_READ
from sitecast.records.week_record import Provenance, WeekData
from sitecast.settings import plan_settings

WEEK = "2026-W48"
AS_OF = dt.datetime(2026, 11, 20, 6, tzinfo=dt.UTC)
DAYS = ("2026-11-28", "2026-11-29", "2026-11-30")
SEGMENTS = ("family", "vegan")
RECIPES = {
    "r1": "chicken",
    "r2": "beef",
    "r3": "tofu",
    "r4": "fish",
    "r5": "beans",
    "r6": "lentils",
}
VEGAN = ("r3", "r5", "r6")

WEEKLY_TABLES = ("menu_weeks", "delivery_days", "site_caps", "menu", "item_sites", "box_forecast",
                 "orders", "order_lines")  # fmt: skip
_MOVING = ("start_date", "end_date", "delivery_date", "production_date", "cutoff_at")


def moved_weeks(table: pd.DataFrame, weeks: int, menu_week: str) -> pd.DataFrame:
    """An input table of small_week() so many weeks later, for another menu week."""
    moved = table.copy()
    for column in _MOVING:
        if column in moved:
            moved[column] = moved[column] + pd.Timedelta(days=7 * weeks)
    if "menu_week" in moved:
        moved["menu_week"] = moved["menu_week"].where(moved["menu_week"] != WEEK, menu_week)
    if "order_id" in moved:
        moved["order_id"] = moved["order_id"] + f"-{menu_week}"
    return moved


def small_plan(**settings: Any) -> ForecastPlan:
    """A plan of one week and 20 draws; `settings` override the plan file's."""
    base: dict[str, Any] = {"company": "Test Kitchen", "seed": 7, "draws": 20, "horizon_weeks": 1}
    checked = plan_settings({**base, **settings})
    return ForecastPlan("20261120T0600-0123456789ab", AS_OF, (WEEK,), "test", checked, {})


def small_provenance(plan: ForecastPlan, menu_week: str = WEEK, **inputs: str) -> Provenance:
    """Where a record made by hand claims to come from."""
    return Provenance(plan.plan_id, menu_week, plan.as_of.isoformat(), plan.seed, "test", inputs)


def small_week(plan: ForecastPlan | None = None, **tables: pd.DataFrame) -> WeekData:
    """The week's input tables; keyword arguments replace whole tables."""
    raw = {**_raw_tables(), **tables}
    frames = {name: _shaped(name, raw.get(name)) for name in TABLES_READ if name != "usage_actuals"}
    return WeekData(small_provenance(plan or small_plan()), frames)


def small_demand() -> DemandForecast:
    """Demand that fits small_week(): shares differ by segment, boxes hold 2 or 3 kits."""
    boxes = _raw_tables()["box_forecast"].drop(columns="menu_week")
    shares = [("family", recipe, 1 / 6, 0.1) for recipe in RECIPES]
    shares += [("vegan", "r3", 0.5, 0.1), ("vegan", "r5", 0.3, 0.1), ("vegan", "r6", 0.2, 0.3)]
    each = [(segment, size) for segment in SEGMENTS for size in (2, 3)]
    return DemandForecast(
        boxes.astype({"delivery_date": "datetime64[ms]"}),
        Choices.of_shares(
            pd.DataFrame(shares, columns=["segment", "recipe_id", "share", "cv"])
        ),
        pd.DataFrame([(*pair, 0.5) for pair in each], columns=["segment", "n_kits", "probability"]),
        pd.DataFrame([(s, p, 0.5) for s in SEGMENTS for p in (2, 4)],
                     columns=["segment", "portions", "probability"]),
        pd.DataFrame({"segment": SEGMENTS, "probability": 0.0}),
    )  # fmt: skip


def _shaped(name: str, frame: pd.DataFrame | None) -> pd.DataFrame:
    contract = TABLES_READ[name]
    if frame is None:
        return contract.empty()
    filled = frame.copy()
    for column in contract.columns:
        if column.name not in filled:
            filled[column.name] = column.default
    return contract.shaped(filled)


def _raw_tables() -> dict[str, pd.DataFrame]:
    return {**_calendar_and_sites(), **_menu_and_bom(), **_demand_and_orders()}


def _rows(columns: str, *rows: tuple[object, ...]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=columns.split())


def _calendar_and_sites() -> Mapping[str, pd.DataFrame]:
    production = pd.date_range("2026-11-26", "2026-11-29")
    caps = [("north", date, 40, 0) for date in production]
    return {
        "menu_weeks": _rows("menu_week start_date end_date", (WEEK, DAYS[0], DAYS[-1])),
        "delivery_days": _rows(
            "menu_week delivery_date cutoff_at",
            *[(WEEK, date, pd.Timestamp("2026-11-25T12:00Z")) for date in DAYS],
        ),
        "sites": _rows(
            "site_id name opens_on is_catch_all priority",
            ("north", "North", "2020-01-01", False, 1), ("south", "South", "2020-01-01", True, 2),
        ),
        "site_caps": _rows("site_id production_date cap_boxes floor_boxes", *caps),
        "regions": _rows("postcode_prefix region_id", ("A", "a"), ("B", "b"), ("C", "c")),
        "region_sites": _rows(
            "region_id site_id transit_days cost_per_box",
            ("a", "north", 1, 100), ("a", "south", 2, 150),
            ("b", "north", 1, 120), ("b", "south", 1, 110),
            ("c", "north", 1, 90),
        ),
    }  # fmt: skip


def _menu_and_bom() -> Mapping[str, pd.DataFrame]:
    attributes = {
        recipe: json.dumps({"protein": protein, "diet_tags": ["vegan"] * (recipe in VEGAN)})
        for recipe, protein in RECIPES.items()
    }
    made = [(WEEK, "recipe", recipe, "north") for recipe in RECIPES]
    made += [(WEEK, "recipe", recipe, "south") for recipe in RECIPES if recipe != "r4"]
    made += [(WEEK, "product", "cola", "north"), (WEEK, "product", "cola", "south")]
    bom = [(r, size, f"sku-{p}", 100.0 * size) for r, p in RECIPES.items() for size in (2, 4)]
    bom += [(recipe, size, "sku-rice", 75.0 * size) for recipe in RECIPES for size in (2, 4)]
    skus = [(f"sku-{p}", p, "ingredient", "g", 500.0, 1000.0, 3, 0.9) for p in RECIPES.values()]
    skus += [
        ("sku-rice", "rice", "ingredient", "g", 1000.0, 0.0, 7, 1.0),
        ("sku-cola", "cola", "product", "each", 24.0, 24.0, 7, 1.0),
        ("sku-box", "box", "packaging", "each", 50.0, 0.0, 14, 1.0),
    ]
    return {
        "recipes": _rows("recipe_id name attributes",
                         *[(r, f"{p} dish", attributes[r]) for r, p in RECIPES.items()]),
        "menu": _rows("menu_week recipe_id position",
                      *[(WEEK, recipe, i + 1) for i, recipe in enumerate(RECIPES)]),
        "item_sites": _rows("menu_week item_type item_id site_id", *made),
        "skus": _rows("sku_id name kind base_uom case_size moq lead_time_days yield_rate", *skus),
        "recipe_bom": _rows("recipe_id portions sku_id qty", *bom),
        "products": _rows("product_id name take_rate", ("cola", "Cola", 0.2)),
        "product_bom": _rows("product_id sku_id qty", ("cola", "sku-cola", 1.0)),
        "packaging_rules": _rows("rule_id min_kits max_kits sku_id qty",
                                 ("any", 0, 250, "sku-box", 1.0)),
    }  # fmt: skip


def _demand_and_orders() -> Mapping[str, pd.DataFrame]:
    cells = [
        (WEEK, date, region, segment, mean, None)
        for date in DAYS
        for region, mean in (("a", 12.0), ("b", 8.0), ("c", 5.0))
        for segment in SEGMENTS
    ]
    known = pd.Timestamp("2026-11-15T10:00Z")
    orders = [
        ("o1", "family", WEEK, DAYS[0], "a", 2, "placed", known, "north"),
        ("o2", "vegan", WEEK, DAYS[1], "b", 4, "placed", known, None),
        ("o3", "family", WEEK, DAYS[2], "c", 2, "placed", known, "north"),
    ]
    lines = [
        ("o1", 1, "recipe", "r1", 2, 1), ("o1", 2, "recipe", "r4", 2, 1),
        ("o2", 1, "recipe", "r3", 4, 1), ("o2", 2, "recipe", "r5", 4, 1),
        ("o2", 3, "product", "cola", None, 2),
        ("o3", 1, "recipe", "r2", 2, 1), ("o3", 2, "recipe", "r6", 2, 1),
    ]  # fmt: skip
    return {
        "box_forecast": _rows(
            "menu_week delivery_date region_id segment mean_boxes sd_boxes", *cells
        ),
        "orders": _rows(
            "order_id segment menu_week delivery_date region_id portions state created_at site_id",
            *orders,
        ),
        "order_lines": _rows("order_id line_no item_type item_id portions quantity", *lines),
    }
