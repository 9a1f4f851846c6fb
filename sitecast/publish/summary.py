"""The answer in a few numbers, for the command line, the email and other programs."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from sitecast.publish.limits import below_floor, churn, over_cap, worth_of_caps

BUSIEST = 5


def summarise(tables: Mapping[str, pd.DataFrame]) -> dict[str, Any]:
    """Totals, the busiest site-days and what could not be allocated; plain JSON values.

    Totals are sums of means (means add up; quantiles do not, R6).

    Args:
        tables: the published tables by name.
    Returns:
        `weeks`: per menu week boxes, boxes_committed, boxes_unallocated, kits, skus, cases_to_buy;
        `total`: the same over all weeks; `busiest`: site-days, the fullest first, each with
        menu_week, site_id, production_date, boxes_p50, boxes_p90, cap_boxes, used (p50 / cap),
        p_over_cap, more_saves and less_costs (minor units that 10 % more cap saves and 10 % less
        costs; none where not known); `unallocated`: per reason and binding limit, the largest
        first; `churn`: wape_site and wape_global, or none; `below_floor` and `over_cap`: site-days
        (site-weeks without a production_date) below a floor, and with final boxes above a cap.
    """
    weeks = _per_week(tables)
    counted = [name for name in weeks.columns if name != "menu_week"]
    total = {name: _plain(weeks[name].sum()) for name in counted}
    total["skus"] = int(tables["site_forecast"]["sku_id"].nunique())
    return {
        "weeks": _records(weeks),
        "total": total,
        "busiest": busiest_site_days(tables["site_load"], tables["capacity_value"]),
        "unallocated": unallocated_by_limit(tables["unallocated"]),
        "churn": churn(tables["churn"]),
        "below_floor": _records(below_floor(tables)),
        "over_cap": _records(over_cap(tables)),
    }


def busiest_site_days(
    site_load: pd.DataFrame, capacity_value: pd.DataFrame, most: int = BUSIEST
) -> list[dict[str, Any]]:
    """Site-days by how full they are; sites without a cap come last, by their boxes."""
    used = site_load["boxes_p50"] / site_load["cap_boxes"].astype("float64").where(lambda c: c > 0)
    frame = site_load.assign(used=used.where(used.notna(), None).astype("float64"))
    frame = frame.sort_values(
        ["used", "p_over_cap", "boxes_p50", "menu_week", "site_id", "production_date"],
        ascending=[False, False, False, True, True, True], na_position="last",
    )  # fmt: skip
    columns = ["menu_week", "site_id", "production_date", "boxes_p50", "boxes_p90", "cap_boxes",
               "used", "p_over_cap"]  # fmt: skip
    days = ["menu_week", "site_id", "production_date"]
    top = frame[columns].head(most)
    return _records(top.merge(worth_of_caps(capacity_value), on=days, how="left"))


def unallocated_by_limit(unallocated: pd.DataFrame) -> list[dict[str, Any]]:
    """Boxes without a site, per reason and binding limit, the largest first."""
    keys = ["reason", "binding"]
    grouped = unallocated.groupby(keys, as_index=False, sort=True)
    frame = grouped[["boxes_mean", "boxes_committed"]].sum()
    return _records(frame.sort_values(["boxes_mean", *keys], ascending=[False, True, True]))


def _per_week(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    load = tables["site_load"].groupby("menu_week")
    short = tables["unallocated"].groupby("menu_week")
    kits, need = tables["recipe_site_forecast"], tables["site_forecast"]
    recipes = kits[kits["item_type"] == "recipe"].groupby("menu_week")
    frame = pd.DataFrame({
        "boxes_allocated": load["boxes_mean"].sum(),
        "boxes_unallocated": short["boxes_mean"].sum(),
        "boxes_committed": load["boxes_committed"].sum().add(
            short["boxes_committed"].sum(), fill_value=0
        ),
        "kits": recipes["kits_mean"].sum(),
        "skus": need.groupby("menu_week")["sku_id"].nunique(),
        "cases_to_buy": need.groupby("menu_week")["cases_to_buy"].sum(),
    }).fillna(0.0)  # fmt: skip
    frame.insert(0, "boxes", frame["boxes_allocated"] + frame["boxes_unallocated"])
    whole = ["boxes_committed", "skus", "cases_to_buy"]
    return frame.astype(dict.fromkeys(whole, "int64")).rename_axis("menu_week").reset_index()


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    return [
        {str(name): _plain(value) for name, value in row.items()}
        for row in frame.to_dict("records")
    ]


def _plain(value: Any) -> Any:
    if pd.isna(value):
        return None
    if isinstance(value, pd.Timestamp):
        return value.date().isoformat()
    if isinstance(value, str):
        return value
    number = float(value)
    return int(number) if number.is_integer() else round(number, 4)
