"""What changed since the last published forecast of a menu week, and why."""

from sitecast.records.contract import TableContract, amount, day, text

CAUSES = (
    "orders", "volume", "shares", "menu_and_bom", "caps_and_eligibility", "overrides", "code",
    "draws", "unknown",
)  # fmt: skip
"""In the order in which inputs are swapped; the last three are what remains after that."""

_WEEK = text("menu_week", "menu week")
_CAUSE = text(
    "cause",
    "what changed: orders = order book and as_of; volume = box forecast, past boxes; shares = "
    "what customers choose; menu_and_bom = menu, recipes, products, bills of materials, "
    "packaging, delivery days; caps_and_eligibility = sites, caps, regions and who makes what; "
    "overrides = settings of the plan; code = the rest where code or models have another version; "
    "draws = the rest: other random numbers, and staying close to the last plan; unknown = not "
    "explained, see change_notes",
    values=CAUSES,
)

FORECAST_CHANGES = TableContract(
    "forecast_changes",
    "Why qty_mean of site_forecast differs from the last published forecast of the week: over all "
    "causes, delta adds up to the change, exactly, where both are rounded to 2^-20 base_uom. "
    "Without rows where nothing changed, and where no plan was published before.",
    ("menu_week", "site_id", "need_date", "sku_id", "cause"),
    (
        text("plan_from", "plan of the last published forecast"),
        text("plan_to", "this plan"),
        _WEEK,
        text("site_id", "factory"),
        text("sku_id", "ingredient, product or packaging item"),
        day("need_date", "production date the SKU is needed for"),
        _CAUSE,
        amount("delta", "change of qty_mean, a multiple of 2^-20; never 0", "base_uom",
               minimum=None),
    ),
)  # fmt: skip
CHANGE_NOTES = TableContract(
    "change_notes",
    "What to know about the causes of a week: which ones could only be told together with "
    "another, and why the change is not explained.",
    ("menu_week", "cause"),
    (_WEEK, _CAUSE, text("note", "in words")),
)

CHANGE_TABLES = (FORECAST_CHANGES, CHANGE_NOTES)
