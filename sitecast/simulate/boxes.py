"""The tables orders and order_lines: the order book as it is, and draw 0 box by box."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sitecast.records.tables_simulated import SIMULATED_BOXES, SIMULATED_LINES
from sitecast.records.week_axes import WeekAxes
from sitecast.simulate.draw import DrawInput, DrawOutput
from sitecast.simulate.placed import PlacedOrders

_Ints = NDArray[np.int64]


def box_tables(
    placed: PlacedOrders,
    placed_class: _Ints,
    cells: pd.DataFrame,
    drawn: DrawOutput,
    drawn_class: _Ints,
    made_from: DrawInput,
    axes: WeekAxes,
) -> dict[str, pd.DataFrame]:
    """Placed boxes first, then the boxes of the draw in the draw's order."""  # fmt: skip
    cell = np.repeat(np.arange(len(cells)), made_from.boxes)
    box_id = _slot_ids(cells, made_from)
    orders = pd.concat([
        _placed_boxes(placed, placed_class),
        _simulated_boxes(cells, cell, box_id, drawn, drawn_class, axes),
    ], ignore_index=True)  # fmt: skip
    lines = pd.concat([
        SIMULATED_LINES.shaped(placed.lines.rename(columns={"order_id": "box_id"})),
        _simulated_lines(drawn, box_id, axes),
    ], ignore_index=True)  # fmt: skip
    return {"orders": orders, "order_lines": lines}


def _slot_ids(cells: pd.DataFrame, made_from: DrawInput) -> NDArray[np.object_]:
    """A slot is named by its cell's stream and its number: the name outlives other cells."""
    names = [f"slot-{key:016x}-" for key in cells["stream_key"].to_numpy().view(np.uint64).tolist()]
    counts = zip(names, made_from.first_slot.tolist(), made_from.boxes.tolist(), strict=True)
    ids = [f"{name}{slot}" for name, first, n in counts for slot in range(first, first + n)]
    return np.array(ids, dtype=object)


def _placed_boxes(placed: PlacedOrders, class_id: _Ints) -> pd.DataFrame:
    frame = placed.orders.rename(columns={"order_id": "box_id", "site_id": "previous_site_id"})
    return SIMULATED_BOXES.shaped(frame.assign(is_simulated=False, class_id=class_id))


def _simulated_boxes(
    cells: pd.DataFrame, cell: _Ints, box_id: NDArray[np.object_], drawn: DrawOutput,
    class_id: _Ints, axes: WeekAxes,
) -> pd.DataFrame:  # fmt: skip
    frame = cells.iloc[cell][["delivery_date", "region_id", "segment"]].reset_index(drop=True)
    return SIMULATED_BOXES.shaped(
        frame.assign(box_id=box_id, is_simulated=True, is_default=drawn.is_default,
                     portions=axes.portions[drawn.portions], class_id=class_id,
                     previous_site_id=pd.NA)
    )  # fmt: skip


def _simulated_lines(
    drawn: DrawOutput, box_id: NDArray[np.object_], axes: WeekAxes
) -> pd.DataFrame:
    """One line per box and item, sorted; repeated pieces are its quantity."""
    box = np.repeat(np.arange(len(box_id)), np.diff(drawn.item_ptr))
    code, quantity = np.unique(box * axes.n_items + drawn.items, return_counts=True)
    box, item = code // axes.n_items, code % axes.n_items
    first = np.searchsorted(box, np.arange(len(box_id)))
    items = axes.items()
    portions = items["portions"].astype("Int64").where(items["portions"] > 0)
    text = SIMULATED_LINES["item_id"].dtype
    types, names = items["item_type"].astype(text).array, items["item_id"].astype(text).array
    return SIMULATED_LINES.shaped(pd.DataFrame({
        "box_id": pd.array(box_id, dtype=text).take(box),
        "line_no": np.arange(len(box)) - first[box] + 1,
        "item_type": types.take(item), "item_id": names.take(item),
        "portions": portions.array.take(item), "quantity": quantity,
    }))  # fmt: skip
