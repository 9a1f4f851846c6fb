"""The assets of the pipeline, one per file, named as their tables and folders are."""

from sitecast_dagster.assets.backtest_accuracy import backtest_accuracy
from sitecast_dagster.assets.calibrated_spreads import calibrated_spreads
from sitecast_dagster.assets.extracted_data import extracted_data
from sitecast_dagster.assets.forecast_accuracy import forecast_accuracy
from sitecast_dagster.assets.forecast_changes import forecast_changes
from sitecast_dagster.assets.forecast_plan import forecast_plan
from sitecast_dagster.assets.published_forecast import published_forecast
from sitecast_dagster.assets.simulated_orders import simulated_orders
from sitecast_dagster.assets.site_forecast import site_forecast

WEEK_ASSETS = [extracted_data, simulated_orders, site_forecast, forecast_changes]
ASSETS = [
    calibrated_spreads, forecast_plan, *WEEK_ASSETS, published_forecast,
    forecast_accuracy, backtest_accuracy,
]  # fmt: skip

__all__ = [
    "ASSETS",
    "WEEK_ASSETS",
    "backtest_accuracy",
    "calibrated_spreads",
    "extracted_data",
    "forecast_accuracy",
    "forecast_changes",
    "forecast_plan",
    "published_forecast",
    "simulated_orders",
    "site_forecast",
]
