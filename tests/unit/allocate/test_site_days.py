import pandas as pd
import pytest
from worlds import WEEK, small_plan, small_week

from sitecast.allocate.site_days import UNCAPPED, site_days
from sitecast.errors import SettingsError
from sitecast.records.week_axes import week_axes


def caps_of(rows, **allocation):
    columns = ["site_id", "production_date", "cap_boxes", "menu_week"]
    table = pd.DataFrame(rows, columns=columns).astype({"cap_boxes": "Int64"})
    plan = small_plan(allocation=allocation)
    week = small_week(plan, site_caps=table)
    days = site_days(week, week_axes(week), plan.settings.allocation.cap_overrides)
    names = days.table["site_id"] + days.table["production_date"].dt.strftime(" %d")
    return dict(zip(names, days.caps.tolist(), strict=True))


def test_a_date_without_a_row_is_closed_unless_the_site_is_a_catch_all():
    caps = caps_of([("north", "2026-11-28", 40, None)])
    assert caps["north 27"] == 0
    assert caps["north 28"] == 40
    assert caps["south 28"] == UNCAPPED


def test_an_empty_cap_is_no_cap_and_a_catch_all_keeps_the_caps_it_has():
    caps = caps_of([("north", "2026-11-28", None, None), ("south", "2026-11-28", 9, None)])
    assert caps["north 28"] == UNCAPPED
    assert caps["south 28"] == 9


def test_a_row_for_this_week_beats_one_for_every_week():
    rows = [("north", "2026-11-28", 5, WEEK), ("north", "2026-11-28", 40, None),
            ("north", "2026-11-29", 7, "2026-W49")]  # fmt: skip
    caps = caps_of(rows)
    assert caps["north 28"] == 5
    assert caps["north 29"] == 0


def test_a_planners_override_beats_every_row():
    override = {"site_id": "north", "production_date": "2026-11-28", "reason": "night shift"}
    rows = [("north", "2026-11-28", 5, WEEK)]
    assert caps_of(rows, cap_overrides=[override | {"cap_boxes": 70}])["north 28"] == 70
    assert caps_of(rows, cap_overrides=[override | {"cap_boxes": None}])["north 28"] == UNCAPPED


def test_an_override_of_an_unknown_site_is_refused():
    override = {"site_id": "west", "production_date": "2026-11-28", "reason": "x", "cap_boxes": 1}
    with pytest.raises(SettingsError, match=r"unknown site.*west.*use one of north, south"):
        caps_of([], cap_overrides=[override])
