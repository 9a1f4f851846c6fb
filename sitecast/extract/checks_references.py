"""Every id that a table names must exist where it is declared."""

from collections.abc import Iterator, Set
from typing import NamedTuple

from sitecast.errors import Breach
from sitecast.extract.told import told_once
from sitecast.extract.week_tables import WeekTables


class _Reference(NamedTuple):
    table: str
    column: str
    target: str
    item_type: str = ""
    """Only rows of this item type."""


REFERENCES = (
    _Reference("menu", "recipe_id", "recipes"),
    _Reference("item_sites", "item_id", "recipes", "recipe"),
    _Reference("item_sites", "item_id", "products", "product"),
    _Reference("item_sites", "site_id", "sites"),
    _Reference("order_lines", "item_id", "recipes", "recipe"),
    _Reference("order_lines", "item_id", "products", "product"),
    _Reference("recipe_bom", "sku_id", "skus"),
    _Reference("product_bom", "product_id", "products"),
    _Reference("product_bom", "sku_id", "skus"),
    _Reference("packaging_rules", "sku_id", "skus"),
    _Reference("site_caps", "site_id", "sites"),
    _Reference("site_week_caps", "site_id", "sites"),
    _Reference("resource_caps", "site_id", "sites"),
    _Reference("region_sites", "site_id", "sites"),
    _Reference("region_sites", "region_id", "regions"),
    _Reference("box_forecast", "region_id", "regions"),
    _Reference("orders", "region_id", "regions"),
    _Reference("orders", "site_id", "sites"),
    _Reference("stock", "site_id", "sites"),
    _Reference("stock", "sku_id", "skus"),
    _Reference("open_pos", "site_id", "sites"),
    _Reference("open_pos", "sku_id", "skus"),
)


def reference_breaches(week: WeekTables, broken: Set[str]) -> Iterator[Breach]:
    """Unknown recipes, SKUs, sites, regions and products; each unknown id once per table."""
    for table, column, target, item_type in REFERENCES:
        if target in broken or table in broken:
            continue
        frame = week[table]
        unknown = frame[column].notna() & ~frame[column].isin(week.ids[target])
        if item_type:
            unknown &= (frame["item_type"] == item_type).fillna(False)
        what = target.removesuffix("s") if target != "skus" else "SKU"
        yield from told_once(table, frame, unknown, column, f"unknown {what}",
                             f"correct it, or add it to {target}")  # fmt: skip
