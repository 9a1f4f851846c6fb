"""new_weeks: asks for one run per menu week of the current plan.

What belongs here: which weeks are launched, once per order. What does not: trying a failed week
again by itself: the same input fails the same way, so a person corrects it and makes a new plan,
or runs the week again from the UI.
"""

from collections.abc import Collection, Sequence

import dagster as dg

from sitecast_dagster.jobs import WEEK_JOB
from sitecast_dagster.partitions import MENU_WEEKS
from sitecast_dagster.resources import InstallationResource
from sitecast_dagster.tags import ORDER_TAG, PLAN_ID_TAG
from sitecast_dagster.week_status import is_forecast, order_of, weeks_tried, weeks_under_way


def weeks_due(planned: Sequence[str], done: Collection[str], tried: Collection[str]) -> list[str]:
    """Weeks of the plan that are neither forecast for it nor launched for this order."""
    return [week for week in planned if week not in done and week not in tried]


@dg.sensor(
    description="One run per menu week of the current plan that is not forecast yet.",
    job=WEEK_JOB,
    minimum_interval_seconds=5,
    default_status=dg.DefaultSensorStatus.RUNNING,
)
def new_weeks(
    context: dg.SensorEvaluationContext, installation: InstallationResource
) -> dg.SensorResult | dg.SkipReason:
    """One run per menu week of the current plan that is not forecast for it yet."""
    opened = installation.open()
    plan = opened.ledger.current_plan()
    if plan is None:
        return dg.SkipReason("no plan has been made yet")
    order = order_of(context.instance, plan)
    done = [w for w in plan.menu_weeks if is_forecast(opened.weeks, plan.plan_id, w)]
    tried = weeks_tried(context.instance, plan.plan_id, order)
    due = weeks_due(plan.menu_weeks, done, tried | weeks_under_way(context.instance, plan.plan_id))
    if not due:
        return dg.SkipReason(f"{len(done)} of {len(plan.menu_weeks)} weeks of {plan.plan_id} done")
    tags = {PLAN_ID_TAG: plan.plan_id, ORDER_TAG: order}
    return dg.SensorResult(
        run_requests=[
            dg.RunRequest(f"{plan.plan_id}:{week}:{order}", partition_key=week, tags=tags)
            for week in due
        ],
        dynamic_partitions_requests=[MENU_WEEKS.build_add_request(due)],
    )
