"""What the page shows, as plain values for its template."""

import datetime as dt
from typing import Any

import numpy as np
import pandas as pd
from markupsafe import Markup

from sitecast.publish.charts import site_load_svg
from sitecast.publish.contents import Contents
from sitecast.publish.summary import summarise
from sitecast.publish.words import human_quantity, human_unit, money, reason_in_words

CHART_SIZE = (420, 220)
TOP_SKUS = 8
TIGHT = 0.1  # a cap that binds in one draw of ten deserves a look


def page_view(contents: Contents) -> dict[str, Any]:
    """Everything the template names."""
    plan, tables = contents.plan, contents.tables
    weeks = list(plan.menu_weeks)
    summary = summarise(tables)
    needs = weekly_needs(contents)
    return {
        "company": plan.settings.company,
        "weeks": weeks,
        "as_of": f"{plan.as_of:%a %d %b %Y, %H:%M} UTC",
        "plan_id": plan.plan_id,
        "publication_id": contents.publication_id,
        "draws": plan.draws,
        "service_level": f"{plan.settings.service_level:.0%}",
        "total": summary["total"],
        "week_totals": summary["weeks"],
        "site_names": contents.site_names,
        "tight": tight_site_days(contents),
        "late": late_orders(needs, plan.as_of),
        "churn": summary["churn"],
        "below_floor": _placed_in_words(contents, summary["below_floor"]),
        "over_cap": _placed_in_words(contents, summary["over_cap"]),
        "busiest": _busiest(contents, summary["busiest"]),
        "unallocated": [
            {**row, "words": reason_in_words(row["reason"])} for row in summary["unallocated"]
        ],
        "charts": _charts(contents),
        "top": _top_skus(contents, needs[needs["menu_week"] == weeks[0]]),
        "rows": _table_rows(needs),
        "tables": list(tables),
    }


def weekly_needs(contents: Contents) -> pd.DataFrame:
    """weekly_need with names, and cases_to_buy (summed) and order_by (first) of the week's days."""
    keys = ["menu_week", "site_id", "sku_id"]
    days = contents.tables["site_forecast"].groupby(keys, as_index=False)
    buying = days.agg(cases_to_buy=("cases_to_buy", "sum"), order_by=("order_by", "min"))
    needs = contents.tables["weekly_need"].merge(buying, on=keys, how="left", validate="1:1")
    return needs.assign(
        cases_to_buy=needs["cases_to_buy"].fillna(0).astype("int64"),
        sku=needs["sku_id"].map(contents.sku_names).fillna(needs["sku_id"]),
        site=needs["site_id"].map(contents.site_names).fillna(needs["site_id"]),
    )


def tight_site_days(contents: Contents) -> list[dict[str, Any]]:
    """Site-days whose cap binds in at least one draw of ten, the tightest first."""
    load = contents.tables["site_load"]
    tight = load[load["p_over_cap"] >= TIGHT].sort_values(
        ["p_over_cap", "boxes_unallocated", "production_date"], ascending=[False, False, True]
    )
    return [
        {
            "site": contents.site_names.get(row.site_id, row.site_id),
            "week": row.menu_week,
            "date": f"{row.production_date:%a %d %b}",
            "cap": None if pd.isna(row.cap_boxes) else int(row.cap_boxes),
            "p50": row.boxes_p50,
            "p_over_cap": f"{row.p_over_cap:.0%}",
            "unallocated": row.boxes_unallocated,
        }
        for row in tight.itertuples()
    ]


def _placed_in_words(contents: Contents, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows of site-days and site-weeks with the site's name and the date in words."""
    return [
        {**row, "site": contents.site_names.get(row["site_id"], row["site_id"]),
         "date": f"{pd.Timestamp(row['production_date']):%a %d %b}" if row["production_date"]
         else f"week {row['menu_week']}"}
        for row in rows
    ]  # fmt: skip


def _busiest(contents: Contents, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The fullest site-days with a cap, and in money what another cap would change."""
    currency = contents.plan.settings.currency
    return [
        {**row, "used": f"{row['used']:.0%}", "more_saves": money(row["more_saves"], currency),
         "less_costs": money(row["less_costs"], currency)}
        for row in _placed_in_words(contents, rows) if row["used"] is not None
    ]  # fmt: skip


def late_orders(needs: pd.DataFrame, as_of: dt.datetime) -> dict[str, Any]:
    """Needs whose last day to order had passed before the plan was made."""
    late = needs[(needs["order_by"] < pd.Timestamp(as_of.date())) & (needs["cases_to_buy"] > 0)]
    return {"count": len(late), "skus": sorted(late["sku"].unique())[:5],
            "n_skus": late["sku_id"].nunique()}  # fmt: skip


def _charts(contents: Contents) -> list[dict[str, Any]]:
    load = contents.tables["site_load"]
    charts = []
    for (week, site), part in load.groupby(["menu_week", "site_id"], sort=True):
        svg = site_load_svg(part.reset_index(drop=True), *CHART_SIZE)
        charts.append({
            "week": week,
            "site": contents.site_names.get(site, site),
            "svg": Markup(svg),  # noqa: S704 - drawn by charts.py, which escapes
            "boxes": part["boxes_mean"].sum(),
            "committed": int(part["boxes_committed"].sum()),
        })  # fmt: skip
    return charts


def _top_skus(contents: Contents, needs: pd.DataFrame) -> list[dict[str, Any]]:
    """Per site the SKUs with most cases to buy for one week."""
    sites = []
    for site, part in needs.groupby("site", sort=True):
        top = part.sort_values(["cases_to_buy", "sku_id"], ascending=[False, True]).head(TOP_SKUS)
        sites.append({"site": site, "rows": [_top_row(row) for row in top.itertuples()]})
    return sites


def _top_row(row: Any) -> dict[str, Any]:
    share = row.qty_committed / row.qty_p50 if row.qty_p50 else 0.0
    return {
        "sku": row.sku, "sku_id": row.sku_id, "unit": human_unit(row.uom),
        "p10": human_quantity(row.qty_p10, row.uom), "p50": human_quantity(row.qty_p50, row.uom),
        "p90": human_quantity(row.qty_p90, row.uom), "committed": min(share, 1.0),
        "cases": row.cases_to_buy,
        "order_by": "" if pd.isna(row.order_by) else f"{row.order_by:%d %b}",
    }  # fmt: skip


def _table_rows(needs: pd.DataFrame) -> list[list[Any]]:
    """Compact rows for the script: it sorts, searches and shows them."""
    quantities = ["qty_committed", "qty_p10", "qty_p50", "qty_p90"]
    order_by = needs["order_by"].dt.strftime("%Y-%m-%d").fillna("")
    columns = [needs[name].tolist() for name in ("menu_week", "site", "sku", "sku_id", "kind")]
    columns += [needs["uom"].map(human_unit).tolist()]
    scale = np.where(needs["uom"].isin(["g", "ml"]), 1000.0, 1.0)
    columns += [(needs[name] / scale).round(3).tolist() for name in quantities]
    columns += [needs["cases_to_buy"].tolist(), order_by.tolist()]
    return [list(row) for row in zip(*columns, strict=True)]
