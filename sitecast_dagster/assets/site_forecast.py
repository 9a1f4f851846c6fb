"""site_forecast: what each site needs in one menu week, checked before it is committed."""

from collections.abc import Iterator

import dagster as dg

from sitecast.pipeline import check_week, forecast_week, previous_forecast, require_conservation
from sitecast.records.week_record import SimulatedOrders, SiteForecast, WeekData
from sitecast_dagster.assets.shared import materialised, week_asset
from sitecast_dagster.checks.conservation import check_results, conservation_specs
from sitecast_dagster.failures import known_problems_as_failures
from sitecast_dagster.resources import InstallationResource
from sitecast_dagster.runs import begin_step


@week_asset(kinds={"numba", "scipy", "parquet"}, check_specs=conservation_specs("site_forecast"))
def site_forecast(
    context: dg.AssetExecutionContext,
    installation: InstallationResource,
    extracted_data: WeekData,
    simulated_orders: SimulatedOrders,
) -> Iterator[dg.MaterializeResult[SiteForecast] | dg.AssetCheckResult]:
    """How much of each ingredient, product and packaging item each site needs, day by day.

    Boxes go to sites under caps in every draw; quantiles come from summed draws.
    """
    with known_problems_as_failures(context.retry_number):
        opened = installation.open()
        step = begin_step(context, opened, SiteForecast)
        previous = previous_forecast(opened, step.plan, context.partition_key)
        forecast = forecast_week(extracted_data, simulated_orders, step.plan, previous)
        checks = check_week(extracted_data, simulated_orders, forecast)
    results = list(check_results(checks))
    if not all(result.passed for result in results):
        yield from results
        # A blocking check alone would fail the step only after the IO manager has committed.
        with known_problems_as_failures():
            require_conservation(checks)
    yield materialised(forecast, step, results)
