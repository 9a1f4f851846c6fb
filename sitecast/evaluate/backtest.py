"""Past plans, made anew with what was known then, through the steps that every plan goes through.

Nothing is stored or published: a backtest leaves no trace in an installation.
"""

import datetime as dt
import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

import sitecast
from sitecast.configure import make_plan
from sitecast.demand import model_labels
from sitecast.errors import DataError, SettingsError, SitecastError
from sitecast.evaluate.compare import EVER, PlannedWeek, compare_with_actuals
from sitecast.evaluate.parts import boxes_by_region
from sitecast.extract import Source, extract_week, moment_before, read_calendar
from sitecast.pipeline import forecast_week, simulate_week
from sitecast.records.plan import ForecastPlan
from sitecast.records.tables_accuracy import FORECAST_ACCURACY
from sitecast.records.week_record import SiteForecast
from sitecast.settings import PlanSettings
from sitecast.weeks import checked_menu_week

Progress = Callable[[str], None]


@dataclass(frozen=True)
class Backtest:
    """What past plans would have been worth."""

    table: pd.DataFrame
    """forecast_accuracy; plan_id names plans that were never saved."""
    left_out: Mapping[tuple[str, int], str]
    """(menu_week, lead_day) → why there is no forecast."""
    forecasts: Mapping[tuple[str, int], str]
    """(menu_week, lead_day) → hash of all that was forecast: equal for equal knowledge."""


def backtest(
    source: Source,
    settings: PlanSettings,
    menu_weeks: Sequence[str],
    lead_days: Sequence[int],
    known_at: dt.datetime = EVER,
    progress: Progress | None = None,
) -> Backtest:
    """Forecast past weeks as of so many days before each began, and measure them.

    Args:
        source: orders of the weeks, weeks_between() of its calendar, and of the weeks before.
        settings: as a plan file's; as_of, first_menu_week and horizon_weeks are replaced.
        menu_weeks: the weeks, delivered by now.
        lead_days: days from as_of (midnight, UTC) to the week's first date.
        known_at: actuals as known then.
        progress: told before each forecast.
    """
    starts = read_calendar(source, known_at).set_index("menu_week")["start_date"]
    told = [
        replay(source, settings, week, [moment_before(starts[week], lead) for lead in lead_days],
               known_at, progress)
        for week in menu_weeks
    ]  # fmt: skip
    tables = [one.table for one in told if len(one.table)] or [FORECAST_ACCURACY.empty()]
    return Backtest(
        pd.concat(tables, ignore_index=True),
        {key: reason for one in told for key, reason in one.left_out.items()},
        {key: digest for one in told for key, digest in one.forecasts.items()},
    )


def replay(
    source: Source, settings: PlanSettings, menu_week: str, moments: Sequence[dt.datetime],
    known_at: dt.datetime = EVER, progress: Progress | None = None,
) -> Backtest:  # fmt: skip
    """Forecast one past week as of some moments, and measure it.

    The forecast of an earlier moment stands in for the one published before: `previous_plan`, and
    what the allocation stays close to.

    Args:
        source: as in backtest(), like settings, known_at and progress.
        settings: as a plan file's.
        menu_week: the week.
        moments: as_of of each forecast, UTC.
        known_at: actuals as known then.
        progress: told before each forecast.
    """
    labels = model_labels(settings.models)
    calendar = read_calendar(source, known_at).set_index("menu_week")["start_date"]
    start = calendar[checked_menu_week(menu_week, calendar.index)].date()
    before: SiteForecast | None = None
    parts, left_out, forecasts = [FORECAST_ACCURACY.empty()], {}, {}
    for as_of in sorted(set(moments)):
        lead = (start - as_of.date()).days
        if progress is not None:
            progress(f"{menu_week}, {lead} days ahead")
        try:
            plan = past_plan(source, settings, menu_week, as_of, labels)
            week = forecast_as_of(source, plan, menu_week, before)
            part = compare_with_actuals(source, plan, [week], known_at)
        except SitecastError as error:
            left_out[menu_week, lead] = error.problem
            continue
        parts.append(part)
        before = week.forecast
        facts = json.dumps(before.content_hashes, sort_keys=True)
        forecasts[menu_week, lead] = hashlib.sha256(facts.encode()).hexdigest()[:16]
    return Backtest(pd.concat(parts[1:] or parts, ignore_index=True), left_out, forecasts)


def forecast_as_of(
    source: Source, plan: ForecastPlan, menu_week: str, before: SiteForecast | None = None
) -> PlannedWeek:
    """One week of a past plan, in memory: what was known at its as_of, and its forecast."""
    week = extract_week(source, plan, menu_week)
    near = before if plan.settings.allocation.stability else None
    simulated = simulate_week(week, plan)
    forecast = forecast_week(week, simulated, plan, near)
    return PlannedWeek(week, forecast, boxes_by_region(simulated), before)


def weeks_between(calendar: pd.DataFrame, first: str, last: str) -> list[str]:
    """Menu weeks from first to last, in the calendar's order of dates.

    Raises:
        SettingsError: a week is not in the calendar, or the last comes before the first.
    """
    keys = calendar.sort_values("start_date")["menu_week"].astype(object).tolist()
    place = [keys.index(checked_menu_week(key, keys)) for key in (first, last)]
    if place[0] > place[1]:
        raise SettingsError("the last week comes before the first", {"weeks": f"{first}..{last}"})
    return keys[place[0] : place[1] + 1]


def weeks_named(source: Source, known_at: dt.datetime, weeks: str) -> list[str]:
    """Menu weeks of `A..B`, or of one week, in the calendar that was known at a moment."""
    first, _, last = weeks.partition("..")
    return weeks_between(read_calendar(source, known_at), first, last or first)


def past_plan(
    source: Source, settings: PlanSettings, menu_week: str, as_of: dt.datetime,
    models: Mapping[str, str],
) -> ForecastPlan:  # fmt: skip
    """A plan of one week as it would have been made at as_of. It is not saved anywhere.

    Raises:
        DataError: the calendar did not have the week then.
    """
    then = settings.model_copy(
        update={"as_of": as_of, "first_menu_week": menu_week, "horizon_weeks": 1}
    )
    calendar = read_calendar(source, as_of)
    if menu_week not in set(calendar["menu_week"]):
        raise DataError("the calendar did not have the week then", {"menu_week": menu_week})
    return make_plan(
        then, calendar, source.fingerprints(), as_of, sitecast.__version__, models
    )  # fmt: skip
