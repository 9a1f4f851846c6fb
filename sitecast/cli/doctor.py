"""Commands that say what is wrong with an installation, and settle what is stuck."""

import json
import os
import sys
from importlib.metadata import entry_points
from pathlib import Path

import click

from sitecast.cli.options import deployment, home_option, json_option, now, plan_option


@click.command()
@click.option("--fix", is_flag=True, help="Remove temporary files that are older than a day.")
@home_option
@plan_option
@json_option
def doctor(fix: bool, home: Path | None, plan_file: Path | None, as_json: bool) -> None:
    """Say what is wrong with the installation and what to do: stores, plan, mail, Dagster.

    Reads only, and sends nothing. Exit code 1 where something needs a person.
    """
    from sitecast.doctor import examine, remove_leftovers

    settings, moment = deployment(home, plan_file), now()
    gone = remove_leftovers(settings.home, moment) if fix else []
    doctors = [entry.load() for entry in entry_points(group="sitecast.doctors")]
    found = examine(settings, moment, os.environ, doctors)
    errors = sum(finding.severity == "error" for finding in found)
    if as_json:
        facts = [{**vars(finding), "section": finding.section} for finding in found]
        click.echo(json.dumps({"findings": facts, "removed": [str(path) for path in gone]}))
    else:
        for path in gone:
            click.echo(f"removed {path}")
        for finding in found:
            click.echo(str(finding))
        click.echo(f"{errors} errors, {len(found) - errors} other findings in {settings.home}")
    sys.exit(1 if errors else 0)


@click.command()
@click.argument("message", nargs=-1)
@click.option("--send-again/--drop", default=None, required=True,
              help="Try them again, or never send them.")  # fmt: skip
@home_option
def settle(message: tuple[str, ...], send_again: bool, home: Path | None) -> None:
    """Decide about MESSAGEs that are held, refused or given up; all of them, if none is named.

    Their names are in what `sitecast doctor` says.
    """
    from sitecast.installation import open_installation
    from sitecast.store.outbox import settle as settle_messages

    installation, moment = open_installation(deployment(home)), now()
    database = installation.ledger.database
    changed = settle_messages(database, "pending" if send_again else "withdrawn", moment, message)
    click.echo(f"{len(changed)} messages: {'tried again' if send_again else 'dropped'}")
    if changed and send_again:
        report = vars(installation.deliver(installation.current_plan(), moment))
        click.echo("\n".join(f"{state}: {', '.join(names)}" for state, names in report.items()))
