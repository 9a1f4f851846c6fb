"""The tables sitecast writes, per menu week and per plan."""

from sitecast.records.contract import (
    Column,
    TableContract,
    amount,
    count,
    day,
    flag,
    instant,
    json_text,
    text,
)  # fmt: skip
from sitecast.records.feed import PUBLICATION_FEED
from sitecast.records.tables_accuracy import BACKTEST_ACCURACY, FORECAST_ACCURACY
from sitecast.records.tables_capacity import RESOURCE_LOAD, SITE_OPENINGS
from sitecast.records.tables_changes import CHANGE_TABLES
from sitecast.records.tables_exceptions import EXCEPTIONS
from sitecast.records.tables_orders import ITEM_TYPES
from sitecast.records.tables_purchases import PURCHASE_PLAN
from sitecast.records.tables_read import SKU_KINDS

SHORTFALL_REASONS = (
    "no_site_makes_all_items", "no_site_reaches_region", "cap_binds", "item_cap_binds",
    "site_stays_closed",
)  # fmt: skip
FLOOR_REASONS = ("", "too_few_boxes", "week_cap_binds", "costs_more")

_WEEK = text("menu_week", "menu week")
_SITE = text("site_id", "factory")
_REGION = text("region_id", "delivery region")
_SKU = text("sku_id", "ingredient, product or packaging item")
_DELIVERY = day("delivery_date", "the customer's day")
_PRODUCTION = day("production_date", "the day the site packs")


def _quantiles(prefix: str, what: str, unit: str) -> tuple[Column, ...]:
    return (
        amount(f"{prefix}mean", f"{what}, mean over the draws", unit),
        amount(f"{prefix}p10", f"{what}, 10 % quantile of the summed draws", unit),
        amount(f"{prefix}p50", f"{what}, median of the summed draws", unit),
        amount(f"{prefix}p90", f"{what}, 90 % quantile of the summed draws", unit),
    )


