"""publish: asks for the publication of the current plan once all of its weeks are forecast.

What belongs here: reading the store, the ledger and the instance for two decisions: is a version
due (sitecast.publish.due), and is it time to try (`wait_after`). What does not: publishing.
"""

import datetime as dt
from collections.abc import Iterator

import dagster as dg

from sitecast.installation import Installation
from sitecast.publish import (
    PlanVersion,
    plans_due,
    published_plan_versions,
    run_key,
    site_forecast_heads,
)
from sitecast.publish.runbook import what_to_do
from sitecast.records.plan import ForecastPlan
from sitecast_dagster.jobs import PUBLISH_JOB
from sitecast_dagster.resources import InstallationResource
from sitecast_dagster.tags import PLAN_ID_TAG, PUBLICATION_TAG
from sitecast_dagster.week_status import FINISHED, UNFINISHED, weeks_under_way

MAX_ATTEMPTS = 6
FIRST_WAIT = dt.timedelta(seconds=20)


def wait_after(failed_attempts: int) -> dt.timedelta:
    """How long to wait after a failed attempt: 20 s, then twice as long each time."""
    return FIRST_WAIT * 2 ** (failed_attempts - 1) if failed_attempts else dt.timedelta(0)


@dg.sensor(
    description="One publication per completed plan version, again where an attempt failed.",
    job=PUBLISH_JOB,
    minimum_interval_seconds=5,
    default_status=dg.DefaultSensorStatus.RUNNING,
)
def publish(
    context: dg.SensorEvaluationContext, installation: InstallationResource
) -> Iterator[dg.RunRequest | dg.SkipReason]:
    """One publication per completed plan version, and again where an attempt failed."""
    opened, now = installation.open(), installation.now()
    plan = opened.ledger.current_plan()
    if plan is None:
        yield dg.SkipReason("no plan has been made yet")
        return
    if running := weeks_under_way(context.instance, plan.plan_id):
        yield dg.SkipReason(f"weeks under way: {', '.join(sorted(running))}")
        return
    due = versions_due(opened, plan)
    if not due:
        yield dg.SkipReason(f"{plan.plan_id} is published, or some of its weeks are missing")
    for version in due:
        yield _request_or_reason(context.instance, version, now)


def versions_due(opened: Installation, plan: ForecastPlan) -> list[PlanVersion]:
    """The current plan's version, when it is complete and not published."""
    heads = {plan.plan_id: site_forecast_heads(plan, opened.weeks)}
    published = published_plan_versions(opened.ledger)
    return plans_due({plan.plan_id: plan.menu_weeks}, heads, published)


def _request_or_reason(
    instance: dg.DagsterInstance, version: PlanVersion, now: dt.datetime
) -> dg.RunRequest | dg.SkipReason:
    tags = {PLAN_ID_TAG: version.plan_id, PUBLICATION_TAG: version.fingerprint}
    if instance.get_runs_count(dg.RunsFilter(tags=tags, statuses=UNFINISHED)):
        return dg.SkipReason(f"{version.plan_id} is being published")
    ended = instance.get_run_records(dg.RunsFilter(tags=tags, statuses=list(FINISHED)))
    # One that ended well published a version that was newer then.
    failures = [r for r in ended if r.dagster_run.status != dg.DagsterRunStatus.SUCCESS]
    if len(failures) >= MAX_ATTEMPTS:
        return dg.SkipReason(
            f"publishing {version.plan_id} failed {len(failures)} times: correct the cause, then "
            f"materialise published_forecast. {what_to_do('publish')}"
        )
    last_end = max((record.end_time or 0.0 for record in failures), default=0.0)
    if now.timestamp() < last_end + wait_after(len(failures)).total_seconds():
        return dg.SkipReason(f"waiting to try {version.plan_id} again")
    return dg.RunRequest(run_key(version, len(ended)), tags=tags)
