"""What a drill shows: each SKU's days, the recipes that use it, and their kits."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sitecast.publish.contents import Contents
from sitecast.publish.page.axes import Axes, for_people, item_keys
from sitecast.publish.page.needs import Columns, day_numbers
from sitecast.records.week_record import WeekData

_KEYS = ["menu_week", "site_id", "sku_id"]


def days_of_needs(contents: Contents, axes: Axes) -> Columns:
    """site_forecast with its line of the purchase plan; `need` is the row of weekly_need."""
    need = contents.tables["weekly_need"][_KEYS].reset_index(names="need")
    lines = contents.tables["purchase_plan"].drop(columns=["uom", "qty_required", "order_by"])
    rows = contents.tables["site_forecast"].merge(need, on=_KEYS)
    rows = rows.merge(lines, on=[*_KEYS, "need_date"], how="left")
    rows = rows.sort_values(["need", "need_date"], ignore_index=True)
    amounts = {"placed": "qty_committed", "p10": "qty_p10", "p50": "qty_p50", "p90": "qty_p90",
               "required": "qty_required", "stock": "from_stock", "coming": "from_open_pos",
               "surplus": "from_surplus", "now": "commit_now", "later": "flex_later"}  # fmt: skip
    return {
        "need": rows["need"].to_numpy(dtype=np.int64), **axes.of(rows, day="need_date"),
        **{name: for_people(rows[column].fillna(0.0), rows["uom"])
           for name, column in amounts.items()},
        "orderBy": day_numbers(rows["order_by"].where(rows["cases"].fillna(0) > 0)),
    }  # fmt: skip


def kits(contents: Contents, axes: Axes) -> Columns:
    """recipe_site_forecast, placed and in all."""
    rows = contents.tables["recipe_site_forecast"]
    amounts = {"mean": "kits_mean", "p10": "kits_p10", "p50": "kits_p50", "p90": "kits_p90"}
    return {
        **axes.of(rows, week="menu_week", site="site_id", day="delivery_date"),
        "item": axes.items.get_indexer(item_keys(rows)),
        "portions": rows["portions"].to_numpy(dtype=np.int64),
        "placed": rows["kits_committed"].to_numpy(dtype=np.int64),
        **{name: rows[column].to_numpy(dtype=np.float64) for name, column in amounts.items()},
    }


def items_in_words(contents: Contents, axes: Axes) -> dict[str, list[str]]:
    """The item axis: types, ids and names."""
    names: dict[str, str] = {}
    for week in contents.inputs.values():
        for kind in ("recipe", "product"):
            table, key = week[f"{kind}s"], f"{kind}_id"
            names.update(zip(f"{kind}/" + table[key], table["name"], strict=True))
    split = [key.partition("/") for key in axes.items]
    return {
        "type": [kind for kind, _, _ in split], "id": [name for _, _, name in split],
        "name": [names.get(kind + mark + name, name) for kind, mark, name in split],
    }  # fmt: skip


def bills(contents: Contents, axes: Axes) -> Columns:
    """What one kit or piece needs, yield and wastage included, on the week's first need date.

    Quantities are in thousandths of base_uom, which a bill may go down to.
    """
    parts = [_bill(week, contents, axes) for week in contents.inputs]
    rows = pd.concat(parts, ignore_index=True) if parts else _bill_axis([])
    return {name: rows[name].to_numpy(dtype=np.int64) for name in rows.columns}


def _bill(menu_week: str, contents: Contents, axes: Axes) -> pd.DataFrame:
    week, need = contents.inputs[menu_week], contents.tables["site_forecast"]
    date = need.loc[need["menu_week"] == menu_week, "need_date"].min()
    bill = pd.concat([
        _valid(week, date).assign(item_type="recipe"),
        week["product_bom"].assign(item_type="product", portions=0).rename(
            columns={"product_id": "item_id"}),
    ], ignore_index=True).merge(week["skus"][["sku_id", "yield_rate", "wastage_rate"]])  # fmt: skip
    qty = bill["qty"] / bill["yield_rate"] * (1.0 + bill["wastage_rate"])
    rows = _bill_axis([
        np.full(len(bill), axes.weeks.get_loc(menu_week)), axes.skus.get_indexer(bill["sku_id"]),
        axes.items.get_indexer(item_keys(bill)), bill["portions"].to_numpy(dtype=np.int64),
        np.rint(qty * 1000.0),
    ])  # fmt: skip
    return rows[(rows["sku"] >= 0) & (rows["item"] >= 0)]


def _bill_axis(columns: list[NDArray[Any]]) -> pd.DataFrame:
    names = ["week", "sku", "item", "portions", "qty"]
    return pd.DataFrame(dict(zip(names, columns or [np.zeros(0)] * len(names), strict=True)))


def _valid(week: WeekData, date: pd.Timestamp) -> pd.DataFrame:
    """The recipes' bills that hold on a date; of several rows the newest."""
    bom = week["recipe_bom"]
    rows = bom[~(bom["valid_to"] < date) & ~(bom["valid_from"] > date)]
    rows = rows.sort_values("valid_from", na_position="first", kind="stable")
    rows = rows.drop_duplicates(["recipe_id", "portions", "sku_id"], keep="last")
    columns = {"recipe_id": "item_id"}
    return rows.rename(columns=columns)[["item_id", "portions", "sku_id", "qty"]]
