"""What the demand models learn from: past weeks' orders, counted. Part of extracted_data."""

from sitecast.records.contract import TableContract, amount, count, day, text
from sitecast.records.tables_orders import ITEM_TYPES

_WEEK = text("menu_week", "past menu week")
_SEGMENT = text("segment", "customer segment")

HISTORY_BOXES = TableContract(
    "history_boxes", "Boxes of past menu weeks that were not cancelled, as known at as_of.",
    ("menu_week", "delivery_date", "region_id", "segment", "portions", "n_kits"),
    (
        _WEEK,
        day("delivery_date", "the customer's day"),
        text("region_id", "delivery region"),
        _SEGMENT,
        count("portions", "people each kit serves", "people", minimum=1),
        count("n_kits", "kits in the box", "kits"),
        count("boxes", "boxes", "boxes", minimum=1),
        count("default_boxes", "those of them that the system filled", "boxes"),
    ),
)  # fmt: skip
HISTORY_ITEMS = TableContract(
    "history_items", "Kits and products in the boxes of past menu weeks.",
    ("menu_week", "segment", "item_type", "item_id"),
    (
        _WEEK,
        _SEGMENT,
        text("item_type", "recipe or product", values=ITEM_TYPES),
        text("item_id", "recipe or product"),
        count("pieces", "kits or pieces", "kits", minimum=1),
    ),
)  # fmt: skip
HISTORY_MENU = TableContract(
    "history_menu", "What could be chosen in past menu weeks; without it, a recipe that sold in a "
    "week counts as on its menu.", ("menu_week", "recipe_id"),
    (
        _WEEK,
        text("recipe_id", "recipe"),
        count("position", "place on the menu, 1 first", nullable=True),
        count("surcharge", "price above the basic one", "minor units"),
        amount("promotion", "how strongly the recipe was promoted"),
    ),
)  # fmt: skip

TABLES_HISTORY: dict[str, TableContract] = {
    table.name: table for table in (HISTORY_BOXES, HISTORY_ITEMS, HISTORY_MENU)
}
