"""deliver: asks for another try of the emails and webhooks that could not be sent.

What belongs here: whether any message's time has come. What does not: when it comes (the publisher
sets each message's next try when one fails).
"""

import dagster as dg

from sitecast_dagster.jobs import DELIVERY_JOB, PUBLISH_JOB
from sitecast_dagster.resources import InstallationResource
from sitecast_dagster.tags import PRIORITY_TAG
from sitecast_dagster.week_status import UNFINISHED


@dg.sensor(
    description="Another try of the emails and webhooks that could not be sent.",
    job_name=DELIVERY_JOB.name,
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.RUNNING,
)
def deliver(
    context: dg.SensorEvaluationContext, installation: InstallationResource
) -> dg.RunRequest | dg.SkipReason:
    """One run for the messages that are due, unless a run that delivers is under way."""
    for job in (DELIVERY_JOB.name, PUBLISH_JOB.name):
        if context.instance.get_runs_count(dg.RunsFilter(job_name=job, statuses=UNFINISHED)):
            return dg.SkipReason(f"{job} is running")
    due = installation.open().messages_due(installation.now())
    if not due:
        return dg.SkipReason("no message is due")
    tries = sum(row.attempts for row in due)
    return dg.RunRequest(f"{due[0].message_id}:{len(due)}:{tries}", tags={PRIORITY_TAG: "1"})
