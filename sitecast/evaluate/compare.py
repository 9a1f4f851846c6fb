"""A plan's forecasts against actual weeks, beside what nobody needs a model for."""

import datetime as dt
from collections.abc import Sequence

import pandas as pd

from sitecast.evaluate.delivered import CELL, actual_cells
from sitecast.evaluate.forecast_cells import forecast_draws, forecast_means
from sitecast.evaluate.measure import Forecast, measure, nothing_delivered
from sitecast.evaluate.references import references
from sitecast.extract import Source
from sitecast.records.plan import ForecastPlan
from sitecast.records.week_record import SiteForecast, WeekData

EVER = dt.datetime(2200, 1, 1, tzinfo=dt.UTC)
PlannedWeek = tuple[WeekData, SiteForecast, SiteForecast | None]
"""What a forecast was made from, the forecast, and the one published before it."""


def compare_with_actuals(
    source: Source,
    plan: ForecastPlan,
    weeks: Sequence[PlannedWeek],
    known_at: dt.datetime = EVER,
) -> pd.DataFrame:
    """Accuracy of each forecast week, beside references that knew what was known at as_of.

    Args:
        source: where the orders lie, those of the forecast weeks included.
        plan: the plan of the forecasts.
        weeks: some of its weeks.
        known_at: actuals as known then; everything the source holds when not given.
    Returns:
        The table forecast_accuracy. Every method of a week is compared over the same cells.
    Raises:
        DataError: no order of the weeks, or of the past, was delivered by a known site.
    """
    keys = [forecast.menu_week for _, forecast, _ in weeks]
    actual = actual_cells(source, known_at, keys)
    for key in keys:
        if not (actual["menu_week"] == key).any():
            raise nothing_delivered(key)
    simple = references(source, plan.as_of, keys)
    parts = []
    for data, forecast, before in weeks:
        key = forecast.menu_week
        others = dict(simple[key])
        if before is not None:
            others["previous_plan"] = forecast_means(before)
        truth = actual.loc[actual["menu_week"] == key, [*CELL, "qty"]]
        which = Forecast(plan.plan_id, key, lead_day(data, plan.as_of))
        parts.append(measure(which, truth, forecast_draws(forecast, data), others))
    return pd.concat(parts, ignore_index=True)


def lead_day(week: WeekData, as_of: dt.datetime) -> int:
    """Days from as_of to the first date of the week."""
    calendar = week["menu_weeks"].set_index("menu_week")["start_date"]
    return int((calendar[week.menu_week].date() - as_of.date()).days)
