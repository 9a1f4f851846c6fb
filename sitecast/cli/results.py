"""Commands that show results: show, compare."""

import json
from pathlib import Path
from typing import Any

import click

from sitecast.cli.options import deployment, home_option, json_option

TABLES = (
    "plans", "publications", "site_forecast", "weekly_need", "recipe_site_forecast", "site_load",
    "unallocated", "site_openings",
)  # fmt: skip


@click.command()
@click.argument("table", type=click.Choice(TABLES))
@click.option("--rows", default=20, show_default=True, help="Most rows to print.")
@home_option
@json_option
def show(table: str, rows: int, home: Path | None, as_json: bool) -> None:
    """Print plans, publications, or a table of the current publication."""
    from sitecast.installation import open_installation

    ledger = open_installation(deployment(home)).ledger
    if table in ("plans", "publications"):
        frame = ledger.plans() if table == "plans" else ledger.publications()
    else:
        frame = ledger.current(table)
    _print(frame.head(rows), as_json)


@click.command()
@home_option
@json_option
def compare(home: Path | None, as_json: bool) -> None:
    """Compare the current plan with the actual orders, beside naive and the mean of 8 weeks."""
    from sitecast.evaluate import compare_with_actuals
    from sitecast.installation import open_installation
    from sitecast.records.week_record import SiteForecast

    installation = open_installation(deployment(home))
    plan = installation.current_plan()
    forecasts = [
        installation.weeks.read(SiteForecast, plan.plan_id, week) for week in plan.menu_weeks
    ]
    source = installation.source(plan.settings)
    _print(compare_with_actuals(source, plan, forecasts), as_json)


def _print(frame: Any, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(json.loads(frame.to_json(orient="records", date_format="iso"))))
        return
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, header_style="bold")
    for name in frame.columns:
        table.add_column(name, justify="right" if frame[name].dtype.kind in "if" else "left")
    for row in frame.itertuples(index=False):
        table.add_row(*[f"{v:,.3f}" if isinstance(v, float) else str(v) for v in row])
    Console().print(table)
