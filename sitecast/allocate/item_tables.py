"""Tables about item caps: what sites make of capped items, how near draws are to the optimum."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sitecast.allocate.draws import DrawResults
from sitecast.allocate.item_limits import ItemLimits
from sitecast.allocate.placed import PlacedFlow
from sitecast.records.draw_boxes import DrawBoxes
from sitecast.records.quantiles import draw_summary
from sitecast.records.tables_capacity import RESOURCE_LOAD
from sitecast.records.tables_orders import ITEM_TYPES
from sitecast.records.tables_written import ALLOCATION_GAP, ITEM_LOAD


def item_tables(
    menu_week: str, caps: ItemLimits, final: NDArray[np.int64], fixed: PlacedFlow,
    committed: NDArray[np.int32], results: DrawResults,
) -> dict[str, pd.DataFrame]:  # fmt: skip
    """item_load, resource_load and allocation_gap; without rows where there is no cap.

    Args:
        menu_week: week.
        caps: of items.
        final: (rows,) units in boxes whose site is final.
        fixed: the prices of the caps.
        committed: (lanes, items) kits in placed boxes.
        results: of all draws.
    """
    if not len(caps.table):
        some = (ITEM_LOAD, RESOURCE_LOAD, ALLOCATION_GAP)
        return {table.name: table.empty() for table in some}
    load, scale = caps.load(results.counts.kits), caps.scale
    rows = caps.table.assign(
        menu_week=menu_week,
        over_cap_frozen=(final - caps.caps).clip(min=0) / scale,
        cap=caps.caps / scale,
        used_committed=caps.load(committed) / scale,
        **draw_summary(np.sort((load / scale).T, axis=1), "used_"),
        p_at_cap=(load > caps.caps - caps.per).mean(axis=0),
        shadow_price=fixed.item_prices() * scale / caps.per,
    )
    kits = rows.rename(columns=lambda name: name.replace("used_", "kits_"))
    kits = kits.rename(columns={"cap": "cap_kits"})
    shared = rows.rename(columns={"item_type": "resource_type", "item_id": "resource_id"})
    of_items = rows["item_type"].isin(ITEM_TYPES)
    gap = pd.DataFrame({"draw": np.arange(len(results.gap)), "gap": results.gap})
    return {"item_load": ITEM_LOAD.shaped(kits[of_items].reset_index(drop=True)),
            "resource_load": RESOURCE_LOAD.shaped(shared[~of_items].reset_index(drop=True)),
            "allocation_gap": ALLOCATION_GAP.shaped(gap.assign(menu_week=menu_week))}  # fmt: skip


def final_load(
    caps: ItemLimits, placed: DrawBoxes, lane: NDArray[np.int32], fixed: PlacedFlow,
    committed: NDArray[np.int32],
) -> NDArray[np.int64]:  # fmt: skip
    """(rows,) units under each cap in the placed boxes, at (boxes,) lanes, whose site is final."""
    held = np.zeros_like(committed)
    is_final = fixed.soft[placed.box_class] == 0
    at = np.repeat(np.where(is_final, lane, -1), np.diff(placed.item_ptr))
    np.add.at(held, (at[at >= 0], placed.items[at >= 0]), 1)
    return caps.load(held)
