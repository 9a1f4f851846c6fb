"""The command backtest."""

from pathlib import Path

import click

from sitecast.cli.options import deployment, home_option, json_option, now, plan_option
from sitecast.cli.results import print_table


@click.command()
@click.option("--weeks", required=True, help="First and last past menu week: A..B, or one week.")
@click.option("--lead", "leads", multiple=True, type=click.IntRange(0, 400), default=(7,),
              show_default=True,
              help="Days from as_of to the week's first date; repeatable.")  # fmt: skip
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
    from sitecast.evaluate import accuracy_by_lead, weeks_between
    from sitecast.evaluate import backtest as run_backtest
    from sitecast.extract import read_calendar
    from sitecast.installation import open_installation

    installation = open_installation(deployment(home, plan_file))
    settings = installation.plan_settings()
    source, at = installation.source(settings), now()
    first, _, last = weeks.partition("..")
    keys = weeks_between(read_calendar(source, at), first, last or first)
    told = run_backtest(source, settings, keys, leads, at, lambda s: click.echo(s, err=True))
    for (menu_week, lead), reason in told.left_out.items():
        click.echo(f"{menu_week}, {lead} days ahead, is left out: {reason}", err=True)
    if out is not None:
        told.table.to_csv(out, index=False)
    print_table(accuracy_by_lead(told.table), as_json)
