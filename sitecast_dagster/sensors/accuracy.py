"""accuracy: asks for the measurement of published weeks when actuals arrive or are corrected.

What belongs here: which weeks are due, from the ledger, the source and the instance. What does not:
measuring (assets/forecast_accuracy.py).
"""

import datetime as dt
from collections.abc import Collection, Mapping

import dagster as dg

from sitecast.evaluate import weeks_corrected, weeks_to_measure, weeks_with_actuals
from sitecast.installation import Installation
from sitecast_dagster.jobs import ACCURACY_JOB
from sitecast_dagster.partitions import MENU_WEEKS
from sitecast_dagster.resources import InstallationResource
from sitecast_dagster.tags import PARTITION_TAG
from sitecast_dagster.week_status import UNFINISHED

MAX_ATTEMPTS = 6
MOST_WEEKS = 8
"""Weeks whose orders are looked at in one tick, the latest first."""
CORRECTED_WEEKS, LOOK_AGAIN = 4, dt.timedelta(hours=6)
"""The latest measured weeks, and how often their orders are looked at once more."""


def measurements_due(
    open_weeks: Mapping[str, Collection[str]], failures: Mapping[str, int],
    under_way: Collection[str],
) -> dict[str, str]:  # fmt: skip
    """Menu week → run key of a measurement to ask for.

    Args:
        open_weeks: weeks with actuals, and their published plans that are not measured by them;
            where they were measured by others, the plan's name and the actuals' version.
        failures: runs of a week that failed.
        under_way: weeks that are being measured.
    """
    return {
        week: f"{week}:{'+'.join(sorted(plans))}:{failures.get(week, 0)}"
        for week, plans in sorted(open_weeks.items())
        if plans and week not in under_way and failures.get(week, 0) < MAX_ATTEMPTS
    }


@dg.sensor(
    description="Measures a published week once its delivered orders are there, or are others.",
    job=ACCURACY_JOB,
    minimum_interval_seconds=600,
    default_status=dg.DefaultSensorStatus.RUNNING,
)
def accuracy(
    context: dg.SensorEvaluationContext, installation: InstallationResource
) -> dg.SensorResult | dg.SkipReason:
    """One run per week that is over, published, delivered and not measured by these orders yet."""
    opened, now = installation.open(), installation.now()
    waiting = weeks_to_measure(opened, now) if opened.ledger.current_plan() else {}
    latest = sorted(waiting)[-MOST_WEEKS:]
    wanted = {week: list(waiting[week]) for week in weeks_with_actuals(opened, now, latest)}
    if _long_ago(context.cursor, now):
        for week, plans in _corrected(opened, now).items():
            wanted.setdefault(week, []).extend(plans)
        context.update_cursor(now.isoformat())
    failures = {
        week: _runs(context.instance, week, [dg.DagsterRunStatus.FAILURE]) for week in wanted
    }
    busy = [week for week in wanted if _runs(context.instance, week, UNFINISHED)]
    due = measurements_due(wanted, failures, busy)
    if not due:
        return dg.SkipReason(f"{len(waiting)} published weeks wait for actuals or to be measured")
    return dg.SensorResult(
        run_requests=[dg.RunRequest(key, partition_key=week) for week, key in due.items()],
        dynamic_partitions_requests=[MENU_WEEKS.build_add_request(list(due))],
        cursor=context.cursor,
    )


def _long_ago(cursor: str | None, now: dt.datetime) -> bool:
    return not cursor or now - dt.datetime.fromisoformat(cursor) >= LOOK_AGAIN


def _corrected(opened: Installation, now: dt.datetime) -> dict[str, list[str]]:
    """Measured weeks of which other orders were delivered, as people say now."""
    weeks = weeks_corrected(opened, now, CORRECTED_WEEKS) if opened.ledger.current_plan() else {}
    return {week: [f"{plan}@{by}" for plan, by in plans.items()] for week, plans in weeks.items()}


def _runs(instance: dg.DagsterInstance, week: str, statuses: list[dg.DagsterRunStatus]) -> int:
    tags = {PARTITION_TAG: week}
    wanted = dg.RunsFilter(job_name=ACCURACY_JOB.name, tags=tags, statuses=statuses)
    return instance.get_runs_count(wanted)
