"""A plan's forecasts against actual weeks, beside what nobody needs a model for."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from sitecast.evaluate.delivered import CELL, Bills, cells_of, delivered
from sitecast.evaluate.forecast_cells import forecast_draws, forecast_means
from sitecast.evaluate.measure import BROUGHT, Forecast, measure, nothing_delivered
from sitecast.evaluate.parts import swapped_cells
from sitecast.evaluate.references import references
from sitecast.extract import Source
from sitecast.records.plan import ForecastPlan
from sitecast.records.week_record import SiteForecast, WeekData

EVER = dt.datetime(2200, 1, 1, tzinfo=dt.UTC)


@dataclass(frozen=True)
class PlannedWeek:
    """A forecast, and what it is compared with beside the actuals."""

    data: WeekData
    """extracted_data that it was made from."""
    forecast: SiteForecast
    regions: "pd.Series[float] | None" = None
    """boxes_by_region() of its simulated orders, if they are still there."""
    before: SiteForecast | None = None
    """The forecast published before it."""


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
    keys = [week.forecast.menu_week for week in weeks]
    done, bills = delivered(source, known_at, keys), Bills.known(source, known_at)
    for key in keys:
        if not (done.boxes["menu_week"] == key).any():
            raise nothing_delivered(key)
    simple = references(source, plan.as_of, keys)
    parts = []
    for week in weeks:
        key = week.forecast.menu_week
        of_week = done.of(key)
        truth = cells_of(of_week.boxes, of_week.made, bills)[[*CELL, "qty"]]
        swaps = swapped_cells(week.data, week.forecast, week.regions, of_week)
        which = Forecast(plan.plan_id, key, week.data.lead_days(plan.as_of), of_week.version)
        draws = forecast_draws(week.forecast, week.data)
        parts.append(measure(which, truth, draws, {**simple[key], **_others(week)}, swaps))
    return pd.concat(parts, ignore_index=True)


def _others(week: PlannedWeek) -> dict[str, pd.DataFrame]:
    """What was published before, and what the company itself forecasts."""
    others = {}
    if week.before is not None:
        others["previous_plan"] = forecast_means(week.before)
    brought = week.data["box_forecast"]
    if len(brought):
        boxes = float(brought["mean_boxes"].sum())
        cell = {"measure": "boxes", "site_id": "", "item": "", "qty": boxes}
        others[BROUGHT] = pd.DataFrame([cell])
    return others
