"""A code location with the shape of a menu week and nothing in it: what Dagster needs for itself.

The same assets, partitions, checks and executor as sitecast_dagster, with empty bodies, no
metadata and no sensors. EMPTY_GRAPH=stock starts runs as Dagster does, each in a new interpreter.
"""

import os

import dagster as dg

from sitecast_dagster.checks.conservation import conservation_specs
from sitecast_dagster.checks.plausibility import plausibility_specs
from sitecast_dagster.partitions import MENU_WEEKS
from sitecast_dagster.warm_runs import fork_runs_of_this_code_server

MODULE = "benchmarks.empty_graph"


def empty_asset(name, *upstream):
    specs = {"simulated_orders": plausibility_specs, "site_forecast": conservation_specs}
    checks = specs[name](name) if name in specs else []

    @dg.asset(name=name, deps=upstream, partitions_def=MENU_WEEKS, check_specs=checks)
    def nothing():
        passed = [dg.AssetCheckResult(check_name=check.name, passed=True) for check in checks]
        return dg.MaterializeResult(check_results=passed)

    return nothing


WEEK = [
    empty_asset("extracted_data"),
    empty_asset("simulated_orders", "extracted_data"),
    empty_asset("site_forecast", "extracted_data", "simulated_orders"),
    empty_asset("forecast_changes", "extracted_data", "site_forecast"),
]
defs = dg.Definitions(
    assets=WEEK, jobs=[dg.define_asset_job("forecast_week", WEEK)], executor=dg.in_process_executor
)
if os.environ.get("EMPTY_GRAPH") != "stock":
    fork_runs_of_this_code_server()
