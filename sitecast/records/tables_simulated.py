"""The tables of simulated_orders: placed boxes, draw 0, and what every other draw follows from.

Boxes of the other draws are never stored: counts, weights and factors here, with the streams named
by seed, week, draw, cell and slot, give them again, bit by bit; `draw_digests` proves it.
"""

from sitecast.records.contract import (
    MAX_COUNT,
    Column,
    TableContract,
    amount,
    count,
    day,
    flag,
    text,
)  # fmt: skip
from sitecast.records.tables_orders import ITEM_TYPES

ALL_SEGMENTS = "*"

_DAY = day("delivery_date", "the customer's day")
_REGION = text("region_id", "delivery region")
_SEGMENT = text("segment", "customer segment")
_RECIPE = text("recipe_id", "recipe")
_DRAW = count("draw", "number of the draw")
_TASTE = count("taste_class", "number of the segment's taste class")
_CLASS = count("class_id", "row of the table classes")


def _bits(name: str, description: str) -> Column:
    """64 bits, kept in a signed number."""
    return count(name, description, minimum=None, maximum=None)


SIMULATED_BOXES = TableContract(
    "orders", "Boxes: every placed order as it is, and the simulated ones of draw 0.", ("box_id",),
    (
        text("box_id", "order_id of a placed box, slot_id of a simulated one"),
        flag("is_simulated", "true for a simulated box"),
        flag("is_default", "filled by the system"),
        _DAY, _REGION, _SEGMENT,
        count("portions", "people each kit serves", "people", minimum=1),
        text("previous_site_id", "site of the order book", nullable=True),
        _CLASS,
    ),
)  # fmt: skip
SIMULATED_LINES = TableContract(
    "order_lines", "What is in each box of the table orders.", ("box_id", "line_no"),
    (
        text("box_id", "box"),
        count("line_no", "line of the box"),
        text("item_type", "recipe or product", values=ITEM_TYPES),
        text("item_id", "recipe or product"),
        count("portions", "people the kit serves; empty for products", "people",
              minimum=1, nullable=True),
        count("quantity", "kits or pieces", "kits", minimum=1),
    ),
)  # fmt: skip
CLASSES = TableContract(
    "classes", "Boxes that are alike to the allocation, over all draws.", ("class_id",),
    (
        _CLASS,
        flag("is_simulated", "true for simulated boxes"),
        _DAY, _REGION,
        _bits("site_set", "bit mask over the sites that can make and deliver the box"),
        count("previous_site", "position of the order book's site; -1 = none", minimum=-1),
    ),
)  # fmt: skip
CLASS_BOXES = TableContract(
    "class_boxes",
    "Simulated boxes by class (rows of 0 left out).",
    ("draw", "class_id"),
    (_DRAW, _CLASS, count("boxes", "simulated boxes", "boxes")),
)
CELLS = TableContract(
    "cells", "Delivery date × region × segment.", ("cell_id",),
    (
        count("cell_id", "row of this table"),
        _DAY, _REGION, _SEGMENT,
        count("placed_boxes", "boxes of the order book", "boxes"),
        _bits("stream_key", "names the cell's random stream"),
    ),
)  # fmt: skip
CELL_BOXES = TableContract(
    "cell_boxes",
    "Simulated boxes by cell (rows of 0 left out).",
    ("draw", "cell_id"),
    (
        _DRAW,
        count("cell_id", "row of the table cells"),
        count("boxes", "simulated boxes", "boxes"),
    ),
)
TASTE_CLASSES = TableContract(
    "taste_classes", "Latent classes of a segment, which choose alike.",
    ("segment", "taste_class"),
    (
        _SEGMENT, _TASTE,
        amount("probability", "share of the segment's boxes", maximum=1),
    ),
)  # fmt: skip
CHOICE_WEIGHTS = TableContract(
    "choice_weights", "How much a recipe weighs where a box is chosen.",
    ("segment", "taste_class", "recipe_id"),
    (
        _SEGMENT, _TASTE, _RECIPE,
        amount("weight", "Plackett–Luce weight, the median of a class is 1; never chosen where 0"),
    ),
)  # fmt: skip
KIT_SHARES = TableContract(
    "kit_shares", "Shares of kits: what the forecast asks for, and what the weights give exactly.",
    ("segment", "recipe_id"),
    (
        text("segment", f"customer segment; {ALL_SEGMENTS} = all together"), _RECIPE,
        amount("share_asked", "forecast P(recipe | kit), what the segment never gets left out; "
               "empty where the choice model asks for none", maximum=1, nullable=True),
        amount("share_given", "expected P(recipe | kit), default boxes included; differs where the "
               "forecast's is out of reach", maximum=1),
    ),
)  # fmt: skip
DEFAULT_BOXES = TableContract(
    "default_boxes", "How many boxes the system fills.", ("segment",),
    (_SEGMENT, amount("probability", "share of boxes", maximum=1)),
)  # fmt: skip
DEFAULT_POOL = TableContract(
    "default_pool", "What the system fills them with, by the weights of the customer.",
    ("segment", "recipe_id"),
    (_SEGMENT, _RECIPE),
)  # fmt: skip
RECIPE_RULES = TableContract(
    "recipe_rules", "What bounds the kits of a recipe.", ("recipe_id",),
    (
        _RECIPE,
        count("max_per_box", "kits a box may hold", "kits", minimum=1),
        count("kits_left", "kits the cap leaves to simulated boxes; no cap when empty", "kits",
              nullable=True),
    ),
)  # fmt: skip
RECIPE_FACTORS = TableContract(
    "recipe_factors",
    "Popularity of each recipe in each draw.",
    ("draw", "recipe_id"),
    (_DRAW, _RECIPE, amount("factor", "multiplies the recipe's weights; mean 1")),
)
CAPPED_RECIPES = TableContract(
    "capped_recipes", "Recipes that can sell out.", ("draw", "recipe_id"),
    (
        _DRAW, _RECIPE,
        count("kits_wanted", "kits that simulated boxes would hold without caps", "kits"),
        count("kits_left", "kits the cap leaves to them", "kits"),
    ),
)  # fmt: skip
BOX_SIZES = TableContract(
    "box_sizes", "Kits in a box.", ("segment", "n_kits"),
    (_SEGMENT, count("n_kits", "kits", "kits"), amount("probability", "share of boxes", maximum=1)),
)  # fmt: skip
PORTIONS = TableContract(
    "portions",
    "Portions sizes of the boxes.",
    ("segment", "portions"),
    (
        _SEGMENT,
        count("portions", "people each kit serves", "people", minimum=1),
        amount("probability", "share of boxes", maximum=1),
    ),
)
DRAW_DIGESTS = TableContract(
    "draw_digests", "Proof that a draw regenerated is the draw that was simulated.", ("draw",),
    (
        _DRAW,
        count("boxes", "simulated boxes", "boxes"),
        count("pieces", "kits and products in them", "pieces", maximum=MAX_COUNT),
        _bits("digest", "FNV-1a of places, site sets and items"),
    ),
)  # fmt: skip

TABLES_SIMULATED: dict[str, TableContract] = {
    table.name: table
    for table in (
        SIMULATED_BOXES, SIMULATED_LINES, CLASSES, CLASS_BOXES, CELLS, CELL_BOXES, TASTE_CLASSES,
        CHOICE_WEIGHTS, KIT_SHARES, DEFAULT_BOXES, DEFAULT_POOL, RECIPE_RULES, RECIPE_FACTORS,
        CAPPED_RECIPES, BOX_SIZES, PORTIONS, DRAW_DIGESTS,
    )
}  # fmt: skip
