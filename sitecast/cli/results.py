"""Commands that show results: show, compare, evaluate."""

import json
import sys
from pathlib import Path
from typing import Any

import click

from sitecast.cli.options import deployment, home_option, json_option, now

TABLES = (
    "plans", "publications", "site_forecast", "weekly_need", "recipe_site_forecast", "site_load",
    "unallocated", "site_openings", "forecast_accuracy", "backtest_accuracy",
)  # fmt: skip


@click.command()
@click.argument("table", type=click.Choice(TABLES))
@click.option("--rows", default=20, show_default=True, help="Most rows to print.")
@home_option
@json_option
def show(table: str, rows: int, home: Path | None, as_json: bool) -> None:
    """Print plans, publications, or a table of the current publication."""
    from sitecast.installation import open_installation
    from sitecast.records.tables_written import TABLES_WRITTEN
    from sitecast.store.accuracy import forecast_accuracy
    from sitecast.store.schema import ACCURACY

    ledger = open_installation(deployment(home)).ledger
    if table in ("plans", "publications"):
        frame = ledger.plans() if table == "plans" else ledger.publications()
    elif table in ACCURACY:
        frame = forecast_accuracy(ledger, TABLES_WRITTEN[table])
    else:
        frame = ledger.current(table)
    print_table(frame.head(rows), as_json)


@click.command()
@home_option
@json_option
def compare(home: Path | None, as_json: bool) -> None:
    """Compare the current plan with the actual orders, beside naive and the mean of 8 weeks."""
    from sitecast.evaluate import compare_with_actuals, stored_week
    from sitecast.installation import open_installation

    installation = open_installation(deployment(home))
    plan = installation.current_plan()
    weeks = [stored_week(installation, plan, week) for week in plan.menu_weeks]
    source = installation.source(plan.settings)
    print_table(compare_with_actuals(source, plan, weeks), as_json)


@click.command()
@click.option("--again", is_flag=True, help="Measure anew what was measured: actuals changed.")
@home_option
@json_option
def evaluate(again: bool, home: Path | None, as_json: bool) -> None:
    """Measure published weeks whose orders were delivered; prints the means by lead day."""
    from sitecast.evaluate import accuracy_by_lead, accuracy_in_short, evaluate_published
    from sitecast.installation import open_installation
    from sitecast.store.accuracy import forecast_accuracy

    installation = open_installation(deployment(home))
    report = evaluate_published(installation, now(), again)
    for (plan_id, menu_week), reason in report.left_out.items():
        click.echo(f"{menu_week} of {plan_id} is left out: {reason}", err=True)
    table = forecast_accuracy(installation.ledger)
    print_table((accuracy_by_lead if as_json else accuracy_in_short)(table), as_json)


def print_table(frame: Any, as_json: bool) -> None:
    """A frame as a table for people, as JSON rows, or tab-separated where nobody looks at it."""
    if as_json:
        click.echo(json.dumps(json.loads(frame.to_json(orient="records", date_format="iso"))))
    elif sys.stdout.isatty():
        _print_for_people(frame)
    else:
        click.echo(frame.to_csv(sep="\t", index=False, float_format="%.6g"), nl=False)


def _print_for_people(frame: Any) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, header_style="bold")
    for name in frame.columns:
        numeric = frame[name].dtype.kind in "if"
        table.add_column(name, justify="right" if numeric else "left", no_wrap=True)
    for row in frame.itertuples(index=False):
        table.add_row(*[_cell(value) for value in row])
    # Never cut: a terminal wraps a line that is too long, and every figure stays legible.
    console = Console()
    unbound = console.options.update(max_width=10_000)
    needed = console.measure(table, options=unbound).maximum
    Console(width=max(console.width, needed)).print(table)


def _cell(value: Any) -> str:
    if isinstance(value, float):
        return "" if value != value else f"{value:,.3f}"
    return str(value)
