"""When a published forecast is late.

What belongs here: the policy that Dagster's daemon evaluates, and reading what it found. What does
not: telling anybody (sensors/plan_late.py).
"""

import datetime as dt

import dagster as dg

PUBLISHED = dg.AssetKey("published_forecast")
DEADLINE = "0 9 * * 5"
IN_WORDS = "every Friday at 09:00 UTC"
PLAN_IS_DUE = dg.FreshnessPolicy.cron(
    deadline_cron=DEADLINE, lower_bound_delta=dt.timedelta(hours=24), timezone="UTC"
)
"""Three hours after the schedule weekly_plan; a plan of the day before is in time too."""


def is_late(instance: dg.DagsterInstance) -> bool:
    """Whether the daemon found that no forecast was published in time.

    Not before the first one: there is nothing that it could follow.
    """
    found = instance.get_freshness_state_records([PUBLISHED]).get(PUBLISHED)
    return found is not None and found.freshness_state.value == "FAIL"
