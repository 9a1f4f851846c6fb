"""The rows of the workbook's sheets: a publication's tables, joined and sorted for their readers.

What belongs here: which rows stand on which sheet. What does not: their columns' words
(workbook_columns.py) and how cells are written (workbook_rows.py).
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from sitecast.publish.contents import Contents
from sitecast.publish.limits import worth_of_caps
from sitecast.publish.words import human_unit, reason_in_words
from sitecast.publish.workbook_columns import (
    ATTENTION,
    BUY,
    CAPACITY,
    CAUSES,
    NEED,
    SHORT,
    WEEK,
    SheetColumn,
    change_columns,
    in_currency,
)
from sitecast.records.tables_written import TABLES_WRITTEN

_BY_SKU = ["kind", "sku", "sku_id", "need_date"]  # a SKU's days together, for whoever orders it
_ROW = ["menu_week", "site_id", "need_date", "sku_id"]
_PAIR = ["menu_week", "site_id", "sku_id"]
_BUY_ABOUT = (
    "What to order, net of stock and open purchase orders: a line per need for what has to be "
    "ordered before the next plan, a line per menu week for what can wait (its first dates). "
    "The days of both are on the sites' sheets."
)


@dataclass(frozen=True)
class TableSheet:
    """One sheet of rows. `frame` has the columns' sources, and `uom` where quantities stand."""

    name: str
    about: str
    columns: tuple[SheetColumn, ...]
    frame: pd.DataFrame
    is_site: bool = False


def table_sheets(contents: Contents) -> Iterator[TableSheet]:
    """Every sheet but the first: what to act on, the whole, then the needs of each site.

    What needs attention and what changed have no sheet where there is nothing to say.
    """
    currency = contents.plan.settings.currency
    yield from _attention(contents)
    yield from _what_changed(contents)
    bought = contents.tables["purchase_plan"]
    yield TableSheet("Buy", _BUY_ABOUT, BUY, _buy(bought, contents))
    about = TABLES_WRITTEN["site_load"].description
    yield TableSheet("Capacity", about, in_currency(CAPACITY, currency), _capacity(contents))
    short = contents.tables["unallocated"]
    short = short.assign(words=short["reason"].map(reason_in_words))
    yield TableSheet("Unallocated", TABLES_WRITTEN["unallocated"].description, SHORT, short)
    week = with_names(_with_orders_of_week(contents.tables["weekly_need"], bought), contents)
    yield TableSheet("Weekly need", TABLES_WRITTEN["weekly_need"].description, WEEK, week)
    yield from _sites(contents, bought)


def with_names(frame: pd.DataFrame, contents: Contents) -> pd.DataFrame:
    """Rows of sites and SKUs with names, people's units, and the share that is placed already."""
    named = frame.assign(
        sku=_names(frame["sku_id"], contents.sku_names),
        site=_names(frame["site_id"], contents.site_names),
        unit=frame["uom"].map({uom: human_unit(uom) for uom in frame["uom"].unique()}),
    )
    if "qty_committed" not in frame:
        return named
    share = frame["qty_committed"] / frame["qty_p50"].where(frame["qty_p50"] > 0)
    return named.assign(placed=np.minimum(share, 1.0).round(3))


def _names(ids: pd.Series, names: Mapping[str, str]) -> pd.Series:
    return ids.map({key: names.get(key, key) for key in ids.unique()})


def _sites(contents: Contents, bought: pd.DataFrame) -> Iterator[TableSheet]:
    need = contents.tables["site_forecast"]
    orders = bought.assign(covered=bought["qty_required"] - bought["net"])
    orders = orders[[*_ROW, "covered", "cases"]]
    need = with_names(need.merge(orders, on=_ROW, how="left", validate="1:1"), contents)
    about = TABLES_WRITTEN["site_forecast"].description
    for site_id in sorted({*need["site_id"].unique(), *contents.tables["site_load"]["site_id"]}):
        site = contents.site_names.get(site_id, site_id)
        mine = need[need["site_id"] == site_id].sort_values(_BY_SKU, ignore_index=True)
        yield TableSheet(site, f"{about} Here: {site} ({site_id}).", NEED, mine, True)


