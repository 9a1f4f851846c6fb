"""Commands that make plans and forecasts: demo, init, plan, run, publish."""

import json
import sys
from collections.abc import Callable
from importlib.metadata import entry_points
from pathlib import Path

import click

from sitecast.cli.options import (
    deployment,
    home_option,
    json_option,
    now,
    plan_option,
    runner_option,
)  # fmt: skip
from sitecast.cli.progress import WeekProgress
from sitecast.deployment import Deployment
from sitecast.records.run_report import RunReport


@click.command()
@click.option(
    "--size",
    type=click.Choice(["demo", "gousto"]),
    default="demo",
    show_default=True,
    help="demo: 3,000 boxes a week, 2 sites; gousto: 200,000 boxes, 4 sites.",
)
@home_option
@runner_option
@json_option
def demo(size: str, home: Path | None, runner: str, as_json: bool) -> None:
    """Invent a meal-kit company, plan its next four menu weeks, and publish the forecast."""
    from sitecast.extract.demo import write_demo_company

    settings = deployment(home)
    with WeekProgress() as progress:
        if not (settings.home / "input").exists():
            write_demo_company(settings.home, size=size, progress=lambda s: progress("input", s))
        report = _run(settings, runner, progress)
    _finish(settings, report, as_json)


@click.command()
@home_option
@plan_option
@runner_option
@json_option
def run(home: Path | None, plan_file: Path | None, runner: str, as_json: bool) -> None:
    """Make a plan from the plan file, forecast every week, and publish."""
    settings = deployment(home, plan_file)
    with WeekProgress() as progress:
        report = _run(settings, runner, progress)
    _finish(settings, report, as_json)


@click.command()
@home_option
@plan_option
@json_option
def plan(home: Path | None, plan_file: Path | None, as_json: bool) -> None:
    """Freeze a plan and make it the current one, without running its weeks."""
    from sitecast.installation import open_installation
    from sitecast.pipeline import configure_plan

    installation = open_installation(deployment(home, plan_file))
    made = configure_plan(installation, installation.plan_settings(), now())
    models = ", ".join(f"{kind} by {label}" for kind, label in made.models.items())
    told = f"{made.plan_id}: {', '.join(made.menu_weeks)}\n{models}"
    told += f"\nwarning: {made.warning}" if made.warning else ""
    click.echo(made.to_json() if as_json else told)


@click.command()
@home_option
@click.option("--plan-id", help="Which plan.  [default: the current one]")
@json_option
def publish(home: Path | None, plan_id: str | None, as_json: bool) -> None:
    """Publish a completed plan (once), and try again to deliver what waits in the outbox."""
    from sitecast.installation import open_installation
    from sitecast.pipeline import publish_current

    installation = open_installation(deployment(home))
    chosen = installation.ledger.plan(plan_id) if plan_id else installation.current_plan()
    publication = publish_current(installation, chosen, now())
    facts = {"publication_id": publication.publication_id, "page": str(publication.page)}
    click.echo(json.dumps(facts) if as_json else "\n".join(f"{k}: {v}" for k, v in facts.items()))


@click.command()
@home_option
def init(home: Path | None) -> None:
    """Create every store of an installation; safe to repeat, needed before two processes start."""
    settings = deployment(home)
    from sitecast.installation import open_installation

    open_installation(settings)
    for entry in entry_points(group="sitecast.initialisers"):
        entry.load()(settings)
    click.echo(f"ready: {settings.home}")


def _run(settings: Deployment, runner: str, progress: WeekProgress) -> RunReport:
    if runner == "direct":
        from sitecast.installation import open_installation
        from sitecast.pipeline import run_plan

        return run_plan(open_installation(settings), now(), progress)
    # An entry point, because the library must never import the orchestrator.
    (entry,) = entry_points(group="sitecast.runners", name=runner)
    run_with: Callable[[Deployment, WeekProgress], RunReport] = entry.load()
    return run_with(settings, progress)


def _finish(settings: Deployment, report: RunReport, as_json: bool) -> None:
    from sitecast.cli.summary import print_summary, summary_facts
    from sitecast.installation import open_installation

    facts = summary_facts(open_installation(settings), report)
    if as_json:
        click.echo(json.dumps(facts, allow_nan=False))
    else:
        print_summary(facts)
    sys.exit(0 if report.succeeded else 1)
