"""Jobs: what can be launched as one piece.

What belongs here: selections of assets, with names for people. What does not: when they are
launched (schedules.py, sensors/).
"""

from typing import Any

import dagster as dg

from sitecast_dagster.assets import (
    WEEK_ASSETS,
    backtest_accuracy,
    calibrated_spreads,
    forecast_accuracy,
    forecast_plan,
    published_forecast,
)
from sitecast_dagster.delivery import deliver_messages
from sitecast_dagster.recall import recall_publication
from sitecast_dagster.tags import TAGS

PLAN_JOB = dg.define_asset_job(
    "plan_weeks",
    selection=[forecast_plan],
    description="Freeze a new plan from the plan file; a sensor then runs its weeks.",
    tags=TAGS,
)
WEEK_JOB = dg.define_asset_job(
    "forecast_week",
    selection=WEEK_ASSETS,
    description="One menu week: extract, simulate, forecast, explain changes, in one process.",
    tags=TAGS,
)
PUBLISH_JOB = dg.define_asset_job(
    "publish_forecast",
    selection=[published_forecast],
    description="Publish a completed plan once, and deliver what waits in the outbox.",
    tags=TAGS,
)
ACCURACY_JOB = dg.define_asset_job(
    "measure_accuracy",
    selection=[forecast_accuracy],
    description="Measure the published forecasts of a menu week against its actuals.",
    tags=TAGS,
)
BACKTEST_JOB = dg.define_asset_job(
    "backtest_weeks",
    selection=[backtest_accuracy],
    description="Forecast past menu weeks with what was known then; publishes nothing.",
    tags=TAGS,
)
CALIBRATION_JOB = dg.define_asset_job(
    "calibrate_draws",
    selection=[calibrated_spreads],
    description="Fit how much draws differ on the errors of the latest weeks; changes no plan.",
    tags=TAGS,
)
DELIVERY_JOB = deliver_messages
RECALL_JOB = recall_publication
JOBS: list[Any] = [
    PLAN_JOB,
    WEEK_JOB,
    PUBLISH_JOB,
    DELIVERY_JOB,
    RECALL_JOB,
    ACCURACY_JOB,
    BACKTEST_JOB,
    CALIBRATION_JOB,
]
