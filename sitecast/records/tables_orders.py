"""Tables read about boxes: how many are expected, the order book, and what is in each order."""

from sitecast.records.contract import TableContract, amount, count, day, flag, instant, text

ITEM_TYPES = ("recipe", "product")
ORDER_STATES = ("placed", "cancelled", "delivered")

# Far beyond any company, and near enough that nothing made of them is too large to be counted.
MAX_BOXES = 10_000_000
"""Of one region and segment on one day."""
MAX_PIECES = 100_000
"""Of one order line."""
MAX_PORTIONS = 1_000
"""Of one kit."""

_WEEK = text("menu_week", "the week a menu is sold for, such as 2026-W48")
_REGION = text("region_id", "delivery region")
_DELIVERY = day("delivery_date", "the customer's day")

BOX_FORECAST = TableContract(
    "box_forecast", "Expected boxes, placed ones included. Where a week has no row, the demand "
    "model fills it from the order history.",
    ("menu_week", "delivery_date", "region_id", "segment"),
    (
        _WEEK,
        _DELIVERY,
        _REGION,
        text("segment", "customer segment"),
        amount("mean_boxes", "expected boxes; p50_boxes when empty", "boxes",
               maximum=MAX_BOXES, optional=True),
        amount("sd_boxes", "standard deviation; from p10_boxes and p90_boxes when empty, and the "
               "plan's spreads alone without those", "boxes",
               maximum=MAX_BOXES, nullable=True, optional=True),
        amount("p10_boxes", "10 % quantile", "boxes",
               maximum=MAX_BOXES, nullable=True, optional=True),
        amount("p50_boxes", "median", "boxes",
               maximum=MAX_BOXES, nullable=True, optional=True),
        amount("p90_boxes", "90 % quantile", "boxes",
               maximum=MAX_BOXES, nullable=True, optional=True),
    ),
    optional=True,
)  # fmt: skip
ORDERS = TableContract(
    "orders", "The order book and its history: one row per order and change of it.",
    ("order_id",),
    (
        text("order_id", "order"),
        text("customer_key", "hash of the customer", nullable=True, optional=True),
        text("segment", "customer segment"),
        _WEEK,
        _DELIVERY,
        _REGION,
        count("portions", "people each kit serves", "people", minimum=1, maximum=MAX_PORTIONS),
        text("state", "placed, cancelled or delivered", values=ORDER_STATES),
        flag("is_default", "filled by the system", optional=True, default=False),
        instant("created_at", "when the order was placed"),
        text("site_id", "site already chosen", nullable=True, optional=True),
    ),
)  # fmt: skip
ORDER_LINES = TableContract(
    "order_lines", "What is in each order.", ("order_id", "line_no"),
    (
        text("order_id", "order"),
        count("line_no", "line of the order"),
        text("item_type", "recipe or product", values=ITEM_TYPES),
        text("item_id", "recipe or product"),
        count("portions", "people the kit serves; empty for products", "people",
              minimum=1, maximum=MAX_PORTIONS, nullable=True, optional=True),
        count("quantity", "kits or pieces; 0, in a row with as_of, takes the line out", "kits",
              minimum=1, maximum=MAX_PIECES),
    ),
)  # fmt: skip
