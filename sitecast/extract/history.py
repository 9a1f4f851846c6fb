"""Past weeks' orders, counted for the demand models; one week at a time where the source can."""

import datetime as dt
from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd
import pyarrow as pa

from sitecast.extract.counted_week import Counts
from sitecast.extract.mapping import AS_OF
from sitecast.extract.reader import Known, TableReader, read_known, rows_of
from sitecast.extract.source import Source
from sitecast.records.contract import TableContract
from sitecast.records.matching import positions
from sitecast.records.tables_history import HISTORY_BOXES, HISTORY_ITEMS, HISTORY_MENU

_OF_LINE = ["item_type", "item_id", "quantity"]
_ALWAYS = pd.Timestamp(0, tz="UTC")
_OF_ORDER = ["menu_week", "delivery_date", "region_id", "segment", "portions"]


def history_tables(
    source: Source, as_of: dt.datetime, weeks: Sequence[str]
) -> dict[str, pd.DataFrame]:
    """Boxes and items of past weeks, as known at as_of.

    Cancelled orders do not count. Rows with an unreadable or missing cell are left out: they
    belong to a past week and must not stop this one; check_data lists them.

    Args:
        source: where orders and order_lines lie.
        as_of: knowledge time.
        weeks: the past menu weeks, in any order: it changes no number.
    Returns:
        history_boxes, history_items and history_menu.
    Raises:
        DataError: a file of past orders is damaged as a whole; leaving it out would mislead.
    """
    boxes, items = [HISTORY_BOXES.empty()], [HISTORY_ITEMS.empty()]
    for some in _counts(source, as_of, weeks):
        boxes.append(some.boxes)
        items.append(some.items)
    return {
        "history_boxes": _joined(boxes, HISTORY_BOXES, "boxes"),
        "history_items": _joined(items, HISTORY_ITEMS, "pieces"),
        "history_menu": _past_menus(source, as_of, weeks),
    }


def _past_menus(source: Source, as_of: dt.datetime, weeks: Sequence[str]) -> pd.DataFrame:
    menu = read_known(source, "menu", as_of, weeks)
    offered = rows_of(menu, menu["menu_week"].isin(list(weeks)) & menu["available"])
    offered = offered.dropna(subset=list(HISTORY_MENU.key)).drop_duplicates(list(HISTORY_MENU.key))
    offered = offered.fillna({"surcharge": 0, "promotion": 0.0})
    return HISTORY_MENU.shaped(offered.sort_values(list(HISTORY_MENU.key)).reset_index(drop=True))


def _counts(source: Source, as_of: dt.datetime, weeks: Sequence[str]) -> Iterator[Counts]:
    """Week by week; all weeks at once where the source brings them together."""
    reader = TableReader(source, as_of, strict=True)
    left = list(weeks)
    while left:
        counted = source.counted_week(left[0])
        made = counted.find(as_of) if counted else None
        if made is not None:
            left = left[1:]
            yield made
            continue
        orders = reader.known("orders", left[:1])
        by_itself = _mostly(orders.sound["menu_week"].isin(left[:1]))
        batch, left = (left[:1], left[1:]) if by_itself else (left, [])
        lines = reader.known("order_lines", batch)
        made = _counted(_that_count(orders.sound, batch), lines.sound)
        since = max(_known_since(orders), _known_since(lines))
        if counted and since <= as_of and counted == source.counted_week(batch[0]):
            counted.note(since, made)
        yield made


def _mostly(which: "pd.Series[bool]") -> bool:
    """An order that moved to another week comes with the week it left, too."""
    return not len(which) or bool(which.mean() > 0.5)


def _that_count(orders: pd.DataFrame, weeks: list[str]) -> pd.DataFrame:
    chosen = orders["menu_week"].isin(weeks) & (orders["state"] != "cancelled")
    return orders.loc[chosen, ["order_id", "is_default", *_OF_ORDER]].dropna(subset=_OF_ORDER)


def _known_since(table: Known) -> pd.Timestamp:
    """The last moment at which a row of a table became known; from then on, nothing is new."""
    rows = table.converted.frame
    last = [rows[name].max() for name in (AS_OF, "created_at") if name in rows]
    return max([moment for moment in last if not pd.isna(moment)], default=_ALWAYS)


def _counted(orders: pd.DataFrame, lines: pd.DataFrame) -> Counts:
    place = positions(lines["order_id"], orders["order_id"])
    real = (place >= 0) & (lines["quantity"] > 0).fillna(False).to_numpy(dtype=bool)
    place, lines = place[real], lines.loc[real, _OF_LINE]
    quantity = lines["quantity"].to_numpy(dtype=np.int64)
    is_kit = (lines["item_type"] == "recipe").to_numpy(dtype=bool)
    kits = np.bincount(place[is_kit], weights=quantity[is_kit], minlength=len(orders))
    boxes = _arrow(orders, _OF_ORDER).append_column("n_kits", pa.array(kits.astype(np.int64)))
    boxes = boxes.append_column("boxes", pa.array(np.ones(len(orders), dtype=np.int64)))
    unasked = orders["is_default"].fillna(False).to_numpy(dtype=np.int64)
    boxes = boxes.append_column("default_boxes", pa.array(unasked))
    order_of_line = pa.array(place)
    items = _arrow(lines, ["item_type", "item_id"])
    for name in ("menu_week", "segment"):
        items = items.append_column(name, _arrow(orders, [name])[name].take(order_of_line))
    items = items.append_column("pieces", pa.array(quantity)).drop_null()
    return Counts(
        HISTORY_BOXES.shaped(_summed(boxes, HISTORY_BOXES, ["boxes", "default_boxes"])),
        HISTORY_ITEMS.shaped(_summed(items, HISTORY_ITEMS, ["pieces"])),
    )


def _arrow(frame: pd.DataFrame, names: list[str]) -> pa.Table:
    """Columns with their texts as dictionaries: far quicker to take and to group."""
    table = pa.Table.from_pandas(frame[names], preserve_index=False)
    for place, field in enumerate(table.schema):
        if pa.types.is_string(field.type) or pa.types.is_large_string(field.type):
            table = table.set_column(place, field.name, table[field.name].dictionary_encode())
    return table.unify_dictionaries().combine_chunks()


def _summed(table: pa.Table, contract: TableContract, counts: list[str]) -> pd.DataFrame:
    grouped = table.group_by(list(contract.key)).aggregate([(count, "sum") for count in counts])
    names = {f"{count}_sum": count for count in counts}
    frame = grouped.rename_columns(names).to_pandas(date_as_object=False)
    texts = frame.select_dtypes("category").columns
    return frame.astype(dict.fromkeys(texts, object))


def _joined(parts: list[pd.DataFrame], contract: TableContract, count: str) -> pd.DataFrame:
    whole = pd.concat([part for part in parts if len(part)] or parts[:1], ignore_index=True)
    some = rows_of(whole, whole[count] > 0)[[column.name for column in contract.columns]]
    return some.sort_values(list(contract.key)).reset_index(drop=True)
