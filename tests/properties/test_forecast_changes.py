"""R11: a change waterfall sums to the whole change, to the last bit and in any order."""

import datetime as dt
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st
from worlds import small_plan, small_week

from sitecast.changes import World, explain_changes, summarise_changes
from sitecast.errors import DataError
from sitecast.records.tables_changes import CAUSES, FORECAST_CHANGES
from sitecast.records.week_record import SiteForecast

KEY = ["site_id", "need_date", "sku_id"]
CELLS = pd.MultiIndex.from_product(
    [["north", "south"], pd.date_range("2026-11-26", periods=2), ["sku-beef", "sku-rice"]],
    names=KEY,
)
QUANTITY = st.one_of(
    st.just(0.0), st.floats(1e-9, 1e7, allow_nan=False), st.integers(1, 10_000).map(lambda n: n / 3)
)
NEED = st.lists(st.one_of(st.none(), QUANTITY), min_size=len(CELLS), max_size=len(CELLS))
"""What a forecast needs in each cell; None = the SKU is not in it."""
PLAN = small_plan()
WEEK = small_week()
COLUMNS = {
    "orders": ("orders", "portions"), "volume": ("box_forecast", "mean_boxes"),
    "menu_and_bom": ("recipe_bom", "qty"), "caps_and_eligibility": ("site_caps", "cap_boxes"),
}  # fmt: skip


def as_forecast(need):
    """A site_forecast of its columns that count here."""
    frame = pd.DataFrame({"qty_mean": need}, index=CELLS).dropna().reset_index()
    return frame.astype({"qty_mean": np.float64})


def changed_world(causes):
    """A day later, every group of `causes` differs; half of the settings count as overrides."""
    later = replace(PLAN, plan_id="20261121T0600-0123456789ab", as_of=PLAN.as_of + dt.timedelta(1))
    if "overrides" in causes:
        later = replace(later, settings=small_plan(history_weeks=3).settings)
    tables = {}
    for cause in causes:
        if cause in COLUMNS:
            table, column = COLUMNS[cause]
            tables[table] = WEEK[table].assign(**{column: WEEK[table][column] + 1})
    return World(small_week(later, **tables), later)


@st.composite
def stories(draw):
    """Which inputs changed, the forecast of each mixture (or none), and both published ones."""
    causes = draw(st.sets(st.sampled_from([*COLUMNS, "overrides"])))
    states = draw(st.lists(st.one_of(st.none(), NEED), min_size=7, max_size=7))
    return causes, states, draw(NEED), draw(NEED)


@settings(max_examples=60, deadline=None)
@given(stories())
def test_r11_causes_sum_to_the_whole_change_exactly(story):
    causes, states, *ends = story
    before, after = map(as_forecast, ends)
    told = iter(states)

    def forecast(_world, _previous):
        need = next(told)
        if need is None:
            raise DataError("this mixture cannot be")
        return SiteForecast(WEEK.provenance, {"site_forecast": as_forecast(need)})

    new = changed_world(causes)
    made = explain_changes(World(WEEK, PLAN), new, before, after, forecast, 5, new.week.provenance)[
        "forecast_changes"
    ]
    assert FORECAST_CHANGES.breaches(made) == []
    assert (made["delta"] != 0).all()
    expected = exact_change(before, after)
    for order in (made, made.sample(frac=1.0, random_state=1)):
        found = order.groupby(KEY)["delta"].sum()
        assert found[found != 0].to_dict() == expected
    by_cause = made.groupby(["sku_id", "cause"])["delta"].sum().groupby("sku_id").sum()
    for sku, total in by_cause.items():
        assert total == sum(change for cell, change in expected.items() if cell[2] == sku)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(range(len(CELLS))), st.sampled_from(CAUSES),
                          st.integers(-(2**40), 2**40)), max_size=30))  # fmt: skip
def test_money_up_and_down_is_that_of_every_sku(rows):
    changes = pd.DataFrame(
        [(*CELLS[cell], cause, units / 2**20) for cell, cause, units in rows],
        columns=[*KEY, "cause", "delta"],
    )
    cost = {"sku-beef": 1.25}
    found = summarise_changes(changes, cost).set_index(["site_id", "cause"])
    assert (found["value_up"] + found["value_down"] == found["delta_value"]).all()
    for (site, cause), row in found.iterrows():
        mine = changes[(changes["site_id"] == site) & (changes["cause"] == cause)]
        money = mine.loc[mine["sku_id"] == "sku-beef", "delta"].sum() * 1.25
        assert abs(row["value_up"] - max(money, 0)) <= 0.5
        assert abs(row["value_down"] - min(money, 0)) <= 0.5
        assert set(row["top_skus"]) == set(mine["sku_id"])
    assert set(found.index) == set(zip(changes["site_id"], changes["cause"], strict=True))


def exact_change(before, after):
    """By rational numbers: (site, date, SKU) → the change of the quantities rounded to 2^-20."""
    whole = {}
    for frame, sign in ((after, 1), (before, -1)):
        for row in frame.itertuples():
            cell = (row.site_id, row.need_date, row.sku_id)
            rounded = Fraction(round(Fraction(row.qty_mean) * 2**20), 2**20)
            whole[cell] = whole.get(cell, Fraction(0)) + sign * rounded
    return {cell: float(change) for cell, change in whole.items() if change}
