"""The plan file and its input tables: readable, and with data for the weeks to come."""

import datetime as dt
from collections.abc import Sequence

from sitecast.configure import plan_weeks
from sitecast.deployment import Deployment
from sitecast.doctor.findings import Finding, Findings, of_error
from sitecast.errors import SettingsError, SitecastError
from sitecast.extract import Source, open_source, read_calendar
from sitecast.extract.reader import read_known
from sitecast.settings import PlanSettings, load_plan_file

WEEKLY = ("delivery_days", "menu")
"""Required tables without whose rows no week can be forecast."""


def inputs(deployment: Deployment, now: dt.datetime) -> Findings:
    """The plan file, its mapping, its source, its weeks."""
    path = deployment.plan_path
    if not path.exists():
        yield Finding("plan-file", "error", f"there is no plan file {path}",
                      "write one: docs/how-to/bring-your-own-data.md")  # fmt: skip
        return
    try:
        settings = load_plan_file(path)
        source = _source(deployment, settings)
    except SettingsError as error:
        yield of_error("plan-file", error)
        return
    if not settings.publication.recipients:
        yield Finding("no-recipients", "note", "no email goes out: nobody is in the plan file",
                      "list the planning team under publication.recipients")  # fmt: skip
    try:
        yield from _weeks(source, settings, settings.as_of or now)
    except SitecastError as error:
        yield of_error("input", error)


def _source(deployment: Deployment, settings: PlanSettings) -> Source:
    base = deployment.plan_path.parent
    mapping = base / settings.mapping if settings.mapping else None
    return open_source(deployment.source_location(settings.source), base, mapping)


def _weeks(source: Source, settings: PlanSettings, as_of: dt.datetime) -> Findings:
    weeks = plan_weeks(settings, read_calendar(source, as_of), as_of)
    for table in WEEKLY:
        rows = read_known(source, table, as_of, weeks)
        without = _without(weeks, set(rows["menu_week"]))
        if without:
            yield Finding(
                "week-without-data",
                "error",
                f"{table} has no row for {', '.join(without)}",
                f"load {table} for these weeks, or plan fewer (horizon_weeks)",
            )


def _without(weeks: Sequence[str], there: set[str]) -> list[str]:
    return [week for week in weeks if week not in there]
