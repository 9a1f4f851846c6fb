"""The tables sitecast reads, as declared to the companies that bring them.

Ids are text; money is whole minor units; quantities are in the SKU's base_uom; instants are UTC.
Any table may carry a column `as_of`, the moment the row became known: a plan sees only rows whose
as_of is not after its own, and of several rows for one key the latest.
"""

from sitecast.quantities import BASE_UOMS
from sitecast.records.contract import (
    TableContract,
    amount,
    count,
    day,
    flag,
    instant,
    json_text,
    text,
)  # fmt: skip
from sitecast.records.tables_drivers import DEMAND_DRIVERS
from sitecast.records.tables_orders import (
    BOX_FORECAST,
    ITEM_TYPES,
    MAX_PORTIONS,
    ORDER_LINES,
    ORDERS,
)  # fmt: skip

RESOURCE_TYPES = ("line", "sku")
SKU_KINDS = ("ingredient", "product", "packaging")
MAX_QTY = 1_000_000
"""Of a SKU in one kit, piece or box: far beyond any, and what is made of it can be counted."""
MIN_YIELD = 0.001

_WEEK = text("menu_week", "the week a menu is sold for, such as 2026-W48")
_SITE = text("site_id", "factory")
_REGION = text("region_id", "delivery region")
_SKU = text("sku_id", "ingredient, product or packaging item")
_UOM = text("uom", "unit of qty, checked against the SKU's base_uom; that one when empty",
            nullable=True, optional=True)  # fmt: skip
_DELIVERY = day("delivery_date", "the customer's day")
_VALID = (
    day("valid_from", "first day the row holds; always when empty", nullable=True, optional=True),
    day("valid_to", "last day the row holds; for good when empty", nullable=True, optional=True),
)

