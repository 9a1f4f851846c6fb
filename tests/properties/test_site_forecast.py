"""R5, R6 of the forecast, and that the conservation checks see what they should."""

from dataclasses import replace

import hypothesis.strategies as st
import numpy as np
import pandas as pd
import pytest
from boxes_by_hand import boxes_by_hand
from counts import nightly
from hypothesis import given, settings
from worlds import small_plan, small_provenance, small_week

from sitecast.allocate import allocate_orders
from sitecast.forecast import check_conservation, forecast_sites, roll_up
from sitecast.forecast.roll_up import summed_draws
from sitecast.pipeline import forecast_week, simulate_week
from sitecast.records.tables_written import TABLES_WRITTEN

BOOKS = 125
"""Order books (draws) of a generated week."""
worlds = st.fixed_dictionaries({
    "seed": st.integers(0, 10_000),
    "mean": st.lists(st.integers(0, 120), min_size=BOOKS, max_size=BOOKS),
    "n_placed": st.integers(0, 60),
    "cap": st.integers(0, 120),
})  # fmt: skip
OF_A_PLAN = {"forecast_plan", "publications", "forecast_accuracy", "backtest_accuracy",
             "purchase_plan", "exceptions", "forecast_changes", "change_notes",
             "publication_feed"}  # fmt: skip
LEVEL_KEYS = {"site_forecast": ["site_id", "need_date", "sku_id"],
              "weekly_need": ["site_id", "sku_id"]}  # fmt: skip


def world(seed=0, mean=60, n_placed=25, cap=40):
    """A small week with its placed orders, allocated and forecast; `cap` boxes a day at a site."""
    plan = small_plan(draws=8 if isinstance(mean, int) else len(mean))
    caps = small_week(plan)["site_caps"].assign(cap_boxes=cap)
    week = small_week(plan, site_caps=caps)
    made = boxes_by_hand(week, plan, seed, mean, n_placed)
    book = made.simulated["orders"].query("not is_simulated")
    orders = pd.DataFrame({
        "order_id": book["box_id"], "segment": "family", "menu_week": week.menu_week,
        "delivery_date": book["delivery_date"], "region_id": book["region_id"], "portions": 2,
        "state": "placed", "created_at": pd.Timestamp("2026-11-15T10:00Z"),
    })  # fmt: skip
    week = small_week(plan, orders=orders, site_caps=caps)
    allocation = allocate_orders(week, made.simulated, plan, made.placed, made.boxes_of_draw)
    forecast = forecast_sites(week, allocation, plan, small_provenance(plan, a="1"))
    return week, made, allocation, forecast


@settings(max_examples=16, deadline=None)
@given(worlds)
def test_r1_to_r6_hold_in_every_order_book(shape):
    require_conservation(**shape)


@pytest.mark.slow
@settings(max_examples=nightly(800), deadline=None)
@given(worlds)
def test_r1_to_r6_hold_in_many_more_order_books(shape):
    require_conservation(**shape)


def require_conservation(**shape):
    week, made, allocation, forecast = world(**shape)
    checks = check_conservation(week, made.simulated, forecast)
    assert {check.rule for check in checks} == {"R1", "R2", "R3", "R4", "R5"}
    assert [check for check in checks if not check.passed] == []
    require_every_kit(made, allocation, forecast)
    require_coherence(week, forecast)
    require_order(forecast)
    require_contract(forecast)


def require_every_kit(made, allocation, forecast):
    """Whole numbers, item by item: all kits are at sites, or some boxes are at none."""
    n_items = allocation.axes.n_items
    left = forecast["unallocated_draws"].groupby("draw")["boxes"].sum()
    ordered = np.bincount(made.placed.items, minlength=n_items)
    for draw, boxes in enumerate(made.draws):
        missing = ordered + np.bincount(boxes.items, minlength=n_items)
        missing -= allocation.kits[draw].sum(axis=0)
        assert missing.min() >= 0
        assert left[draw] <= missing.sum() <= 4 * left[draw]  # a box holds one to four pieces


def require_coherence(week, forecast):
    for table, keys in LEVEL_KEYS.items():
        known = forecast[table].sort_values(keys, ignore_index=True)
        again = roll_up(forecast, week, keys)
        assert again[keys].values.tolist() == known[keys].values.tolist()
        for name in ("qty_mean", "qty_p10", "qty_p50", "qty_p90"):
            assert again[name].tolist() == pytest.approx(known[name].tolist())
    top = roll_up(forecast, week, ["sku_id"]).set_index("sku_id")["qty_mean"]
    parts = forecast["site_forecast"].groupby("sku_id")["qty_mean"].sum()
    assert top.tolist() == pytest.approx(parts.tolist())


