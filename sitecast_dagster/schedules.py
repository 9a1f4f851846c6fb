"""The schedules: the weekly plan, and how much its draws differ.

What belongs here: when something is made by itself. What does not: what follows from it (sensors/).
"""

import dagster as dg

from sitecast_dagster.jobs import CALIBRATION_JOB, PLAN_JOB

weekly_plan = dg.ScheduleDefinition(
    name="weekly_plan",
    job=PLAN_JOB,
    cron_schedule="0 6 * * 5",
    execution_timezone="UTC",
    description="A new plan every Friday at 06:00 UTC. Stopped until somebody starts it.",
    default_status=dg.DefaultScheduleStatus.STOPPED,
)
monthly_calibration = dg.ScheduleDefinition(
    name="monthly_calibration",
    job=CALIBRATION_JOB,
    cron_schedule="0 2 1 * *",
    execution_timezone="UTC",
    description="How much draws differ, fitted anew on the first of the month at 02:00 UTC. "
    "Stopped until somebody starts it.",
    default_status=dg.DefaultScheduleStatus.STOPPED,
)
SCHEDULES = [weekly_plan, monthly_calibration]
