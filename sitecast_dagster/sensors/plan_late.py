"""plan_late: tells the planners when no forecast was published in time.

What belongs here: asking whether it is late, and queueing one email. What does not: when it is due
(checks/freshness.py), and sending (the sensor deliver).
"""

import dagster as dg

from sitecast.publish.late import tell_that_plan_is_late
from sitecast_dagster.checks.freshness import IN_WORDS, is_late
from sitecast_dagster.resources import InstallationResource


@dg.sensor(
    description="One email per publication that no other one followed in time.",
    minimum_interval_seconds=60,
    default_status=dg.DefaultSensorStatus.RUNNING,
)
def plan_late(
    context: dg.SensorEvaluationContext, installation: InstallationResource
) -> dg.SkipReason:
    """One email per recipient and publication; it waits in the outbox for the sensor deliver."""
    if not is_late(context.instance):
        return dg.SkipReason(f"no forecast is late: one is due {IN_WORDS}")
    opened = installation.open()
    told = tell_that_plan_is_late(
        opened.ledger, opened.publications, IN_WORDS, opened.deployment.ui_url, installation.now()
    )
    names = ", ".join(told) or "nobody who has not been told yet"
    return dg.SkipReason(f"the forecast is late; told: {names}")
