"""alerts: tells the planners about a failed run: one email, with the cause and what to do.

What belongs here: which failures are worth an email, and its text. What does not: sending.
"""

import datetime as dt
from email.message import EmailMessage
from email.policy import SMTP

import dagster as dg

from sitecast.installation import Installation
from sitecast.publish.message import message_id
from sitecast.settings import PublicationSettings
from sitecast_dagster.failures import cause_of
from sitecast_dagster.resources import InstallationResource
from sitecast_dagster.tags import PARTITION_TAG, PLAN_ID_TAG, WILL_RETRY_TAG

NO_CAUSE = "its process ended without saying why"
MAX_CAUSE = 4_000


@dg.run_failure_sensor(
    description="One email per failed run: its cause, and what to do.",
    default_status=dg.DefaultSensorStatus.RUNNING,
    minimum_interval_seconds=10,
)
def alerts(
    context: dg.RunFailureSensorContext, installation: InstallationResource
) -> dg.SkipReason | None:
    """One email per failed run to the recipients of its plan; none for a run that is retried."""
    run = context.dagster_run
    if run.tags.get(WILL_RETRY_TAG) == "true":
        return dg.SkipReason("the run crashed and is started again")
    opened, now = installation.open(), installation.now()
    publication = publication_settings(opened, run)
    causes = [cause_of(event) for event in context.get_step_failure_events()]
    text = alert_text(run, causes, opened.deployment.ui_url)
    for recipient in publication.recipients:
        message = alert_message(run, publication.sender, recipient, text, now)
        opened.mailer.send(message, publication.sender, recipient)
    return None


def publication_settings(opened: Installation, run: dg.DagsterRun) -> PublicationSettings:
    """Whom to tell: the recipients of the run's plan, else of the plan file."""
    plan_id = run.tags.get(PLAN_ID_TAG)
    settings = opened.ledger.plan(plan_id).settings if plan_id else opened.plan_settings()
    return settings.publication


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


def alert_message(
    run: dg.DagsterRun, sender: str, recipient: str, text: str, now: dt.datetime
) -> bytes:
    """The email; the same failure always has the same Message-ID."""
    message = EmailMessage(policy=SMTP)
    message["From"], message["To"] = sender, recipient
    message["Subject"] = f"sitecast: {subject_of(run)} failed"
    message["Message-ID"] = message_id(f"alert-{run.run_id}", recipient, sender)
    message["Date"] = now
    message.set_content(text)
    return message.as_bytes()
