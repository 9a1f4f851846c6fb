"""Commands that look back: backtest, calibrate."""

from collections.abc import Callable, Mapping
from pathlib import Path

import click

from sitecast.cli.options import Command, deployment, home_option, json_option, now, plan_option
from sitecast.cli.results import print_table

weeks_option = click.option(
    "--weeks", required=True, help="First and last past menu week: A..B, or one week."
)


def lead_option(*default: int) -> Callable[[Command], Command]:
    """--lead, so many days ahead."""
    return click.option(
        "--lead", "leads", multiple=True, type=click.IntRange(0, 400), default=default,
        show_default=True, help="Days from as_of to the week's first date; repeatable.",
    )  # fmt: skip


@click.command()
@weeks_option
@lead_option(7)
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path),
              help="Write forecast_accuracy of every week here, as CSV.")  # fmt: skip
@home_option
@plan_option
@json_option
def backtest(
    weeks: str, leads: tuple[int, ...], out: Path | None, home: Path | None,
    plan_file: Path | None, as_json: bool,
) -> None:  # fmt: skip
    """Forecast past weeks with what was known then, and measure them; stores nothing."""
    from sitecast.evaluate import accuracy_by_lead, accuracy_in_short, weeks_named
    from sitecast.evaluate import backtest as run_backtest
    from sitecast.installation import open_installation

    installation = open_installation(deployment(home, plan_file))
    settings = installation.plan_settings()
    source, at = installation.source(settings), now()
    keys = weeks_named(source, at, weeks)
    told = run_backtest(source, settings, keys, leads, at, lambda s: click.echo(s, err=True))
    _tell_left_out(told.left_out)
    if out is not None:
        told.table.to_csv(out, index=False)
    print_table((accuracy_by_lead if as_json else accuracy_in_short)(told.table), as_json)


@click.command()
@click.option("--weeks", help="First and last past menu week: A..B, or one week.  [default: the "
              "latest 26 that were delivered]")  # fmt: skip
@lead_option(8, 15, 22, 29)
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    default=None,
    help="Where to write the spreads.  [default: the ledger where the plan file says "
    "`calibrated: true`, else uncertainty.yaml beside the plan file]",
)
@home_option
@plan_option
def calibrate(
    weeks: str | None, leads: tuple[int, ...], out: Path | None, home: Path | None,
    plan_file: Path | None,
) -> None:  # fmt: skip
    """Fit how much draws differ on the errors of past weeks, by lead; changes no plan."""
    from sitecast.evaluate import calibrate_spreads, latest_delivered, weeks_named
    from sitecast.installation import open_installation
    from sitecast.store.calibrations import save_spreads

    installation = open_installation(deployment(home, plan_file))
    settings = installation.plan_settings()
    source, at = installation.source(settings), now()
    keys = weeks_named(source, at, weeks) if weeks else latest_delivered(source, at)
    told = calibrate_spreads(source, settings, keys, leads, at, lambda s: click.echo(s, err=True))
    _tell_left_out(told.left_out)
    print_table(told.as_table(), as_json=False)
    if out is None and settings.simulator.uncertainty.calibrated:
        save_spreads(installation.ledger, told.uncertainty, at)
        click.echo("kept: plans made from now on use it")
        return
    path = out or installation.deployment.plan_path.parent / "uncertainty.yaml"
    path.write_text(told.to_yaml(), encoding="utf-8")
    click.echo(f"written: {path}; plans use it once the plan file says\n"
               f"simulator:\n  uncertainty: {path.name}")  # fmt: skip


def _tell_left_out(left_out: Mapping[tuple[str, int], str]) -> None:
    for (menu_week, lead), reason in left_out.items():
        click.echo(f"{menu_week}, {lead} days ahead, is left out: {reason}", err=True)
