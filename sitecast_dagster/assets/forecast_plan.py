"""forecast_plan: the configurator as an asset; it also keeps the partition set `menu_week`."""

from collections.abc import Sequence

import dagster as dg

import sitecast
from sitecast.pipeline import configure_plan, weeks_over
from sitecast_dagster.config import PlanConfig
from sitecast_dagster.failures import known_problems_as_failures
from sitecast_dagster.metadata import plan_metadata
from sitecast_dagster.partitions import MENU_WEEK, PAST_WEEK, weeks_to_add, weeks_to_drop
from sitecast_dagster.resources import InstallationResource
from sitecast_dagster.tags import GROUP, OWNERS, PLAN_ID_TAG, TAGS
from sitecast_dagster.week_status import weeks_in_use


@dg.asset(group_name=GROUP, owners=OWNERS, tags=TAGS, kinds={"yaml", "pandas"},
          code_version=sitecast.__version__)  # fmt: skip
def forecast_plan(
    context: dg.AssetExecutionContext, config: PlanConfig, installation: InstallationResource
) -> dg.MaterializeResult[None]:
    """The frozen plan: which menu weeks are forecast, as known when, from which inputs.

    Makes the plan the current one and registers its weeks as partitions.
    """
    with known_problems_as_failures(context.retry_number):
        opened = installation.open()
        settings = config.over(opened.plan_settings())
        plan = configure_plan(opened, settings, installation.now())
        over = weeks_over(opened, plan)
    if plan.warning:
        context.log.warning(plan.warning)
    context.instance.add_run_tags(context.run.run_id, {PLAN_ID_TAG: plan.plan_id})
    changes = _keep_partitions(context.instance, plan.menu_weeks, over)
    return dg.MaterializeResult(
        metadata={**plan_metadata(plan), **changes}, data_version=dg.DataVersion(plan.plan_id)
    )


def _keep_partitions(
    instance: dg.DagsterInstance, weeks: Sequence[str], over: Sequence[str]
) -> dict[str, list[str]]:
    registered = instance.get_dynamic_partitions(MENU_WEEK)
    added = weeks_to_add(registered, weeks)
    dropped = weeks_to_drop(registered, weeks, weeks_in_use(instance))
    instance.add_dynamic_partitions(MENU_WEEK, added)
    instance.add_dynamic_partitions(PAST_WEEK, over)
    for week in dropped:
        instance.delete_dynamic_partition(MENU_WEEK, week)
    return {"weeks added": added, "weeks dropped": dropped}
