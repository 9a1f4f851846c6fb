import pytest
from poisoned import NEXT, add, changed
from worlds import DAYS, WEEK, small_plan

from sitecast.extract import extract_week

PAST = "2026-W46"


def driver(week, date, value="1", **more):
    told = {"region_id": "", "segment": "", "driver": "promotion", **more}
    return add("demand_drivers", menu_week=week, delivery_date=date, value=value, **told)


@pytest.fixture
def drivers_of():
    """The week's drivers, of a company with one past week that had an order."""

    def read(*rows):
        past = [
            add("menu_weeks", menu_week=PAST, start_date="2026-11-14", end_date="2026-11-16"),
            add("orders", order_id="o9", menu_week=PAST, delivery_date="2026-11-14",
                created_at="2026-11-10T08:00Z", state="delivered"),
            add("order_lines", order_id="o9"),
        ]  # fmt: skip
        return extract_week(changed(*past, *rows), small_plan(), WEEK)["demand_drivers"]

    return read


def test_drivers_of_past_weeks_and_of_the_week_are_read_and_no_later_ones(drivers_of):
    told = drivers_of(
        driver(WEEK, DAYS[0], "2.5", region_id="a"), driver(PAST, "2026-11-14"),
        driver(NEXT, "2026-12-05"), driver("2026-W40", "2026-10-03"),
    )  # fmt: skip
    assert told["menu_week"].tolist() == [PAST, WEEK]
    assert told["value"].tolist() == [1.0, 2.5]
    assert told["region_id"].isna().tolist() == [True, False]


def test_what_became_known_after_the_plan_is_not_read(drivers_of):
    known = driver(WEEK, DAYS[0], "1", as_of="2026-11-01T00:00Z")
    corrected = driver(WEEK, DAYS[0], "5", as_of="2026-11-21T00:00Z")
    assert drivers_of(known, corrected)["value"].tolist() == [1.0]


def test_a_bad_row_of_a_past_week_stops_nothing(drivers_of):
    told = drivers_of(
        driver(PAST, "2026-11-14", "much"), driver(PAST, "soon"),
        driver(PAST, "2026-11-15", region_id="gone"), driver(WEEK, DAYS[1]),
    )  # fmt: skip
    assert told["delivery_date"].astype(str).tolist() == ["2026-11-15", DAYS[1]]
