"""forecast_changes: what changed in one menu week since the last published forecast, and why."""

import dagster as dg

from sitecast.pipeline import explain_week
from sitecast.records.week_record import ForecastChanges, SiteForecast, WeekData
from sitecast_dagster.assets.shared import materialised, week_asset
from sitecast_dagster.failures import known_problems_as_failures
from sitecast_dagster.resources import InstallationResource
from sitecast_dagster.runs import begin_step


@week_asset(kinds={"pandas", "parquet"})
def forecast_changes(
    context: dg.AssetExecutionContext,
    installation: InstallationResource,
    extracted_data: WeekData,
    site_forecast: SiteForecast,
) -> dg.MaterializeResult[ForecastChanges]:
    """Why each site needs more or less of an ingredient than was published last, cause by cause.

    Without rows for a week that was never published before.
    """
    with known_problems_as_failures(context.retry_number):
        opened = installation.open()
        step = begin_step(context, opened, ForecastChanges)
        changes = explain_week(opened, step.plan, extracted_data, site_forecast)
    notes = changes["change_notes"]
    facts = {f"note on {row.cause}": str(row.note) for row in notes.itertuples()}
    return materialised(changes, step, facts=facts)
