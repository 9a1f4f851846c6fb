"""Each cause alone, and what cannot be explained."""

import datetime as dt
from dataclasses import replace

import pandas as pd
import pytest
from worlds import small_plan, small_week

from sitecast.changes import World, explain_changes, no_changes, unexplained_changes
from sitecast.changes.worlds import GROUPS, NOT_IN_THE_NEED, changed_groups, mixed
from sitecast.demand import forecast_demand
from sitecast.errors import DataError
from sitecast.pipeline import forecast_world
from sitecast.records.tables_changes import CHANGE_NOTES, FORECAST_CHANGES
from sitecast.records.tables_history import TABLES_HISTORY
from sitecast.records.tables_read import TABLES_READ
from sitecast.settings import PlanSettings

DRAWS = 4
SETTINGS = {"draws": DRAWS}
NEUTRAL = {
    "company", "source", "mapping", "horizon_weeks", "first_menu_week", "as_of", "seed", "draws",
    "service_level", "currency", "buying", "exceptions", "changes", "publication",
}  # fmt: skip
"""Settings that change no mean quantity, or nothing but the random numbers."""


def world(hours=24, settings=SETTINGS, **tables):
    """The small week; `hours` after the old plan's as_of."""
    base = small_plan(**settings)
    plan = replace(base, plan_id="20261121T0600-0123456789ab",
                   as_of=base.as_of + dt.timedelta(hours=hours))  # fmt: skip
    return World(small_week(plan, **tables), plan)


OLD = World(small_week(small_plan(**SETTINGS)), small_plan(**SETTINGS))
START = forecast_world(OLD, None)
"""Forecast of the old plan, as it was published."""
WEEK = OLD.week


def explained(new, draws=DRAWS, forecast=forecast_world, after=None):
    after = forecast_world(new, START) if after is None else after
    made = explain_changes(OLD, new, START["site_forecast"], after["site_forecast"], forecast,
                           draws, new.week.provenance)  # fmt: skip
    assert FORECAST_CHANGES.breaches(made["forecast_changes"]) == []
    assert CHANGE_NOTES.breaches(made["change_notes"]) == []
    return made


def without(table, rows):
    frame = WEEK[table]
    return frame.drop(index=frame.index[rows]).reset_index(drop=True)


def fewer_orders():
    return {
        "orders": without("orders", [2]),
        "order_lines": WEEK["order_lines"][WEEK["order_lines"]["order_id"] != "o3"],
    }


def scaled(table, column, by):
    frame = WEEK[table].copy()
    frame[column] = (frame[column] * by).astype(frame[column].dtype)
    return {table: frame}


ALONE = {
    "orders": world(**fewer_orders()),
    "volume": world(**scaled("box_forecast", "mean_boxes", 1.5)),
    "menu_and_bom": world(**scaled("recipe_bom", "qty", 2)),
    "caps_and_eligibility": world(**scaled("site_caps", "cap_boxes", 0.25)),
    "overrides": world(settings={**SETTINGS, "simulator": {"box_sizes": [4]}}),
}


@pytest.mark.parametrize("cause", ALONE)
def test_a_cause_alone_has_all_of_the_change(cause):
    made = explained(ALONE[cause])["forecast_changes"]
    assert set(made["cause"]) == {cause}, "as many draws as the plan has: nothing is left to chance"
    assert set(made["plan_from"]) == {OLD.plan.plan_id}
    assert set(made["plan_to"]) == {ALONE[cause].plan.plan_id}


@pytest.mark.parametrize("cause", ["orders", "volume"])
def test_fewer_draws_leave_the_rest_to_chance(cause):
    made = explained(ALONE[cause], draws=2)["forecast_changes"]
    assert set(made["cause"]) <= {cause, "draws"}
    assert cause in set(made["cause"])


def test_shares_are_told_by_what_past_weeks_sold():
    sold = {
        "menu_weeks": pd.concat([WEEK["menu_weeks"], WEEK["menu_weeks"].assign(
            menu_week="2026-W47", start_date=pd.Timestamp("2026-11-21"),
            end_date=pd.Timestamp("2026-11-27"))], ignore_index=True),
    }  # fmt: skip
    past = history(kits={"r1": 100, "r2": 10})
    old = World(with_tables(small_week(OLD.plan, **sold), **past), OLD.plan)
    fresh = world(**sold)
    new = World(with_tables(fresh.week, **history(kits={"r1": 10, "r2": 100})), fresh.plan)
    before, after = (forecast_world(w, None)["site_forecast"] for w in (old, new))
    made = explain_changes(old, new, before, after, forecast_world, DRAWS, new.week.provenance)
    causes = made["forecast_changes"]["cause"].value_counts()
    assert causes.index[0] == "shares"
    assert set(causes.index) <= {"shares", "draws"}


def test_r11_zero_change_has_no_rows_and_costs_nothing():
    made = explained(world(hours=0), forecast=never)
    assert len(made["forecast_changes"]) == 0
    assert len(made["change_notes"]) == 0


def test_as_of_counts_only_where_it_can_fix_a_site():
    """o1 and o3 name a site: once their cut-off has passed they cannot leave it."""
    nameless = {"orders": WEEK["orders"].assign(site_id=None)}
    old = World(small_week(OLD.plan, **nameless), OLD.plan)
    new = world(hours=24 * 7, **nameless)
    start = forecast_world(old, None)["site_forecast"]
    made = explain_changes(old, new, start, start, never, DRAWS, new.week.provenance)
    assert len(made["forecast_changes"]) == 0
    with pytest.raises(AssertionError, match="called"):
        explained(world(hours=24 * 7), forecast=never, after=START)