ALLOCATIONS = TableContract(
    "allocations",
    "One row per box: placed boxes keep their site in every draw; simulated boxes as in draw 0.",
    ("box_id",),
    (
        text("box_id", "order_id of a placed box, slot_id of a simulated one"),
        flag("is_simulated", "true for a simulated box"),
        _WEEK, _DELIVERY, _REGION,
        day("production_date", "the day the site packs; empty when unallocated", nullable=True),
        text("site_id", "site; empty when unallocated", nullable=True),
        text("previous_site_id", "site of the order book", nullable=True),
        flag("is_final", "true for a placed box that keeps the order book's site for good"),
        text("reason", "why unallocated", values=("", *SHORTFALL_REASONS)),
    ),
)  # fmt: skip
_LIMITS = (
    count("cap_boxes", "cap; none when empty", "boxes", nullable=True),
    count("floor_boxes", "floor", "boxes"),
    count("over_cap_frozen", "boxes above the cap because their site is final", "boxes"),
    amount("p_over_cap", "share of draws in which demand would have exceeded the cap: "
           "load at the cap and a box more would have come here; 0 where the cap is 0",
           maximum=1),
    amount("p_binds", "share of draws in which one more box of cap would save money", maximum=1),
    amount("shadow_price", "what one more box of cap saves, mean over draws", "minor units"),
    amount("shadow_price_left", "what one less box of cap costs, mean over draws",
           "minor units"),
    amount("p_below_floor", "share of draws with fewer boxes than the floor", maximum=1),
    amount("boxes_below_floor", "boxes missing to the floor, mean over draws", "boxes"),
    text("floor_reason", "why the floor is missed: fewer boxes than the floor could be packed "
         "here; the week's cap leaves no room; or bringing them costs more than it saves",
         values=FLOOR_REASONS),
)  # fmt: skip
SITE_LOAD = TableContract(
    "site_load", "Boxes a site packs on a production date, against its cap and floor.",
    ("menu_week", "site_id", "production_date"),
    (
        _WEEK, _SITE, _PRODUCTION,
        count("boxes_committed", "placed boxes at the site", "boxes"),
        *_quantiles("boxes_", "boxes", "boxes"),
        *_LIMITS,
        amount("boxes_unallocated", "boxes short for want of this cap, mean over draws", "boxes"),
    ),
)  # fmt: skip
SITE_WEEK_LOAD = TableContract(
    "site_week_load", "Boxes of sites that have a cap or floor for the whole menu week.",
    ("menu_week", "site_id"),
    (
        _WEEK, _SITE,
        count("boxes_committed", "placed boxes at the site", "boxes"),
        *_quantiles("boxes_", "boxes", "boxes"),
        *_LIMITS,
    ),
)  # fmt: skip
CAPACITY_VALUE = TableContract(
    "capacity_value",
    "What another cap on one site-day would change, all else as it is: means over the first "
    "draws (setting allocation.value_draws), each solved anew.",
    ("menu_week", "site_id", "production_date", "change_pct"),
    (
        _WEEK, _SITE, _PRODUCTION,
        count("change_pct", "change of the cap", "%", minimum=-100),
        count("cap_boxes", "the changed cap", "boxes"),
        amount("boxes_saved", "fewer boxes without a site; negative when more", "boxes",
               minimum=None),
        amount("money_saved", "less delivery, moves, shortfall and missed floors; negative when "
               "more", "minor units", minimum=None),
    ),
)  # fmt: skip
ITEM_LOAD = TableContract(
    "item_load",
    "Kits of items with a cap of their own (item_sites.cap_kits), at each site in the whole menu "
    "week, all portions sizes together.",
    ("menu_week", "item_type", "item_id", "site_id"),
    (
        _WEEK,
        text("item_type", "recipe or product", values=ITEM_TYPES),
        text("item_id", "recipe or product"),
        _SITE,
        count("cap_kits", "cap", "kits"),
        count("over_cap_frozen", "kits above the cap in boxes whose site is final", "kits"),
        count("kits_committed", "in placed boxes", "kits"),
        *_quantiles("kits_", "kits", "kits"),
        amount("p_at_cap", "share of draws that use the whole cap", maximum=1),
        amount("shadow_price", "what one more kit of cap saves in the expected week",
               "minor units"),
    ),
)  # fmt: skip
ALLOCATION_GAP = TableContract(
    "allocation_gap",
    "How far the sites of a draw's simulated boxes may be from the cheapest ones; without rows "
    "where no item has a cap, since the sites are the cheapest then.",
    ("menu_week", "draw"),
    (
        _WEEK,
        count("draw", "number of the draw"),
        amount("gap", "share of the cost that a better answer could save at most; 0 = exact",
               maximum=1),
    ),
)  # fmt: skip
CHURN = TableContract(
    "churn",
    "How much a plan differs from the last published one, draw by draw, beside the least that any "
    "allocation could have reached; without rows where no plan was published before.",
    ("menu_week", "draw"),
    (
        _WEEK,
        count("draw", "number of the draw"),
        text("plan_from", "plan that was published last"),
        count("changed", "Σ |now − before| over sites, days and items; wape_site = changed ÷ "
              "pieces", "pieces"),
        count("least", "the same after adding the sites up; wape_global = least ÷ pieces",
              "pieces"),
        count("pieces", "kits and products now", "pieces"),
    ),
)  # fmt: skip
UNALLOCATED = TableContract(
    "unallocated", "Boxes no site can take, and the limit that binds.",
    ("menu_week", "delivery_date", "region_id", "reason", "binding"),
    (
        _WEEK, _DELIVERY, _REGION,
        text("reason", "why", values=SHORTFALL_REASONS),
        text("binding", "the limits in words: full site-days, items whose cap is reached, "
             "unreachable region, missing items"),
        count("boxes_committed", "placed boxes among them", "boxes"),
        *_quantiles("boxes_", "boxes", "boxes"),
    ),
)  # fmt: skip
RECIPE_SITE_FORECAST = TableContract(
    "recipe_site_forecast", "Kits and products each site packs, by delivery date.",
    ("menu_week", "site_id", "delivery_date", "item_type", "item_id", "portions"),
    (
        _WEEK, _SITE, _DELIVERY,
        text("item_type", "recipe or product", values=ITEM_TYPES),
        text("item_id", "recipe or product"),
        count("portions", "people the kit serves; 0 for products", "people"),
        count("kits_committed", "in placed boxes", "kits"),
        *_quantiles("kits_", "kits", "kits"),
    ),
)  # fmt: skip
SITE_FORECAST = TableContract(
    "site_forecast", "What each site needs of each SKU on each day.",
    ("menu_week", "site_id", "need_date", "sku_id"),
    (
        _WEEK, _SITE,
        day("need_date", "production date the SKU is needed for"),
        _SKU,
        text("kind", "ingredient, product or packaging", values=SKU_KINDS),
        text("uom", "unit of the quantities"),
        amount("qty_committed", "for placed boxes", "base_uom"),
        *_quantiles("qty_", "needed quantity", "base_uom"),
        amount("service_level", "quantile that qty_required covers", maximum=1),
        amount("qty_required", "quantity at the service level", "base_uom"),
        count("cases_to_buy", "whole cases that cover qty_required", "cases"),
        day("order_by", "last day to order"),
    ),
)  # fmt: skip
WEEKLY_NEED = TableContract(
    "weekly_need", "What each site needs of each SKU in the whole menu week, from summed draws.",
    ("menu_week", "site_id", "sku_id"),
    (
        _WEEK, _SITE, _SKU,
        text("kind", "ingredient, product or packaging", values=SKU_KINDS),
        text("uom", "unit of the quantities"),
        amount("qty_committed", "for placed boxes", "base_uom"),
        *_quantiles("qty_", "needed quantity", "base_uom"),
    ),
)  # fmt: skip
KIT_DRAWS = TableContract(
    "site_forecast_draws",
    "The draws behind the forecast: kits and products per draw, site and day (rows of 0 left out).",
    ("draw", "site_id", "production_date", "delivery_date", "item_type", "item_id", "portions"),
    (
        count("draw", "number of the draw"),
        _SITE, _PRODUCTION, _DELIVERY,
        text("item_type", "recipe, product or box (packaging)",
             values=(*ITEM_TYPES, "box")),
        text("item_id", "recipe or product; number of kits for a box"),
        count("portions", "people the kit serves; 0 for products", "people"),
        count("kits", "kits, pieces or boxes", "kits"),
    ),
)  # fmt: skip
PUBLICATIONS = TableContract(
    "publications", "What was published, when, and what it replaced.", ("publication_id",),
    (
        text("publication_id", "immutable version of a plan's forecast"),
        text("plan_id", "plan"),
        text("status", "current, superseded or recalled",
             values=("current", "superseded", "recalled")),
        instant("published_at", "when it became current"),
        text("supersedes", "publication it replaced", nullable=True),
    ),
)  # fmt: skip
FORECAST_PLAN = TableContract(
    "forecast_plan", "The plan: what was forecast, from what, and how.", ("plan_id",),
    (
        text("plan_id", "fingerprint of inputs, settings and code version"),
        instant("as_of", "knowledge time"),
        count("seed", "names the random streams", maximum=2**63),
        count("n_draws", "simulated futures per week", "draws"),
        count("horizon_weeks", "menu weeks", "weeks"),
        json_text("menu_weeks", "the weeks, as a JSON list"),
        text("code_version", "version of sitecast"),
        json_text("settings", "the plan file as it was understood"),
        json_text("input_hashes", "fingerprint of each input table"),
        json_text("models", "name and version of each demand model"),
    ),
)  # fmt: skip
WEEKLY_TABLES = (
    SITE_FORECAST, WEEKLY_NEED, RECIPE_SITE_FORECAST, SITE_LOAD, SITE_WEEK_LOAD, CAPACITY_VALUE,
    UNALLOCATED, CHURN, SITE_OPENINGS, ITEM_LOAD, RESOURCE_LOAD,
)  # fmt: skip
"""Published as each week's site_forecast holds them."""
PUBLISHED_TABLES = (*WEEKLY_TABLES, *CHANGE_TABLES, PURCHASE_PLAN, EXCEPTIONS)
TABLES_WRITTEN: dict[str, TableContract] = {
    table.name: table
    for table in (
        FORECAST_PLAN, ALLOCATIONS, SITE_LOAD, SITE_WEEK_LOAD, CAPACITY_VALUE, UNALLOCATED, CHURN,
        ITEM_LOAD, RESOURCE_LOAD, ALLOCATION_GAP, SITE_OPENINGS, RECIPE_SITE_FORECAST,
        SITE_FORECAST, WEEKLY_NEED, KIT_DRAWS, PUBLICATIONS, PUBLICATION_FEED, FORECAST_ACCURACY,
        BACKTEST_ACCURACY, *CHANGE_TABLES, PURCHASE_PLAN, EXCEPTIONS,
    )
}  # fmt: skip
