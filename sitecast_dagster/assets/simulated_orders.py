"""simulated_orders: the order book of one menu week, filled up to the forecast in every draw."""

from collections.abc import Iterator

import dagster as dg

from sitecast.pipeline import simulate_week
from sitecast.records.week_record import SimulatedOrders, WeekData
from sitecast_dagster.assets.shared import materialised, week_asset
from sitecast_dagster.checks.plausibility import plausibility_results, plausibility_specs
from sitecast_dagster.failures import known_problems_as_failures
from sitecast_dagster.resources import InstallationResource
from sitecast_dagster.runs import begin_step


@week_asset(kinds={"numba", "parquet"}, check_specs=plausibility_specs("simulated_orders"))
def simulated_orders(
    context: dg.AssetExecutionContext, installation: InstallationResource, extracted_data: WeekData
) -> Iterator[dg.MaterializeResult[SimulatedOrders]]:
    """Placed orders verbatim, and simulated ones for what the demand forecast adds, per draw."""
    with known_problems_as_failures(context.retry_number):
        step = begin_step(context, installation.open(), SimulatedOrders)
        simulated = simulate_week(extracted_data, step.plan)
    yield materialised(simulated, step, plausibility_results(simulated))
