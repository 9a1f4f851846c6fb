"""alerts: tells the planners about failed runs: one email each, with the cause and what to do.

What belongs here: which failures are worth an email, and its text. What does not: sending (the
sensor deliver). It looks at what is true now, not at events: a look that fails loses nothing.
"""

import datetime as dt
import time

import dagster as dg

from sitecast.errors import SitecastError
from sitecast.installation import Installation
from sitecast.publish.alert import tell_that_something_failed
from sitecast.settings import PublicationSettings
from sitecast_dagster.failures import cause_of
from sitecast_dagster.resources import InstallationResource
from sitecast_dagster.tags import PARTITION_TAG, PLAN_ID_TAG, TOLD_TAG, WILL_RETRY_TAG

NO_CAUSE = "its process ended without saying why"
MAX_CAUSE = 4_000
LOOKS_BACK = dt.timedelta(days=7)
UNDECIDED = dt.timedelta(minutes=1)
"""So long after its end a run that does not say whether it is tried again is not."""


@dg.sensor(
    description="One email per failed run: its cause, and what to do.",
    minimum_interval_seconds=10,
    default_status=dg.DefaultSensorStatus.RUNNING,
)
def alerts(
    context: dg.SensorEvaluationContext, installation: InstallationResource
) -> dg.SensorResult | dg.SkipReason:
    """One email per failed run to the recipients of its plan; none for a run that is retried."""
    since = float(context.cursor or time.time())  # failures of before its first look are known
    failed = [record for record in failures_since(context.instance, since) if is_for_good(record)]
    opened = installation.open() if failed else None
    told = [
        f"{subject_of(record.dagster_run)}: {', '.join(_tell(context.instance, opened, record))}"
        for record in failed
        if opened is not None
    ]
    reason = f"told: {'; '.join(told)}" if told else "no run has failed"
    return dg.SensorResult(skip_reason=reason, cursor=str(since))


def failures_since(instance: dg.DagsterInstance, since: float) -> list[dg.RunRecord]:
    """Failed runs that nobody was told about, of the last days at most, the oldest first."""
    horizon = dt.datetime.now(dt.UTC) - LOOKS_BACK
    first = max(horizon, dt.datetime.fromtimestamp(since, dt.UTC))
    wanted = dg.RunsFilter(statuses=[dg.DagsterRunStatus.FAILURE], updated_after=first)
    records = instance.get_run_records(wanted, ascending=True)
    return [
        r
        for r in records
        if r.dagster_run.tags.get(TOLD_TAG) != "true" and (r.end_time or 0) >= since
    ]


def is_for_good(record: dg.RunRecord) -> bool:
    """Whether a failed run is not started again; just after its end, that may be undecided."""
    decided = record.dagster_run.tags.get(WILL_RETRY_TAG)
    if decided is not None:
        return decided != "true"
    return time.time() - (record.end_time or 0.0) > UNDECIDED.total_seconds()


def _tell(instance: dg.DagsterInstance, opened: Installation, record: dg.RunRecord) -> list[str]:
    run = record.dagster_run
    failed = instance.all_logs(run.run_id, of_type=dg.DagsterEventType.STEP_FAILURE)
    causes = [cause_of(entry.get_dagster_event()) for entry in failed]
    text = alert_text(run, causes, opened.deployment.ui_url)
    ended = dt.datetime.fromtimestamp(int(record.end_time or 0), dt.UTC)
    told = tell_that_something_failed(
        opened.ledger, publication_settings(opened, run), run.run_id,
        f"sitecast: {subject_of(run)} failed", text, ended,
    )  # fmt: skip
    instance.add_run_tags(run.run_id, {TOLD_TAG: "true"})
    return told


def publication_settings(opened: Installation, run: dg.DagsterRun) -> PublicationSettings:
    """Whom to tell: the recipients of the run's plan, else of the plan file.

    A plan file that is wrong is what may have failed: then those of the plan made last.
    """
    plan_id = run.tags.get(PLAN_ID_TAG)
    try:
        plan = opened.ledger.plan(plan_id).settings if plan_id else opened.plan_settings()
        return plan.publication
    except SitecastError:
        current = opened.ledger.current_plan()
        return PublicationSettings() if current is None else current.settings.publication


def subject_of(run: dg.DagsterRun) -> str:
    """What failed, in words: `2026-W48 (forecast_week)`."""
    week = run.tags.get(PARTITION_TAG)
    return f"{week} ({run.job_name})" if week else run.job_name


def alert_text(run: dg.DagsterRun, causes: list[str], ui_url: str) -> str:
    """Cause, consequence and where to look; a known problem's text ends with its remedy."""
    cause = "\n".join(causes) or NO_CAUSE
    return (
        f"{subject_of(run)} failed.\n\n{cause[:MAX_CAUSE]}\n\n"
        "Nothing was published from it: the last good publication stays current, and other menu "
        "weeks go on.\nAfter correcting the cause, make the plan again, or run the week again "
        f"from its page:\n{ui_url}/runs/{run.run_id}\n"
    )
