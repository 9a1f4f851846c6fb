"""The schedule of the weekly plan.

What belongs here: when a plan is made by itself. What does not: what follows from it (sensors/).
"""

import dagster as dg

from sitecast_dagster.jobs import PLAN_JOB

weekly_plan = dg.ScheduleDefinition(
    name="weekly_plan",
    job=PLAN_JOB,
    cron_schedule="0 6 * * 5",
    execution_timezone="UTC",
    description="A new plan every Friday at 06:00 UTC. Stopped until somebody starts it.",
    default_status=dg.DefaultScheduleStatus.STOPPED,
)
SCHEDULES = [weekly_plan]
