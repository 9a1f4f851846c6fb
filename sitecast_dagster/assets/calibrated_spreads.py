"""calibrated_spreads: how much draws differ, fitted on what the demand models got wrong lately.

No dependency of forecast_plan: most plans need none, and the UI would warn of one that is missing
whenever a plan is made. A plan says what its spreads were fitted on.
"""

import dagster as dg
from pydantic import Field

import sitecast
from sitecast.evaluate import calibrate_spreads, latest_delivered
from sitecast.evaluate.calibrate import LATEST_WEEKS, LEADS
from sitecast.store.calibrations import save_spreads
from sitecast_dagster.failures import known_problems_as_failures
from sitecast_dagster.metadata import preview
from sitecast_dagster.resources import InstallationResource
from sitecast_dagster.tags import GROUP, OWNERS, TAGS


class CalibrationConfig(dg.Config):
    """Which errors count."""

    weeks: int = Field(
        LATEST_WEEKS, ge=1, le=520, description="the latest weeks, as far as they were delivered"
    )
    lead_days: list[int] = Field(
        list(LEADS), description="days from as_of (midnight, UTC) to each week's first date"
    )


@dg.asset(group_name=GROUP, owners=OWNERS, tags=TAGS, kinds={"sql"},
          code_version=sitecast.__version__)  # fmt: skip
def calibrated_spreads(
    context: dg.AssetExecutionContext, config: CalibrationConfig, installation: InstallationResource
) -> dg.MaterializeResult[None]:
    """How much draws differ: fitted on the demand models' errors in the latest weeks, by lead.

    Plans made later use it where the plan file says `simulator: {uncertainty: {calibrated: true}}`.
    """
    with known_problems_as_failures(context.retry_number):
        opened, now = installation.open(), installation.now()
        settings = opened.plan_settings()
        source = opened.source(settings)
        weeks = latest_delivered(source, now, config.weeks)
        told = calibrate_spreads(source, settings, weeks, config.lead_days, now, context.log.info)
        save_spreads(opened.ledger, told.uncertainty, now)
    for (week, lead), reason in told.left_out.items():
        context.log.warning("%s, %s days ahead, is left out: %s", week, lead, reason)
    table = told.as_table()
    return dg.MaterializeResult(metadata={
        "fitted on": told.uncertainty.fitted_on, "spreads": preview(table, rows=len(table)),
    })  # fmt: skip
