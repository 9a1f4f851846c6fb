"""What a run ends with: where the forecast lies, the busiest site-days, what fits nowhere."""

from typing import Any

import pandas as pd
from rich.console import Console
from rich.table import Table

from sitecast.installation import Installation
from sitecast.records.run_report import RunReport
from sitecast.records.week_record import SiteForecast

BUSIEST = 5


def summary_facts(installation: Installation, report: RunReport) -> dict[str, Any]:
    """The facts of a run as plain values, for the terminal and for --json."""
    done = [week for week, state in report.weeks.items() if state == "done"]
    forecasts = [installation.weeks.read(SiteForecast, report.plan_id, week) for week in done]
    facts: dict[str, Any] = {
        "plan_id": report.plan_id,
        "weeks": dict(report.weeks),
        "failures": dict(report.failures),
        "publication_id": report.publication_id,
        "busiest": _busiest(forecasts),
        "unallocated": _unallocated(forecasts),
    }
    if report.publication_id:
        folder = installation.publications / report.publication_id
        facts |= {"forecast": str(folder), "page": str(folder / "page.html")}
        facts["email"] = str(installation.mailer)
    return facts


def print_summary(facts: dict[str, Any]) -> None:
    """Print the facts of a run for a person."""
    console = Console()
    for week, message in facts["failures"].items():
        console.print(f"\n[bold red]{week} failed[/]")
        console.print(message, markup=False)
    if facts["busiest"]:
        console.print(_table("Busiest site-days", facts["busiest"]))
    if facts["unallocated"]:
        console.print(_table("Boxes no site can take, mean over the draws", facts["unallocated"]))
    elif not facts["failures"]:
        console.print("\nEvery box has a site in every draw.")
    state = f"published as {facts['publication_id']}" if facts["publication_id"] else (
        "not published: the last good publication stays current")  # fmt: skip
    console.print(f"\n[bold]Plan {facts['plan_id']}[/] {state}")
    for name in ("forecast", "page", "email"):
        if name in facts:
            console.print(f"  {name:<9}{facts[name]}", markup=False, soft_wrap=True)


def _busiest(forecasts: list[SiteForecast]) -> list[dict[str, Any]]:
    if not forecasts:
        return []
    load = pd.concat([forecast["site_load"] for forecast in forecasts])
    load = load[load["cap_boxes"].fillna(0) > 0]
    load = load.assign(share=load["boxes_p90"] / load["cap_boxes"].astype(float))
    top = load.sort_values(["share", "boxes_mean"], ascending=False).head(BUSIEST)
    return [
        {
            "week": row.menu_week, "site": row.site_id,
            "packs on": f"{row.production_date:%a %d %b}",
            "boxes p10–p90": f"{row.boxes_p10:,.0f}–{row.boxes_p90:,.0f}",
            "cap": f"{row.cap_boxes:,}", "P(over cap)": f"{row.p_over_cap:.0%}",
        }
        for row in top.itertuples()
    ]  # fmt: skip


def _unallocated(forecasts: list[SiteForecast]) -> list[dict[str, Any]]:
    frames = [forecast["unallocated"] for forecast in forecasts if len(forecast["unallocated"])]
    if not frames:
        return []
    keys = ["menu_week", "reason", "binding"]
    sums = pd.concat(frames).groupby(keys, as_index=False)["boxes_mean"].sum()
    top = sums.sort_values("boxes_mean", ascending=False).head(BUSIEST)
    return [
        {"week": row.menu_week, "why": row.reason.replace("_", " "), "limit": row.binding,
         "boxes": f"{row.boxes_mean:,.1f}"}
        for row in top.itertuples()
    ]  # fmt: skip


def _table(title: str, rows: list[dict[str, Any]]) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", box=None)
    for name in rows[0]:
        table.add_column(name, overflow="fold")
    for row in rows:
        table.add_row(*map(str, row.values()))
    return table