MENU_WEEKS = TableContract(
    "menu_weeks", "The calendar of menu weeks; the only source of a week's dates.", ("menu_week",),
    (
        _WEEK,
        day("start_date", "first delivery date"), day("end_date", "last delivery date"),
        instant("menu_opens_at", "when customers may order", nullable=True, optional=True),
    ),
)  # fmt: skip
DELIVERY_DAYS = TableContract(
    "delivery_days", "Days on which boxes are delivered, each in one menu week.",
    ("delivery_date",),
    (
        _WEEK, _DELIVERY,
        instant("cutoff_at", "the customer's last moment to edit an order"),
        amount("weight", "share of the week's boxes, any scale", optional=True, default=1.0),
    ),
)  # fmt: skip
SITES = TableContract(
    "sites", "Factories.", ("site_id",),
    (
        _SITE,
        text("name", "name people use"),
        day("opens_on", "first production date"),
        day("closes_on", "last production date; open when empty", nullable=True, optional=True),
        flag("is_catch_all", "a site without a cap", optional=True, default=False),
        count("priority", "order of preference, 1 first", optional=True, default=1),
    ),
)  # fmt: skip
SITE_CAPS = TableContract(
    "site_caps", "Boxes a site can pack on a production date. A date without a row has cap 0, "
    "unless the site is a catch-all. A row may be kept for one menu week, where two weeks pack "
    "on the same date; a row without a week holds for each of them.",
    ("site_id", "production_date", "menu_week"),
    (
        _SITE,
        day("production_date", "the day the site packs"),
        count("cap_boxes", "most boxes; no cap when empty", "boxes", nullable=True),
        count("floor_boxes", "least boxes worth a shift", "boxes", optional=True, default=0),
        text("menu_week", "the week the row is for; every week when empty",
             nullable=True, optional=True),
    ),
)  # fmt: skip
SITE_WEEK_CAPS = TableContract(
    "site_week_caps", "Boxes a site can pack for a menu week, all its production dates together. "
    "Without a row only the dates are limited.", ("site_id", "menu_week"),
    (
        _SITE, _WEEK,
        count("cap_boxes", "most boxes; no cap when empty", "boxes", nullable=True),
        count("floor_boxes", "least boxes worth the week", "boxes", optional=True, default=0),
    ),
    optional=True,
)  # fmt: skip
REGIONS = TableContract(
    "regions", "Which delivery region a postcode belongs to.", ("postcode_prefix",),
    (text("postcode_prefix", "leading part of the postcode"), _REGION),
)  # fmt: skip
REGION_SITES = TableContract(
    "region_sites", "Serviceability: the sites that can reach a region.",
    ("region_id", "site_id", "valid_from"),
    (
        _REGION,
        _SITE,
        count("transit_days", "days between packing and delivery", "days", maximum=30),
        count("cost_per_box", "delivery cost in minor units", "minor units",
              optional=True, default=0),
        *_VALID,
    ),
)  # fmt: skip
RECIPES = TableContract(
    "recipes", "Recipes that are or may be on a menu.", ("recipe_id",),
    (
        text("recipe_id", "recipe"),
        text("name", "name on the menu"),
        json_text("attributes", "cuisine, protein, diet_tags, cook_min as a JSON object",
                  optional=True, default="{}"),
        text("first_menu_week", "first week on a menu", nullable=True, optional=True),
    ),
)  # fmt: skip
MENU = TableContract(
    "menu", "What customers can choose in a menu week.", ("menu_week", "recipe_id"),
    (
        _WEEK,
        text("recipe_id", "recipe"),
        count("position", "place on the menu, 1 first", nullable=True, optional=True),
        flag("is_default_pool", "may be put into a box nobody chose", optional=True, default=True),
        count("surcharge", "price above the basic one, minor units", "minor units",
              optional=True, default=0),
        amount("promotion", "how strongly the recipe is promoted, as planned: 1 where it is in the "
               "mailer, or any other measure", optional=True, default=0.0),
        count("max_per_box", "kits of the recipe a box may hold", "kits",
              minimum=1, optional=True, default=1),
        flag("available", "can be chosen", optional=True, default=True),
    ),
)  # fmt: skip
ITEM_SITES = TableContract(
    "item_sites", "Eligibility: a row says that the site makes the item in that week.",
    ("menu_week", "item_type", "item_id", "site_id"),
    (
        _WEEK,
        text("item_type", "recipe or product", values=ITEM_TYPES),
        text("item_id", "recipe or product"),
        _SITE,
        count("cap_kits", "most kits of the item that the site makes in the menu week, all "
              "portions sizes together; no cap when empty", "kits",
              nullable=True, optional=True),
        text("line_id", "line on which the site makes it", nullable=True, optional=True),
    ),
)  # fmt: skip
RESOURCE_CAPS = TableContract(
    "resource_caps", "Limits that items share at a site, each for a whole menu week.",
    ("menu_week", "site_id", "resource_type", "resource_id"),
    (
        _WEEK, _SITE,
        text("resource_type", "line of item_sites, or SKU", values=RESOURCE_TYPES),
        text("resource_id", "line_id, or sku_id of no packaging"),
        amount("cap", "most portions of a line (a product counts as one), or base_uom of a SKU"),
    ),
    optional=True,
)  # fmt: skip
SKUS = TableContract(
    "skus", "What is bought: ingredients, products, packaging.", ("sku_id",),
    (
        _SKU,
        text("name", "name on the order to the supplier"),
        text("kind", "ingredient, product or packaging", values=SKU_KINDS),
        text("base_uom", "unit of every quantity of the SKU", values=BASE_UOMS),
        count("shelf_life_days", "days it keeps", "days", optional=True, default=365),
        amount("unit_cost", "cost of one base_uom, minor units", "minor units",
               optional=True, default=0.0),
        amount("case_size", "quantity in the pack it is bought in", "base_uom",
               minimum=None, above=0, optional=True, default=1.0),
        amount("moq", "least order", "base_uom", optional=True, default=0.0),
        count("lead_time_days", "days from order to delivery", "days",
              maximum=3_650, optional=True, default=0),
        amount("yield_rate", "usable share of what is received",
               minimum=MIN_YIELD, maximum=1, optional=True, default=1.0),
        amount("wastage_rate", "share lost in production, bought on top",
               maximum=1, optional=True, default=0.0),
        amount("shortage_cost", "cost of one base_uom too little; from the plan when empty",
               "minor units", nullable=True, optional=True),
        amount("surplus_cost", "cost of one base_uom too much; unit_cost when empty",
               "minor units", nullable=True, optional=True),
    ),
)  # fmt: skip
RECIPE_BOM = TableContract(
    "recipe_bom", "What one kit of a recipe needs.",
    ("recipe_id", "portions", "sku_id", "valid_from"),
    (
        text("recipe_id", "recipe"),
        count("portions", "people the kit serves", "people", minimum=1, maximum=MAX_PORTIONS),
        _SKU,
        amount("qty", "quantity per kit", "base_uom", minimum=None, above=0, maximum=MAX_QTY),
        _UOM, *_VALID,
    ),
)  # fmt: skip
PRODUCTS = TableContract(
    "products", "Add-on products.", ("product_id",),
    (
        text("product_id", "product"),
        text("name", "name in the shop"),
        amount("take_rate", "pieces per box", "pieces/box", maximum=20),
    ),
    optional=True,
)  # fmt: skip
PRODUCT_BOM = TableContract(
    "product_bom", "What one piece of a product needs.", ("product_id", "sku_id"),
    (
        text("product_id", "product"),
        _SKU,
        amount("qty", "quantity per piece", "base_uom", minimum=None, above=0, maximum=MAX_QTY),
        _UOM,
    ),
    optional=True,
)  # fmt: skip
PACKAGING_RULES = TableContract(
    "packaging_rules", "Packaging a box needs, by its number of kits.", ("rule_id", "sku_id"),
    (
        text("rule_id", "rule"),
        count("min_kits", "smallest box the rule is for", "kits"),
        count("max_kits", "largest box the rule is for", "kits"),
        count("portions", "only for this portions size; every size when empty", "people",
              maximum=MAX_PORTIONS, nullable=True, optional=True),
        _SKU,
        amount("qty", "quantity per box", "base_uom", minimum=None, above=0, maximum=MAX_QTY),
        _UOM,
    ),
    optional=True,
)  # fmt: skip
STOCK = TableContract(
    "stock", "What lies in the sites' stores.", ("site_id", "sku_id", "expiry_date"),
    (_SITE, _SKU, day("expiry_date", "last usable day"), amount("qty", "quantity", "base_uom")),
    optional=True,
)  # fmt: skip
OPEN_POS = TableContract(
    "open_pos", "Purchase orders on their way.", ("po_id", "site_id", "sku_id"),
    (
        text("po_id", "purchase order"), _SITE, _SKU,
        day("due_date", "day of delivery"), amount("qty", "quantity", "base_uom"),
    ),
    optional=True,
)  # fmt: skip
USAGE_ACTUALS = TableContract(
    "usage_actuals", "What the sites really used.", ("site_id", "production_date", "sku_id"),
    (
        _SITE, day("production_date", "the day the site packed"), _SKU,
        amount("used_qty", "used", "base_uom"), amount("waste_qty", "thrown away", "base_uom"),
    ),
    optional=True,
)  # fmt: skip

TABLES_READ: dict[str, TableContract] = {
    table.name: table
    for table in (
        MENU_WEEKS, DELIVERY_DAYS, SITES, SITE_CAPS, SITE_WEEK_CAPS, REGIONS, REGION_SITES,
        RECIPES, MENU, ITEM_SITES, RESOURCE_CAPS, SKUS, RECIPE_BOM, PRODUCTS, PRODUCT_BOM,
        PACKAGING_RULES, BOX_FORECAST, DEMAND_DRIVERS, ORDERS, ORDER_LINES, STOCK, OPEN_POS,
        USAGE_ACTUALS,
    )
}  # fmt: skip
