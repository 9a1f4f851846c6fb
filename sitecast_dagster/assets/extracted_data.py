"""extracted_data: a snapshot of one menu week's inputs, as known at the plan's as_of."""

import dagster as dg

from sitecast.extract import implausible
from sitecast.pipeline import extract_plan_week
from sitecast.records.week_record import WeekData
from sitecast_dagster.assets.forecast_plan import forecast_plan
from sitecast_dagster.assets.shared import materialised, week_asset
from sitecast_dagster.failures import known_problems_as_failures, warning_facts
from sitecast_dagster.resources import InstallationResource
from sitecast_dagster.runs import begin_step


@week_asset(kinds={"pandas", "parquet"}, deps=[forecast_plan])
def extracted_data(
    context: dg.AssetExecutionContext, installation: InstallationResource
) -> dg.MaterializeResult[WeekData]:
    """The validated input tables of one menu week: menu, orders, sites, caps, bills of materials.

    Bad input fails this week only, with one error that lists every breach; what only looks wrong
    is listed beside the asset.
    """
    with known_problems_as_failures(context.retry_number):
        opened = installation.open()
        step = begin_step(context, opened, WeekData)
        week = extract_plan_week(opened, step.plan, step.menu_week)
    return materialised(week, step, facts=warning_facts(implausible(week)))