def _buy(bought: pd.DataFrame, contents: Contents) -> pd.DataFrame:
    """Orders to make now by need; what can wait, by week, since the next plan does it anew."""
    orders = bought[bought["cases"] > 0]
    is_now = orders["commit_now"] > 0
    first = {name: "min" for name in ("order_by", "need_date", "uom")}
    sums = [column.source for column in BUY if column.form in ("quantity", "count")]
    waits = orders[~is_now].groupby(_PAIR, as_index=False, observed=True)
    waits = waits.agg({**first, **dict.fromkeys(sums, "sum")})
    parts = [orders[is_now].assign(when="now"), waits.assign(when="later")]
    lines = with_names(pd.concat(parts, ignore_index=True), contents)
    by = ["order_by", "site", "sku", "sku_id", "need_date", "menu_week"]
    return lines.sort_values(by, ignore_index=True)


def _with_orders_of_week(week: pd.DataFrame, bought: pd.DataFrame) -> pd.DataFrame:
    orders = bought[bought["cases"] > 0].groupby(_PAIR, as_index=False)
    orders = orders.agg(cases=("cases", "sum"), order_by=("order_by", "min"))
    joined = week.merge(orders, on=_PAIR, how="left", validate="1:1")
    return joined.assign(cases=joined["cases"].fillna(0).astype("int64"))


def _capacity(contents: Contents) -> pd.DataFrame:
    load = contents.tables["site_load"]
    caps = load["cap_boxes"].astype("Float64").astype("float64")
    worth = worth_of_caps(contents.tables["capacity_value"])
    days = ["menu_week", "site_id", "production_date"]
    return load.assign(
        site=_names(load["site_id"], contents.site_names),
        used=(load["boxes_p50"] / caps.where(caps > 0)).round(3),
    ).merge(worth, on=days, how="left", validate="1:1")


def _attention(contents: Contents) -> Iterator[TableSheet]:
    found = contents.tables.get("exceptions")
    if found is None or found.empty:
        return
    frame = found.assign(where=[_in_words(keys) for keys in found["keys"]])
    columns = in_currency(ATTENTION, contents.plan.settings.currency)
    about = "What needs attention, by money at risk and nearness of the last day to order."
    yield TableSheet("Attention", about, columns, frame.sort_values("rank", ignore_index=True))


def _in_words(keys: str) -> str:
    return ", ".join(f"{name} {value}" for name, value in json.loads(keys).items())


def _what_changed(contents: Contents) -> Iterator[TableSheet]:
    changes = contents.tables.get("forecast_changes")
    if changes is None or changes.empty:
        return
    by_cause = changes.pivot_table(index=_PAIR, columns="cause", values="delta", aggfunc="sum",
                                   fill_value=0.0)  # fmt: skip
    titles = {cause: title for cause, (title, _) in CAUSES.items()}
    frame = by_cause.where(by_cause != 0).assign(
        total=by_cause.sum(axis=1), main=by_cause.abs().idxmax(axis=1).map(titles)
    )
    facts = _facts_of_skus(contents)
    frame = frame.reset_index().merge(facts, on=["menu_week", "sku_id"], how="left")
    frame = frame.assign(value=frame["total"] * frame.pop("unit_cost"))
    frame = frame.assign(size=-frame["value"].abs()).sort_values(["size", *_PAIR])
    columns = in_currency(change_columns(list(by_cause)), contents.plan.settings.currency)
    before = ", ".join(sorted(changes["plan_from"].unique()))
    about = (
        f"Change of the mean need since the last published plan ({before}), the largest change "
        "in money first, and how much of it each cause explains."
    )
    yield TableSheet(
        "What changed", about, columns, with_names(frame.reset_index(drop=True), contents)
    )


def _facts_of_skus(contents: Contents) -> pd.DataFrame:
    """menu_week, sku_id, uom and unit_cost, as they were in the very data of each week."""
    parts = [
        week["skus"][["sku_id", "base_uom", "unit_cost"]].assign(menu_week=menu_week)
        for menu_week, week in contents.inputs.items()
    ]
    return pd.concat(parts, ignore_index=True).rename(columns={"base_uom": "uom"})
