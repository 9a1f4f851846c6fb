"""Rules that span tables, run together so that one error lists every breach of a week (R12)."""

from collections.abc import Callable, Iterator, Set

from sitecast.errors import Breach
from sitecast.extract.checks_calendar import calendar_breaches, delivery_day_breaches
from sitecast.extract.checks_menu import (
    attribute_breaches,
    bom_breaches,
    maker_breaches,
    menu_breaches,
    packaging_breaches,
    unit_breaches,
    validity_breaches,
)  # fmt: skip
from sitecast.extract.checks_orders import driver_breaches, forecast_breaches, order_breaches
from sitecast.extract.checks_references import reference_breaches
from sitecast.extract.checks_sites import resource_breaches, settings_breaches, site_breaches
from sitecast.extract.week_tables import WeekTables
from sitecast.settings import PlanSettings

Check = Callable[[WeekTables, PlanSettings], Iterator[Breach]]


def _calendar(week: WeekTables, _: PlanSettings) -> Iterator[Breach]:
    dates = week.dates
    yield from calendar_breaches(week.calendar, dates.menu_week)
    yield from delivery_day_breaches(
        week["delivery_days"], week.delivery_days, dates.menu_week, dates.start, dates.end
    )


CHECKS: tuple[tuple[Set[str], Check], ...] = (
    ({"menu_weeks", "delivery_days"}, _calendar),
    ({"menu"}, menu_breaches),
    ({"recipes"}, attribute_breaches),
    ({"menu", "order_lines", "recipe_bom"}, bom_breaches),
    ({"menu", "order_lines", "item_sites"}, maker_breaches),
    ({"recipe_bom", "product_bom", "packaging_rules", "skus"}, unit_breaches),
    ({"packaging_rules"}, packaging_breaches),
    ({"region_sites", "recipe_bom"}, validity_breaches),
    ({"orders", "order_lines", "menu", "delivery_days"}, order_breaches),
    ({"box_forecast", "delivery_days"}, forecast_breaches),
    ({"demand_drivers", "regions"}, driver_breaches),
    ({"sites", "site_caps", "regions", "region_sites"}, site_breaches),
    ({"resource_caps", "item_sites", "skus"}, resource_breaches),
    ({"sites", "recipes"}, settings_breaches),
)


def cross_breaches(week: WeekTables, settings: PlanSettings, broken: Set[str]) -> Iterator[Breach]:
    """Every broken rule between tables.

    Args:
        week: the week's tables.
        settings: the plan's settings.
        broken: tables that are missing or lack a column; no rule is held against them, since one
            missing table would otherwise make every row of the others wrong.
    """
    yield from reference_breaches(week, broken)
    for needed, check in CHECKS:
        if not needed & broken:
            yield from check(week, settings)
