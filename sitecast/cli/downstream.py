"""Commands for services that read publications, and to take one back: feed, recall."""

import json
from pathlib import Path

import click

from sitecast.cli.options import deployment, home_option, json_option, now


@click.command()
@click.option("--since", default=0, show_default=True, type=click.IntRange(min=0),
              help="Number of the last event already seen; 0 = from the start.")  # fmt: skip
@home_option
@json_option
def feed(since: int, home: Path | None, as_json: bool) -> None:
    """List what became of publications: published, superseded, recalled."""
    from sitecast.installation import open_installation

    events = open_installation(deployment(home)).ledger.feed(since)
    if as_json:
        click.echo(json.dumps([event.to_plain() for event in events], allow_nan=False))
        return
    for event in events:
        reason = f": {event.why}" if event.why else ""
        current = event.current_publication_id or "none"
        click.echo(f"{event.seq:>6}  {event.at:%Y-%m-%d %H:%M:%S}Z  {event.event:<10} "
                   f"{event.publication_id}{reason}  (current: {current})")  # fmt: skip


@click.command()
@click.argument("publication")
@click.option("--why", required=True, help="One line that everybody who used it will read.")
@home_option
@json_option
def recall(publication: str, why: str, home: Path | None, as_json: bool) -> None:
    """Take a wrong PUBLICATION back: the last good one is current again, its readers are told.

    Its numbers stay as they were published. Recalling it once more changes nothing.
    """
    from sitecast.installation import open_installation
    from sitecast.publish import recall_publication

    installation, moment = open_installation(deployment(home)), now()
    done = recall_publication(
        installation.ledger, installation.publications, publication, why, moment,
        installation.webhook,
    )  # fmt: skip
    installation.deliver(installation.ledger.plan(done.plan_id), moment)
    facts = {**vars(done), "at": done.at.isoformat()}
    click.echo(json.dumps(facts) if as_json else str(done))
