"""What the first screen says: what needs attention, and what changed since the last plan."""

import json
from typing import Any
from urllib.parse import quote

import pandas as pd
from markupsafe import Markup

from sitecast.publish.contents import Contents
from sitecast.publish.page.needs import sku_facts
from sitecast.publish.waterfall import CAUSES, signed, waterfall_svg
from sitecast.publish.words import money

WATERFALL_WIDTH = 420


def ranked_exceptions(contents: Contents) -> list[dict[str, Any]]:
    """The table exceptions in words, each with the place on the page that it is about."""
    if "exceptions" not in contents.tables:
        return []
    currency = contents.plan.settings.currency
    rows = contents.tables["exceptions"].sort_values("rank").to_dict("records")
    return [
        {
            "rank": row["rank"], "severity": row["severity"], "message": row["message"],
            "rule": row["rule"].replace("_", " "), "week": row["menu_week"],
            "money": money(row["value_at_risk"], currency) if row["value_at_risk"] else "",
            "order_by": "" if pd.isna(row["order_by"]) else f"{row['order_by']:%a %d %b}",
            "link": link_to(json.loads(row["keys"])),
        }
        for row in rows
    ]  # fmt: skip


def link_to(keys: dict[str, Any]) -> str:
    """Address on the page of what a row is about: an SKU, an item, or a site and week.

    Example:
        >>> link_to({"table": "site_load", "menu_week": "2026-W48", "site_id": "north"})
        '#load/2026-W48/north'
    """
    flat = dict(keys)
    for value in keys.values():
        flat.update(value if isinstance(value, dict) else {})

    def found(*names: str) -> str:
        return next((quote(str(flat[name]), safe="") for name in names if flat.get(name)), "")

    week, site = found("menu_week"), found("site_id")
    if sku := found("sku_id"):
        return "/".join(["#sku", sku, week, site])
    if item := found("item_id", "recipe_id", "product_id"):
        kind = found("item_type") or ("product" if "product_id" in flat else "recipe")
        return "/".join(["#item", kind, item, week, site])
    return "/".join(["#load", week, site])


def changes_in_words(contents: Contents) -> dict[str, Any] | None:
    """The waterfall of forecast_changes in money, in all and by site; None without rows."""
    rows = changes_in_money(contents)
    if rows.empty:
        return None
    currency = contents.plan.settings.currency
    by_cause = rows.groupby("cause")["value"].sum().to_dict()
    sites = rows.pivot_table(index="site_id", columns="cause", values="value", aggfunc="sum",
                             fill_value=0.0)  # fmt: skip
    causes = [cause for cause in CAUSES if cause in sites.columns]
    causes += sorted(set(sites.columns) - set(CAUSES))
    return {
        "picture": Markup(waterfall_svg(by_cause, currency, WATERFALL_WIDTH)),  # noqa: S704 - escapes
        "whole": signed(sum(by_cause.values()), currency),
        "causes": [CAUSES.get(cause, cause) for cause in causes],
        "sites": [
            {"site": contents.site_names.get(site, site),
             "values": [signed(row[cause], currency) for cause in causes],
             "whole": signed(row.sum(), currency)}
            for site, row in sites.iterrows()
        ],
        "since": sorted(set(contents.tables["forecast_changes"]["plan_from"])),
        "weeks": sorted(set(rows["menu_week"])),
        "notes": notes_on_changes(contents),
    }  # fmt: skip


def notes_on_changes(contents: Contents) -> list[str]:
    """What change_notes says, each note once."""
    if "change_notes" not in contents.tables:
        return []
    rows = contents.tables["change_notes"]
    told = zip(rows["cause"], rows["note"], strict=True)
    return list(dict.fromkeys(f"{CAUSES.get(cause, cause)}: {note}" for cause, note in told))


def changes_in_money(contents: Contents) -> pd.DataFrame:
    """menu_week, site_id, cause, value: forecast_changes × unit_cost, in minor units."""
    columns = ["menu_week", "site_id", "cause", "value"]
    if "forecast_changes" not in contents.tables:
        return pd.DataFrame(columns=columns)
    rows = contents.tables["forecast_changes"]
    cost = rows["sku_id"].map(sku_facts(contents)["unit_cost"]).astype("float64").fillna(0.0)
    summed = rows.assign(value=rows["delta"] * cost)
    return summed.groupby(columns[:3], as_index=False)["value"].sum()
