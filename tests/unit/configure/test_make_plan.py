import datetime as dt

import pandas as pd
import pytest

from sitecast.configure import make_plan, plan_weeks
from sitecast.errors import SettingsError
from sitecast.settings import plan_settings

AS_OF = dt.datetime(2026, 12, 20, 6, tzinfo=dt.UTC)
KEYS = ["2026-W52", "2026-W53", "2027-W01", "2027-W02", "2027-W03", "2027-W04"]
CALENDAR = pd.DataFrame({
    "menu_week": KEYS, "start_date": pd.date_range("2026-12-19", periods=6, freq="7D"),
})  # fmt: skip


def test_weeks_follow_the_calendar_over_the_turn_of_the_year():
    shuffled = CALENDAR.sample(frac=1, random_state=1)
    assert plan_weeks(plan_settings({}), shuffled, AS_OF) == KEYS[1:5]


def test_two_more_weeks_need_one_edit_only():
    assert plan_weeks(plan_settings({"horizon_weeks": 5}), CALENDAR, AS_OF) == KEYS[1:]


def test_the_first_week_can_be_named():
    settings = plan_settings({"first_menu_week": "2026-W52", "horizon_weeks": 2})
    assert plan_weeks(settings, CALENDAR, AS_OF) == KEYS[:2]
    with pytest.raises(SettingsError, match="nearest known week is 2026-W53"):
        plan_weeks(plan_settings({"first_menu_week": "2026-W54"}), CALENDAR, AS_OF)


def test_a_calendar_that_ends_too_soon_is_named():
    with pytest.raises(SettingsError, match="calendar holds 5 of the 9 weeks"):
        plan_weeks(plan_settings({"horizon_weeks": 9}), CALENDAR, AS_OF)


def test_plan_id_is_the_fingerprint_of_inputs_settings_and_code():
    def plan_id(settings=None, hashes=None, version="1", model="logit (shop 1.0)"):
        checked, hashes = plan_settings(settings or {}), hashes or {"menu": "a"}
        return make_plan(checked, CALENDAR, hashes, AS_OF, version, {"choice": model}).plan_id

    assert plan_id() == plan_id()
    others = {plan_id({"seed": 2}), plan_id(None, {"menu": "b"}), plan_id(version="2"),
              plan_id(model="logit (shop 1.1)")}  # fmt: skip
    assert len(others | {plan_id()}) == 5
    assert plan_id().startswith("20261220T0600-")


def test_as_of_is_frozen_into_the_plan():
    plan = make_plan(plan_settings({}), CALENDAR, {}, AS_OF, "1", {})
    assert plan.settings.as_of == plan.as_of == AS_OF
