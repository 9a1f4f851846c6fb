"""One draw: boxes, what is in them, and the classes they fall into."""

import numpy as np
from numpy.typing import NDArray

from sitecast.simulate.draw import UNCAPPED, DrawInput, DrawOutput
from sitecast.simulate.kernel import (
    LANES,
    Boxes,
    boxes_with_capped,
    empty_boxes,
    fill_boxes,
    items_of_boxes,
)
from sitecast.simulate.slot_tables import SlotTables, slot_tables
from sitecast.simulate.tally import tally_boxes
from sitecast.simulate.trays import ROWS, fill_from_trays

_KEPT_BYTES = 1 << 24
_IN_A_BYTE = 255
"""Recipes that a byte tells apart from each other and from nobody."""


def keep_freed_memory() -> None:
    """Have glibc keep what a draw frees: the next one needs as much again.

    It gives large blocks back to the system, and every page of the next ones is a fault: a third
    of a draw. Once a block was freed, blocks of its size are kept (mallopt(3), dynamic threshold).
    """
    np.empty(_KEPT_BYTES, np.uint8)


def simulate_draw(draw: DrawInput) -> DrawOutput:
    """All simulated boxes of one draw. O(pieces) time and memory; compiled, without the GIL."""
    keep_freed_memory()
    tables = slot_tables(draw.weights, draw.recipe_key)
    products = slot_tables(draw.product_rates[None, :], draw.product_key)
    boxes = empty_boxes(draw)
    kits, got, wanted = kits_of_boxes(draw, tables, boxes)
    item_ptr, items = items_of_boxes(draw, products, boxes, kits, got)
    box_class, place, sites, count, digest = tally_boxes(
        draw, boxes.cell, boxes.portions, item_ptr, items
    )
    return DrawOutput(box_class, boxes.rank, item_ptr, items, boxes.portions, boxes.is_default,
                      wanted, place, sites, count, digest)  # fmt: skip


def kits_of_boxes(
    draw: DrawInput, tables: SlotTables, boxes: Boxes
) -> tuple[NDArray[np.unsignedinteger], NDArray[np.uint16], NDArray[np.int64]]:
    """Fill the boxes: without caps first, then those with a capped recipe again, as they arrive.

    Args:
        draw: what the draw follows from.
        tables: slot tables of its weights.
        boxes: empty boxes.
    Returns:
        (trays, most, LANES) recipes, (boxes,) how many each got, (R,) kits of capped ones wanted.
    """
    n_trays, most = -(-len(boxes.key) // LANES), int(draw.sizes.max(initial=ROWS))
    narrow = len(draw.limit) <= _IN_A_BYTE  # half the memory, and twice as many boxes in a vector
    kits = np.empty((n_trays, most, LANES), np.uint8 if narrow else np.uint16)
    got = boxes.size.copy()
    late, held = fill_from_trays(boxes, tables, draw, kits)
    got[late] = held
    fill_boxes(late, boxes, tables, draw, np.full(len(draw.limit), UNCAPPED), kits, got)
    capped, wanted = boxes_with_capped(draw.left, kits, boxes, got)
    got[capped] = 0
    fill_boxes(capped, boxes, tables, draw, draw.left.copy(), kits, got)
    return kits, got, wanted
