"""What the page shows, as plain values for its template."""

from typing import Any

import pandas as pd
from markupsafe import Markup

from sitecast.publish.charts import site_load_svg
from sitecast.publish.contents import Contents
from sitecast.publish.openings import openings_in_words
from sitecast.publish.page.accuracy import accuracy_in_words
from sitecast.publish.page.attention import changes_in_words, ranked_exceptions
from sitecast.publish.page.axes import Axes, axes_of
from sitecast.publish.page.detail import bills, days_of_needs, items_in_words, kits
from sitecast.publish.page.needs import bought, needs, shortfalls, site_days, skus_in_words
from sitecast.publish.page.payload import pack
from sitecast.publish.words import day_in_words, money

CHART_SIZE = (420, 220)
MOST_NAMED = 5


def page_view(contents: Contents, ui_url: str) -> dict[str, Any]:
    """Everything the template names."""
    plan, tables = contents.plan, contents.tables
    summary, axes = contents.summary, axes_of(contents)
    return {
        "company": plan.settings.company,
        "weeks": list(plan.menu_weeks),
        "as_of": f"{plan.as_of:%a %d %b %Y, %H:%M} UTC",
        "plan_id": plan.plan_id,
        "publication_id": contents.publication_id,
        "draws": plan.draws,
        "total": summary["total"],
        "sites": [(site, contents.site_names.get(site, site)) for site in axes.sites],
        "churn": summary["churn"],
        "orders": _orders(contents),
        "exceptions": ranked_exceptions(contents),
        "below_floor": _placed_in_words(contents, summary["below_floor"]),
        "over_cap": _placed_in_words(contents, summary["over_cap"]),
        "changes": changes_in_words(contents),
        "openings": openings_in_words(contents),
        "charts": _charts(contents),
        "accuracy": accuracy_in_words(contents),
        "made_of": contents.versions,
        "plan": plan,
        "ui_url": ui_url,
        "first_block": _first_block(contents, axes, ui_url),
        "detail_block": _detail_block(contents, axes),
        "tables": list(tables),
    }


def _first_block(contents: Contents, axes: Axes, ui_url: str) -> str:
    """What the tables show at once."""
    short, short_words = shortfalls(contents, axes)
    facts = {
        "weeks": axes.weeks.tolist(),
        "sites": {"id": axes.sites.tolist(),
                  "name": [contents.site_names.get(site, site) for site in axes.sites]},
        "skus": skus_in_words(contents, axes),
        "days": [f"{day:%Y-%m-%d}" for day in axes.days],
        "short": short_words,
        "currency": contents.plan.settings.currency,
        "asOf": f"{contents.plan.as_of:%Y-%m-%d}",
        "madeOf": contents.versions, "planId": contents.plan.plan_id, "ui": ui_url,
    }  # fmt: skip
    numbers = {"needs": needs(contents, axes), "load": site_days(contents, axes), "short": short}
    return pack(facts, numbers)


def _detail_block(contents: Contents, axes: Axes) -> str:
    """What is unpacked at the first drill."""
    numbers = {"days": days_of_needs(contents, axes), "kits": kits(contents, axes),
               "bills": bills(contents, axes)}  # fmt: skip
    return pack({"items": items_in_words(contents, axes)}, numbers)


def _orders(contents: Contents) -> dict[str, Any]:
    """Cases and money to order now and later, and what is too late for its lead time."""
    plan, currency = contents.tables["purchase_plan"], contents.plan.settings.currency
    lines, value = plan[plan["cases"] > 0], bought(contents)["value"].sum()
    now = lines["commit_now"] > 0
    late = lines[lines["order_by"] < pd.Timestamp(contents.plan.as_of.date())]
    names = [contents.sku_names.get(sku, sku) for sku in sorted(set(late["sku_id"]))]
    return {
        "cases_now": int(lines.loc[now, "cases"].sum()),
        "cases_later": int(lines.loc[~now, "cases"].sum()),
        "value": money(value, currency) if value else "",
        "n_late": len(names), "late": names[:MOST_NAMED],
    }  # fmt: skip


def _placed_in_words(contents: Contents, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows of site-days and site-weeks with the site's name and the date in words."""
    return [
        {**row, "site": contents.site_names.get(row["site_id"], row["site_id"]),
         "date": day_in_words(row["production_date"]) if row["production_date"]
         else f"week {row['menu_week']}"}
        for row in rows
    ]  # fmt: skip


def _charts(contents: Contents) -> list[dict[str, Any]]:
    load = contents.tables["site_load"]
    charts = []
    for (week, site), part in load.groupby(["menu_week", "site_id"], sort=True):
        svg = site_load_svg(part.reset_index(drop=True), *CHART_SIZE)
        charts.append({
            "week": week,
            "site_id": site,
            "site": contents.site_names.get(site, site),
            "svg": Markup(svg),  # noqa: S704 - drawn by charts.py, which escapes
            "boxes": part["boxes_mean"].sum(),
            "committed": int(part["boxes_committed"].sum()),
        })  # fmt: skip
    return charts
