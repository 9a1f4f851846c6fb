"""What a run ends with: where the forecast lies, the busiest site-days, what fits nowhere."""

from typing import Any

import pandas as pd
from rich.console import Console
from rich.table import Table

from sitecast.extract import implausible
from sitecast.installation import Installation
from sitecast.publish import summarise
from sitecast.publish.words import churn_in_words, money
from sitecast.records.run_report import RunReport
from sitecast.records.tables_written import WEEKLY_TABLES
from sitecast.records.week_record import SiteForecast, WeekData

UNALLOCATED_SHOWN = 5
WARNINGS_SHOWN = 3


def summary_facts(installation: Installation, report: RunReport) -> dict[str, Any]:
    """The facts of a run as plain values, for the terminal and for --json."""
    done = [week for week, state in report.weeks.items() if state == "done"]
    forecasts = [installation.weeks.read(SiteForecast, report.plan_id, week) for week in done]
    plan = installation.ledger.plan(report.plan_id) if report.plan_id else None
    facts: dict[str, Any] = {
        "plan_id": report.plan_id,
        "models": dict(plan.models) if plan else {},
        "menu_weeks": dict(report.weeks),
        "failures": dict(report.failures),
        "currency": plan.settings.currency if plan else "",
        "warning": plan.warning if plan else "",
        "warnings": _warnings(installation, forecasts),
        "publication_id": report.publication_id,
    }
    if forecasts:
        names = [table.name for table in WEEKLY_TABLES]
        facts |= summarise({n: pd.concat([forecast[n] for forecast in forecasts]) for n in names})
    if report.publication_id:
        folder = installation.publications / report.publication_id
        facts |= {"forecast": str(folder), "page": str(folder / "page.html")}
        facts["email"] = str(installation.mailer)
    return facts


def print_summary(facts: dict[str, Any]) -> None:
    """Print the facts of a run for a person."""
    console = Console()
    for step, message in facts["failures"].items():
        console.print(f"\n[bold red]{step} failed[/]")
        console.print(message, markup=False)
    if facts["warning"]:
        console.print(f"\nwarning: {facts['warning']}", markup=False)
    for week, told in facts["warnings"].items():
        console.print(f"\n[bold yellow]{week}: {len(told)} warnings[/] (sitecast check-data)")
        console.print("\n".join(told[:WARNINGS_SHOWN]), markup=False)
    for title, rows in (
        ("Boxes", _weeks(facts)), ("Busiest site-days", _busiest(facts)),
        ("Boxes no site can take, mean over the draws", _unallocated(facts)),
    ):  # fmt: skip
        if rows:
            console.print(_table(f"\n{title}", rows))
    for line in _limits(facts):
        console.print(line, markup=False)
    state = "not published: the last good publication stays current"
    if facts["publication_id"]:
        state = f"published as {facts['publication_id']}"
    console.print(f"\n[bold]Plan {facts['plan_id']}[/] {state}", soft_wrap=True)
    places = {name: facts[name] for name in ("forecast", "page", "email") if name in facts}
    for name, value in {**facts["models"], **places}.items():
        console.print(f"  {name:<9}{value}", markup=False, soft_wrap=True)


def _warnings(installation: Installation, forecasts: list[SiteForecast]) -> dict[str, list[str]]:
    """Per menu week what looks wrong in its input; weeks without a warning are left out."""
    found: dict[str, list[str]] = {}
    for made in (forecast.provenance for forecast in forecasts):
        version = made.inputs[WeekData.asset]
        week = installation.weeks.read(WeekData, made.plan_id, made.menu_week, version)
        if told := implausible(week):
            found[made.menu_week] = [str(breach) for breach in told]
    return found


def _weeks(facts: dict[str, Any]) -> list[dict[str, str]]:
    return [
        {
            "week": week["menu_week"],
            "boxes": f"{week['boxes']:,.0f}",
            "placed": f"{week['boxes_committed']:,}",
            "unallocated": f"{week['boxes_unallocated']:,.1f}",
            "kits": f"{week['kits']:,.0f}",
            "SKUs": f"{week['skus']:,}",
            "cases needed": f"{week['cases_to_buy']:,}",
        }
        for week in facts.get("weeks", [])
    ]


def _busiest(facts: dict[str, Any]) -> list[dict[str, str]]:
    return [
        {
            "week": day["menu_week"],
            "site": day["site_id"],
            "packs on": f"{pd.Timestamp(day['production_date']):%a %d %b}",
            "boxes p50": f"{day['boxes_p50']:,.0f}",
            "p90": f"{day['boxes_p90']:,.0f}",
            "cap": "none" if day["cap_boxes"] is None else f"{day['cap_boxes']:,}",
            "P(over cap)": f"{day['p_over_cap']:.0%}",
            "10 % more cap saves": money(day["more_saves"], facts["currency"]),
            "10 % less costs": money(day["less_costs"], facts["currency"]),
        }
        for day in facts.get("busiest", [])
    ]


def _limits(facts: dict[str, Any]) -> list[str]:
    """Floors, caps and change in a line each."""
    if "churn" not in facts:
        return []
    above = sum(row["over_cap_frozen"] for row in facts["over_cap"] if row["production_date"])
    floors = sum(1 for row in facts["below_floor"] if row["production_date"])
    return [
        f"\nSite-days below their floor in some draw: {floors:,}",
        f"Final boxes above a cap: {above:,}",
        f"Stability: {churn_in_words(facts['churn'])}",
    ]


def _unallocated(facts: dict[str, Any]) -> list[dict[str, str]]:
    rows = facts.get("unallocated", [])[:UNALLOCATED_SHOWN]
    return [
        {"boxes": f"{row['boxes_mean']:,.1f}", "why": row["reason"].replace("_", " "),
         "limit": row["binding"]}
        for row in rows
    ]  # fmt: skip


def _table(title: str, rows: list[dict[str, str]]) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", box=None)
    for name in rows[0]:
        table.add_column(name, overflow="fold")
    for row in rows:
        table.add_row(*row.values())
    return table
