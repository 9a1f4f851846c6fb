"""What the email says, in words: the same for its plain-text part and its HTML part."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from sitecast.publish.contents import Contents
from sitecast.publish.openings import openings_in_words
from sitecast.publish.page.attention import changes_in_money
from sitecast.publish.page.needs import sku_facts
from sitecast.publish.waterfall import CAUSES, signed
from sitecast.publish.words import day_in_words, money, reason_in_words, span

MOST_EXCEPTIONS = 20
_MOST_CAUSES, _MOST_SKUS = 4, 3


def email_facts(contents: Contents) -> dict[str, Any]:
    """Everything the templates name but the links and the workbook."""
    plan, summary = contents.plan, contents.summary
    return {
        "company": plan.settings.company, "span": span(plan.menu_weeks), "summary": summary,
        "as_of": f"{plan.as_of:%a %d %b %Y, %H:%M} UTC",
        "plan_id": plan.plan_id, "publication_id": contents.publication_id,
        "site_names": contents.site_names,
        "changes": changes_in_words(contents), **_exceptions(contents),
        "orders": orders_in_words(contents),
        "openings": openings_in_words(contents),
        "busiest": [{**row, "day": day_in_words(row["production_date"])}
                    for row in summary["busiest"] if row["used"] is not None][:3],
        "unallocated": [{**row, "words": reason_in_words(row["reason"])}
                        for row in summary["unallocated"][:3]],
    }  # fmt: skip


def changes_in_words(contents: Contents) -> dict[str, Any] | None:
    """The whole change since the last plan and its largest causes; None without an earlier plan.

    Returns:
        since: plans compared with; whole: money; by_cause: cause → minor units; causes: the
        largest first, each with words, value, the site it is largest at, and the SKUs it moves
        most.
    """
    rows = changes_in_money(contents)
    if rows.empty:
        return None
    currency = contents.plan.settings.currency
    by_cause = rows.groupby("cause")["value"].sum()
    largest = by_cause.abs().sort_values(ascending=False, kind="stable").index[:_MOST_CAUSES]
    sites = rows.groupby(["cause", "site_id"])["value"].sum().abs()
    return {
        "since": sorted(set(contents.tables["forecast_changes"]["plan_from"])),
        "whole": signed(by_cause.sum(), currency), "by_cause": by_cause.to_dict(),
        "causes": [
            {"words": CAUSES.get(cause, cause), "value": signed(by_cause[cause], currency),
             "site": _named(contents.site_names, sites[cause].idxmax()),
             "skus": "; ".join(_moved_most(contents, cause))}
            for cause in largest
        ],
    }  # fmt: skip


def _moved_most(contents: Contents, cause: str) -> list[str]:
    """Names of the SKUs whose need a cause moves most, in money."""
    rows = contents.tables["forecast_changes"]
    delta = rows[rows["cause"] == cause].groupby("sku_id")["delta"].sum()
    cost = sku_facts(contents)["unit_cost"].reindex(delta.index).fillna(0.0)
    value = (delta * cost).abs()
    top = value[value > 0].sort_values(ascending=False, kind="stable").index[:_MOST_SKUS]
    return [_named(contents.sku_names, sku) for sku in top]


def _exceptions(contents: Contents) -> dict[str, Any]:
    rows = contents.tables["exceptions"].sort_values("rank")
    currency = contents.plan.settings.currency
    return {
        "n_exceptions": len(rows), "n_high": int((rows["severity"] == "high").sum()),
        "exceptions": [
            {"severity": row.severity, "message": row.message,
             "rule": row.rule.replace("_", " "),
             "money": money(row.value_at_risk, currency) if row.value_at_risk else "",
             "order_by": "" if pd.isna(row.order_by) else f"Order by {row.order_by:%a %d %b}"}
            for row in rows.head(MOST_EXCEPTIONS).itertuples()
        ],
    }  # fmt: skip


def orders_in_words(contents: Contents) -> dict[str, Any]:
    """What to order now and what can wait, net of stock and open purchase orders.

    Returns:
        until: the day until which orders are made now; lines: how many these are, as on the
        workbook's sheet Buy; late: those whose last day to order has passed; now and later: cases
        and money of each.
    """
    plan, bought = contents.plan, contents.tables["purchase_plan"]
    today = pd.Timestamp(plan.as_of.date())
    until = today + pd.Timedelta(days=plan.settings.buying.days_to_next_plan)
    ordered = bought[bought["cases"] > 0]
    is_now = ordered["commit_now"] > 0
    cost = ordered["sku_id"].map(sku_facts(contents)["unit_cost"]).astype("float64").fillna(0.0)
    value = ordered["qty_ordered"] * cost
    return {
        "until": f"{until:%a %d %b}", "lines": int(is_now.sum()),
        "late": int((ordered["order_by"] < today).sum()),
        **{name: {"cases": int(ordered.loc[part, "cases"].sum()),
                  "money": money(float(value[part].sum()), plan.settings.currency)}
           for name, part in (("now", is_now), ("later", ~is_now))},
    }  # fmt: skip


def _named(names: Mapping[str, str], key: str) -> str:
    return names.get(key, key)
