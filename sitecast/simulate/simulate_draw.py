"""One draw: boxes, what is in them, and the classes they fall into."""

from sitecast.simulate.draw import DrawInput, DrawOutput
from sitecast.simulate.kernel import boxes_and_kits, items_of_boxes
from sitecast.simulate.slot_tables import slot_tables
from sitecast.simulate.tally import tally_boxes


def simulate_draw(draw: DrawInput) -> DrawOutput:
    """All simulated boxes of one draw. O(pieces) time and memory; compiled, without the GIL."""
    tables = slot_tables(draw.weights, draw.recipe_key)
    products = slot_tables(draw.product_rates[None, :], draw.product_key)
    boxes, kits, got, wanted = boxes_and_kits(draw, tables)
    item_ptr, items = items_of_boxes(draw, products, boxes, kits, got)
    box_class, place, sites, count, digest = tally_boxes(
        draw, boxes.cell, boxes.portions, item_ptr, items
    )
    return DrawOutput(box_class, boxes.rank, item_ptr, items, boxes.portions, boxes.is_default,
                      wanted, place, sites, count, digest)  # fmt: skip
