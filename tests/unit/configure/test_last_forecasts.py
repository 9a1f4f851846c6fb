"""The forecasts that a plan is to stay close to are part of it."""

import datetime as dt

import pandas as pd

from sitecast.configure import make_plan
from sitecast.records.plan import ForecastPlan, PublishedForecast
from sitecast.settings import plan_settings

AS_OF = dt.datetime(2026, 11, 20, 6, tzinfo=dt.UTC)
WEEKS = ["2026-W48", "2026-W49", "2026-W50"]
CALENDAR = pd.DataFrame({
    "menu_week": WEEKS, "start_date": pd.to_datetime(["2026-11-28", "2026-12-05", "2026-12-12"]),
})  # fmt: skip
LAST = PublishedForecast("20261119T0600-0123456789ab", "0123456789abcdef")
OTHER = PublishedForecast("20261119T0600-0123456789ab", "fedcba9876543210")


def plan(published=None, **settings):
    checked = plan_settings({"horizon_weeks": 2, **settings})
    return make_plan(checked, CALENDAR, {}, AS_OF, "1", {}, published)


def test_the_plan_names_the_forecasts_of_its_own_weeks():
    made = plan({"2026-W48": LAST, "2026-W50": LAST})
    assert made.previous == {"2026-W48": LAST}
    assert ForecastPlan.from_json(made.to_json()) == made


def test_another_forecast_to_stay_close_to_is_another_plan():
    ids = {plan(last).plan_id for last in (None, {"2026-W48": LAST}, {"2026-W48": OTHER})}
    assert len(ids) == 3


def test_weeks_outside_the_horizon_change_nothing():
    assert plan({"2026-W50": LAST}).plan_id == plan().plan_id


def test_without_stability_the_plan_names_them_too():
    """What changed since is told all the same."""
    made = plan({"2026-W48": LAST}, allocation={"stability": False})
    assert made.previous == {"2026-W48": LAST}
