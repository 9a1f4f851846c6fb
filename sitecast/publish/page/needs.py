"""What the page's tables hold from the start: every SKU by site and week, and every site-day."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sitecast.publish.contents import Contents
from sitecast.publish.limits import worth_of_caps
from sitecast.publish.page.axes import Axes, for_people, units
from sitecast.publish.words import reason_in_words

_KEYS = ["menu_week", "site_id", "sku_id"]
_DAY = ["menu_week", "site_id", "production_date"]
_SKU_FACTS = ["case_size", "moq", "lead_time_days", "shelf_life_days", "unit_cost"]
Columns = dict[str, NDArray[Any]]


def sku_facts(contents: Contents) -> pd.DataFrame:
    """Pack, least order, lead time, shelf life and cost by sku_id; the latest week wins."""
    known = [week["skus"][["sku_id", *_SKU_FACTS]] for week in contents.inputs.values()]
    if not known:
        return pd.DataFrame(columns=_SKU_FACTS, dtype="float64")
    return pd.concat(known).drop_duplicates("sku_id", keep="last").set_index("sku_id")


def skus_in_words(contents: Contents, axes: Axes) -> dict[str, list[Any]]:
    """The SKU axis: names, kinds, units, and how each is bought."""
    need = contents.tables["weekly_need"].drop_duplicates("sku_id").set_index("sku_id")
    need = need.reindex(axes.skus)
    facts = sku_facts(contents).reindex(axes.skus)
    uom = need["uom"]
    packs = {name: for_people(facts[column].fillna(0.0), uom).tolist()
             for name, column in (("pack", "case_size"), ("moq", "moq"))}  # fmt: skip
    return {
        "id": axes.skus.tolist(),
        "name": [contents.sku_names.get(sku, sku) for sku in axes.skus],
        "kind": need["kind"].tolist(), "unit": units(uom), **packs,
        "lead": facts["lead_time_days"].fillna(0).astype(int).tolist(),
        "keeps": facts["shelf_life_days"].fillna(0).astype(int).tolist(),
    }  # fmt: skip


def needs(contents: Contents, axes: Axes) -> Columns:
    """weekly_need, a row each, with what its days take from stock and order."""
    rows = contents.tables["weekly_need"].merge(bought(contents), on=_KEYS, how="left")
    amounts = {"placed": "qty_committed", "mean": "qty_mean", "p10": "qty_p10", "p50": "qty_p50",
               "p90": "qty_p90", "stock": "from_stock", "coming": "from_open_pos",
               "now": "commit_now", "later": "flex_later"}  # fmt: skip
    return {
        **axes.of(rows, week="menu_week", site="site_id", sku="sku_id"),
        **{name: for_people(rows[column].fillna(0.0), rows["uom"])
           for name, column in amounts.items()},
        "cases": rows["cases"].fillna(0).to_numpy(dtype=np.int64),
        "value": rows["value"].fillna(0.0).round().to_numpy(dtype=np.int64),
        "orderBy": day_numbers(rows["order_by"]),
    }  # fmt: skip


def bought(contents: Contents) -> pd.DataFrame:
    """purchase_plan by week, site and SKU, with the orders' value and their first day to order."""
    plan = contents.tables["purchase_plan"]
    cost = plan["sku_id"].map(sku_facts(contents)["unit_cost"]).astype("float64").fillna(0.0)
    plan = plan.assign(
        value=plan["qty_ordered"] * cost,
        order_by=plan["order_by"].where(plan["cases"] > 0),
    )
    summed = ["from_stock", "from_open_pos", "commit_now", "flex_later", "cases", "value"]
    how = {**dict.fromkeys(summed, "sum"), "order_by": "min"}
    return plan.groupby(_KEYS, as_index=False).agg(how)


def site_days(contents: Contents, axes: Axes) -> Columns:
    """site_load with what another cap would change."""
    load = contents.tables["site_load"]
    rows = load.merge(worth_of_caps(contents.tables["capacity_value"]), on=_DAY, how="left")
    amounts = {"p10": "boxes_p10", "p50": "boxes_p50", "p90": "boxes_p90",
               "short": "boxes_unallocated"}  # fmt: skip
    shares = {"over": "p_over_cap", "missed": "p_below_floor"}
    money = {"more": "more_saves", "less": "less_costs"}
    return {
        **axes.of(rows, week="menu_week", site="site_id", day="production_date"),
        "placed": rows["boxes_committed"].to_numpy(dtype=np.int64),
        **{name: rows[column].to_numpy(dtype=np.float64) for name, column in amounts.items()},
        **{name: rows[column].fillna(0.0).to_numpy() * 100.0 for name, column in shares.items()},
        "cap": rows["cap_boxes"].fillna(-1).to_numpy(dtype=np.int64),
        **{name: rows[column].fillna(0.0).round().to_numpy(dtype=np.int64)
           for name, column in money.items()},
    }  # fmt: skip


def shortfalls(contents: Contents, axes: Axes) -> tuple[Columns, dict[str, list[str]]]:
    """Boxes without a site as numbers, and its texts row by row."""
    rows = contents.tables["unallocated"]
    amounts = {"mean": "boxes_mean", "p10": "boxes_p10", "p90": "boxes_p90"}
    numbers = {
        **axes.of(rows, week="menu_week", day="delivery_date"),
        "placed": rows["boxes_committed"].to_numpy(dtype=np.int64),
        **{name: rows[column].to_numpy(dtype=np.float64) for name, column in amounts.items()},
    }
    return numbers, {"region": rows["region_id"].tolist(), "binding": rows["binding"].tolist(),
                     "reason": [reason_in_words(reason) for reason in rows["reason"]]}  # fmt: skip


def day_numbers(dates: "pd.Series[pd.Timestamp]") -> NDArray[np.int64]:
    """Days since 1970; 0 where there is none."""
    days = dates.to_numpy(dtype="datetime64[D]").astype(np.int64)
    return np.where(dates.isna(), 0, days)