def test_r6_fitted_spreads_widen_draws_and_their_roll_ups_stay_coherent():
    tails = {"cv": 0.25, "reach_80": 1.8, "reach_95": 3.5}
    row = {"lead_days": 8, **dict.fromkeys(("total", "day", "region", "cell", "recipe"), tails)}
    by_site, together, relative = ["site_id", "sku_id"], ["sku_id"], []
    sure = {"choice": "shrunk_shares"}  # the default is as unsure of a small week by itself
    for by_lead in ([], [row]):
        plan = small_plan(draws=40, models=sure, simulator={"uncertainty": {"by_lead": by_lead}})
        week = small_week(plan)
        forecast = forecast_week(week, simulate_week(week, plan), plan)
        cells, parts = summed_draws(forecast, week, by_site)
        whole, sums = summed_draws(forecast, week, together)
        for place, sku in enumerate(whole["sku_id"]):
            mine = (cells["sku_id"] == sku).to_numpy()
            np.testing.assert_allclose(parts[mine].sum(axis=0), sums[place], rtol=1e-12)
        told = roll_up(forecast, week, together)
        assert (told["qty_p10"] <= told["qty_p50"]).all()
        assert (told["qty_p50"] <= told["qty_p90"]).all()
        relative.append(((told["qty_p90"] - told["qty_p10"]) / told["qty_mean"]).mean())
    assert relative[1] > 1.3 * relative[0], "the small week is mostly noise of few boxes"


def require_order(forecast):
    for table, prefix in (("site_forecast", "qty_"), ("weekly_need", "qty_"),
                          ("recipe_site_forecast", "kits_"), ("site_load", "boxes_")):  # fmt: skip
        names = [prefix + name for name in ("committed", "p10", "p50", "p90")]
        values = forecast[table][names].to_numpy()
        assert (np.diff(values, axis=1) >= 0).all()
    assert (forecast["site_forecast"].eval("qty_required - qty_p90") == 0).all()


def require_contract(forecast):
    names = set(forecast.tables) & set(TABLES_WRITTEN)
    assert names == set(TABLES_WRITTEN) - OF_A_PLAN
    for name in names:
        assert TABLES_WRITTEN[name].breaches(forecast[name]) == []


def test_r7_the_same_bytes_twice():
    assert world(5)[3].version == world(5)[3].version


DAMAGE = {
    "R1": ("allocations", "box_id", lambda ids: ids.where(ids != "o3", "o4")),
    "R2": ("allocations", "production_date", lambda dates: dates - pd.Timedelta("1D")),
    "R3": ("site_load", "cap_boxes", lambda caps: caps * 0 + 1),
    "R4": ("load_draws", "boxes", lambda boxes: boxes + 1),
    "R5": ("site_forecast", "qty_mean", lambda qty: qty * 1.000001),
}


def test_r3_an_item_cap_that_is_broken_is_found():
    week, made, _, forecast = world(4)
    kits = forecast["site_forecast_draws"].query("item_id == 'r1' and site_id == 'north'")
    most = int(kits.groupby("draw")["kits"].sum().max())
    for cap, breaks in ((most, False), (most - 1, True)):
        made_at = week["item_sites"]
        here = (made_at["item_id"] == "r1") & (made_at["site_id"] == "north")
        caps = made_at["cap_kits"].mask(here, cap)
        tables = {**week.tables, "item_sites": made_at.assign(cap_kits=caps)}
        checks = check_conservation(replace(week, tables=tables), made.simulated, forecast)
        found = [check.detail for check in checks if not check.passed]
        assert found == [f"{most} kits of r1 at north in the week, cap {cap}"] * breaks


@pytest.mark.parametrize("rule", DAMAGE)
def test_a_damaged_table_breaks_its_rule(rule):
    week, made, _, forecast = world(4)
    table, column, change = DAMAGE[rule]
    frame = forecast[table]
    damaged = {**forecast.tables, table: frame.assign(**{column: change(frame[column])})}
    checks = check_conservation(week, made.simulated, replace(forecast, tables=damaged))
    broken = {check.rule: check.detail for check in checks if not check.passed}
    assert rule in broken
    assert broken[rule] != "holds"
