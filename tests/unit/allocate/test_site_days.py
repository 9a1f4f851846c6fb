import pandas as pd
import pytest
from boxes_by_hand import boxes_by_hand
from worlds import WEEK, small_plan, small_week

from sitecast.allocate import allocate_orders
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


@pytest.mark.parametrize(("cap", "expected"), [(30, (30, 10)), (4, (4, 4)), (None, (UNCAPPED, 10))])
def test_an_override_of_a_week_beats_its_row_and_keeps_its_floor(cap, expected):
    override = {"site_id": "north", "menu_week": WEEK, "reason": "flu", "cap_boxes": cap}
    other = {"site_id": "south", "menu_week": "2026-W49", "reason": "x", "cap_boxes": 1}
    plan = small_plan(allocation={"cap_overrides": [override, other]})
    rows = pd.DataFrame([("north", WEEK, 90, 10)],
                        columns=["site_id", "menu_week", "cap_boxes", "floor_boxes"])  # fmt: skip
    week = small_week(plan, site_week_caps=rows)
    days = site_days(week, week_axes(week), plan.settings.allocation.cap_overrides)
    limits = days.limits(100)
    assert days.weeks["site_id"].tolist() == ["north"]
    assert (limits.caps[-2], limits.floors[-2]) == expected


def test_an_override_of_a_week_without_a_row_limits_it():
    override = {"site_id": "south", "menu_week": WEEK, "reason": "flu", "cap_boxes": 25}
    plan = small_plan(draws=3, allocation={"cap_overrides": [override]})
    week = small_week(plan)
    made = boxes_by_hand(week, plan, 1, 400, 10)
    result = allocate_orders(week, made.simulated, plan, made.placed, made.boxes_of_draw)
    (row,) = result.tables["site_week_load"].itertuples()
    assert (row.site_id, row.cap_boxes, row.boxes_p90) == ("south", 25, 25)
    named = result.tables["unallocated"]["binding"].str.contains("cap 25 in the week")
    assert named.any()


@pytest.mark.parametrize("when", [{}, {"menu_week": WEEK, "production_date": "2026-11-28"}])
def test_an_override_is_for_a_date_or_for_a_week(when):
    with pytest.raises(SettingsError, match="name a production_date or a menu_week, not both"):
        small_plan(allocation={"cap_overrides": [
            {"site_id": "north", "cap_boxes": 1, "reason": "x", **when}
        ]})  # fmt: skip
