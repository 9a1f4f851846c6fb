"""Exceptions about orders: a least order far above the need, or more than can be used in time."""

from collections.abc import Iterator
from typing import Any

import pandas as pd

from sitecast.publish.contents import Contents
from sitecast.publish.findings import Finding
from sitecast.publish.words import quantity_in_words
from sitecast.records.tables_exceptions import OVER_MOQ

_PLACE = ["site_id", "sku_id"]
_ENOUGH = 1e-6
"""Quantities below are rounding, relative to what is ordered."""


def order_findings(contents: Contents) -> Iterator[Finding]:
    """SKUs of a site of whose orders much is left over, because of packs or least orders.

    What no need of the plan uses (purchase_plan.left_over) goes on being used after its last day at
    the mean rate of its days. What does not keep until then is likely to spoil; it is valued at
    unit_cost. Where nothing much spoils, but least orders make the orders over_need times what the
    plan uses of them, all that is left over is valued at unit_cost.
    """
    settings = contents.plan.settings.exceptions
    rows = _orders(contents)
    if rows.empty:
        return
    pairs = _pairs(rows, contents.tables["purchase_plan"])
    spoils = (pairs["spoiling"] >= settings.spoiling_share * pairs["qty_ordered"]) & (
        pairs["spoiling"] > _ENOUGH * pairs["qty_ordered"]
    )
    used = pairs["qty_ordered"] - pairs["left_over"]
    forced = pairs["is_least"] & (pairs["qty_ordered"] >= settings.over_need * used)
    for row in pairs.assign(used=used, spoils=spoils)[spoils | forced].itertuples():
        yield _finding(contents, row)


def _orders(contents: Contents) -> pd.DataFrame:
    """The rows of the purchase plan that order something, with facts of their SKU."""
    bought = contents.tables["purchase_plan"]
    facts = ["sku_id", "shelf_life_days", "moq", "unit_cost"]
    parts = [data["skus"][facts].assign(menu_week=week) for week, data in contents.inputs.items()]
    if not parts:
        return bought.iloc[:0]
    ordered = bought[bought["cases"] > 0]
    return ordered.merge(pd.concat(parts, ignore_index=True), on=["menu_week", "sku_id"])


def _pairs(rows: pd.DataFrame, bought: pd.DataFrame) -> pd.DataFrame:
    """One row per site and SKU that orders: its totals, and the order that leaves most over."""
    first, last = bought["need_date"].min(), bought["need_date"].max()
    horizon = (last - first).days + 1
    rows = rows.assign(is_least=rows["moq"] > rows["net"])
    rows = rows.assign(spoils_on=rows["need_date"] + pd.to_timedelta(rows["shelf_life_days"], "D"))
    rows = rows.sort_values([*_PLACE, "spoils_on", "need_date", "menu_week"], ignore_index=True)
    totals = rows.groupby(_PLACE).agg(
        qty_ordered=("qty_ordered", "sum"), left_over=("left_over", "sum"),
        is_least=("is_least", "any"),
    )  # fmt: skip
    totals["per_day"] = bought.groupby(_PLACE)["qty_required"].sum() / horizon
    totals["spoiling"] = spoiling(rows, totals["per_day"], last)
    worst = rows.sort_values("left_over", ascending=False, kind="stable").drop_duplicates(_PLACE)
    worst = worst.drop(columns=["left_over", "is_least"]).rename(columns={"qty_ordered": "order"})
    return totals[totals["left_over"] > 0].reset_index().merge(worst, on=_PLACE)


def spoiling(
    lots: pd.DataFrame, per_day: "pd.Series[float]", last: pd.Timestamp
) -> "pd.Series[float]":
    """What is left over and will not be used before it spoils, by site and SKU.

    Lots that spoil first are used first, per_day from the day after the last one on. Of the lots
    that spoil until some day at most so much can be used until then; the worst such day decides.

    Args:
        lots: site_id, sku_id, left_over and spoils_on, sorted by the three.
        per_day: by site_id and sku_id.
        last: the plan's last day.
    """
    days = (lots["spoils_on"] - last).dt.days.clip(lower=0)
    rate = per_day.reindex(pd.MultiIndex.from_frame(lots[_PLACE])).to_numpy()
    until_then = lots.groupby(_PLACE)["left_over"].cumsum()
    too_much = (until_then - rate * days).clip(lower=0.0)
    return too_much.groupby([lots["site_id"], lots["sku_id"]]).max()


def _finding(contents: Contents, row: Any) -> Finding:
    site = contents.site_names.get(row.site_id, row.site_id)
    sku = contents.sku_names.get(row.sku_id, row.sku_id)
    ordered, order = (quantity_in_words(qty, row.uom) for qty in (row.qty_ordered, row.order))
    if row.spoils:
        value = row.spoiling * row.unit_cost
        told = (f"{quantity_in_words(row.spoiling, row.uom)} of the {ordered} ordered will likely "
                f"spoil; it keeps {row.shelf_life_days} days, and an order of {order} is "
                f"{row.order / row.per_day:,.0f} days of need.")  # fmt: skip
    else:
        value = row.left_over * row.unit_cost
        told = (f"least orders of {quantity_in_words(row.moq, row.uom)} make it {ordered}, of "
                f"which this plan uses {quantity_in_words(row.used, row.uom)}.")  # fmt: skip
    keys = {"site_id": row.site_id, "need_date": row.need_date, "sku_id": row.sku_id}
    return Finding(OVER_MOQ, value, row.order_by, row.menu_week, "purchase_plan", keys,
                   f"{sku} for {site}: {told}", row.order_by)  # fmt: skip