def test_money_and_stock_are_no_cause():
    dearer = world(hours=0, settings={**SETTINGS, "service_level": 0.5, "currency": "GBP"})
    assert len(explained(dearer, forecast=never)["forecast_changes"]) == 0


def test_a_mixture_that_cannot_be_forecast_is_told_with_the_next_swap():
    """New orders hold a recipe that the old menu lacks."""
    renamed = {
        name: WEEK[name].assign(**{column: WEEK[name][column].replace({"r6": "r7"})})
        for name, column in (("menu", "recipe_id"), ("recipes", "recipe_id"),
                             ("recipe_bom", "recipe_id"), ("item_sites", "item_id"),
                             ("order_lines", "item_id"))
    }  # fmt: skip
    made = explained(world(**renamed))
    causes = set(made["forecast_changes"]["cause"])
    assert "orders" not in causes
    assert causes <= {"menu_and_bom", "caps_and_eligibility", "draws"}
    assert made["change_notes"]["note"].str.contains(r"orders \(the order book").any()


def test_inputs_that_cannot_be_forecast_any_more_are_unknown():
    def broken(*_):
        raise DataError("the old bill is gone")

    made = explained(ALONE["volume"], forecast=broken, after=forecast_world(ALONE["volume"], START))
    assert set(made["forecast_changes"]["cause"]) == {"unknown"}
    assert made["change_notes"]["note"].str.contains("the old bill is gone").all()


def test_another_version_of_code_or_models_gets_the_rest():
    new = World(ALONE["volume"].week, replace(ALONE["volume"].plan, code_version="next"))
    assert set(explained(new, draws=2)["forecast_changes"]["cause"]) <= {"volume", "code"}


def test_a_week_without_a_predecessor_has_no_rows():
    made = no_changes(WEEK.provenance)
    assert [len(table) for table in made.tables.values()] == [0, 0]


def test_without_the_last_forecast_only_the_reason_is_told():
    made = unexplained_changes("p", None, START["site_forecast"], "removed", WEEK.provenance)
    assert len(made["forecast_changes"]) == 0
    assert made["change_notes"]["note"].tolist() == ["removed"]


def test_every_input_has_one_cause():
    tables = [*NOT_IN_THE_NEED, *(name for group in GROUPS for name in group.tables)]
    assert sorted(tables) == sorted({**TABLES_READ, **TABLES_HISTORY})
    settings = {name.split(".")[0] for group in GROUPS for name in group.settings}
    assert settings | NEUTRAL == set(PlanSettings.model_fields)
    assert not settings & NEUTRAL


def never(*_):
    raise AssertionError("called")


def with_tables(week, **tables):
    return type(week)(week.provenance, {**week.tables, **tables})


def history(kits):
    """One past week of one segment."""
    items = pd.DataFrame(
        [("2026-W47", "family", "recipe", recipe, 2, pieces) for recipe, pieces in kits.items()],
        columns=["menu_week", "segment", "item_type", "item_id", "portions", "pieces"],
    )
    boxes = pd.DataFrame([("2026-W47", "2026-11-22", "a", "family", 2, 2, 100, 0)], columns=[
        "menu_week", "delivery_date", "region_id", "segment", "n_kits", "portions", "boxes",
        "default_boxes"])  # fmt: skip
    menu = pd.DataFrame({"menu_week": "2026-W47", "recipe_id": sorted(kits), "surcharge": 0,
                         "promotion": 0.0})  # fmt: skip
    frames = {"history_items": items, "history_boxes": boxes, "history_menu": menu}
    return {
        name: TABLES_HISTORY[name].shaped(
            frame.reindex(columns=[column.name for column in TABLES_HISTORY[name].columns])
        )
        for name, frame in frames.items()
    }


def learned(**sold):
    """The small week after past weeks in which families bought so many kits of r1."""
    start = {"W46": "2026-11-14", "W47": "2026-11-21"}
    rows = [(f"2026-{week}", pd.Timestamp(start[week]), kits) for week, kits in sold.items()]
    frame = pd.DataFrame(rows, columns=["menu_week", "start_date", "pieces"])
    frame = frame.assign(
        end_date=frame["start_date"] + pd.Timedelta(days=2), delivery_date=frame["start_date"],
        menu_opens_at=pd.NaT, region_id="a", segment="family", portions=2, n_kits=2, boxes=40,
        default_boxes=0, item_type="recipe", item_id="r1",
    )  # fmt: skip
    calendar = pd.concat([frame[[*WEEK["menu_weeks"]]], WEEK["menu_weeks"]], ignore_index=True)
    made = world(menu_weeks=calendar)
    tables = {name: TABLES_HISTORY[name].shaped(frame)
              for name in ("history_boxes", "history_items")}  # fmt: skip
    return World(replace(made.week, tables={**made.week.tables, **tables}), made.plan)


def test_another_past_week_changes_volume_and_shares_and_not_the_menu():
    """Its date is in the calendar, without which its orders teach nothing."""
    old, new = learned(W46=30), learned(W46=30, W47=80)
    volume, shares = changed = changed_groups(old, new)
    assert [group.cause for group in changed] == ["volume", "shares"]
    for swapped, like in (([volume], old), ([volume, shares], new)):
        one = mixed(old, new, swapped)
        told, expected = (forecast_demand(w.week, w.plan).choices.utilities for w in (one, like))
        assert told.equals(expected)
