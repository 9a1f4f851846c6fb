"""Tables about item caps: what sites make of capped items, how near draws are to the optimum."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sitecast.allocate.draws import DrawResults
from sitecast.allocate.item_limits import ItemLimits
from sitecast.allocate.placed import PlacedFlow
from sitecast.records.draw_boxes import DrawBoxes
from sitecast.records.quantiles import draw_summary
from sitecast.records.tables_written import ALLOCATION_GAP, ITEM_LOAD


def item_tables(
    menu_week: str, caps: ItemLimits, placed: DrawBoxes, placed_lane: NDArray[np.int32],
    fixed: PlacedFlow, committed: NDArray[np.int32], results: DrawResults,
) -> dict[str, pd.DataFrame]:  # fmt: skip
    """item_load and allocation_gap; both without rows where no item has a cap.

    Args:
        menu_week: week.
        caps: of items.
        placed: the placed boxes.
        placed_lane: (placed boxes,) their lanes, -1 for none.
        fixed: which of them are final, and the prices of the caps.
        committed: (lanes, items) kits in placed boxes.
        results: of all draws.
    """
    if not len(caps.table):
        return {"item_load": ITEM_LOAD.empty(), "allocation_gap": ALLOCATION_GAP.empty()}
    load = caps.load(results.counts.kits)
    final = _kits_of(placed, placed_lane, fixed.soft[placed.box_class] == 0, committed.shape)
    rows = caps.table.assign(
        menu_week=menu_week,
        over_cap_frozen=(caps.load(final) - caps.caps).clip(min=0),
        kits_committed=caps.load(committed),
        **draw_summary(np.sort(load.T, axis=1), "kits_"),
        p_at_cap=(load >= caps.caps).mean(axis=0),
        shadow_price=0 if fixed.capped is None else fixed.capped.prices,
    )
    gap = pd.DataFrame({"draw": np.arange(len(results.gap)), "gap": results.gap})
    return {"item_load": ITEM_LOAD.shaped(rows),
            "allocation_gap": ALLOCATION_GAP.shaped(gap.assign(menu_week=menu_week))}  # fmt: skip


def _kits_of(
    boxes: DrawBoxes, lane: NDArray[np.int32], chosen: NDArray[np.bool_], shape: tuple[int, ...]
) -> NDArray[np.int32]:
    """(lanes, items) what the chosen ones of (boxes,) hold, at their lanes."""
    held = np.zeros(shape, dtype=np.int32)
    at = np.repeat(np.where(chosen, lane, -1), np.diff(boxes.item_ptr))
    np.add.at(held, (at[at >= 0], boxes.items[at >= 0]), 1)
    return held
