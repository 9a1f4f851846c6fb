"""The explosion of kits on numbers that can be checked by hand."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from worlds import small_plan, small_provenance, small_week

from sitecast.errors import DataError, SettingsError
from sitecast.forecast import forecast_sites, roll_up
from sitecast.pipeline import check_week, forecast_week, simulate_week
from sitecast.records.allocation import Allocation
from sitecast.records.week_axes import week_axes

BOM = ["recipe_id", "portions", "sku_id", "qty", "valid_from", "valid_to"]


def forecast_of(kits, committed=0, **tables):
    """The forecast of `kits` (one number a draw) of r1 for 2 at north, delivered 2026-11-28."""
    plan = small_plan(draws=len(kits), service_level=0.75)
    week = small_week(plan, **tables)
    axes = week_axes(week)
    shape = (len(axes.lanes), axes.n_items)
    counts = np.zeros((len(kits), *shape), np.int32)
    counts[:, 0, 0] = kits
    part = np.zeros(shape, np.int32)
    part[0, 0] = committed
    packs = pd.DataFrame({"n_kits": [1], "portions": [2]})
    tables = {"site_load": pd.DataFrame(), "unallocated": pd.DataFrame()}
    allocation = Allocation(
        axes, counts, part, counts[:, :, 0], part[:, 0],
        packs, counts[:, :, :1], part[:, :1], tables,
    )  # fmt: skip
    forecast = forecast_sites(week, allocation, plan, small_provenance(plan))
    rows = forecast["site_forecast"].set_index("sku_id")
    return SimpleNamespace(week=week, forecast=forecast, rows=rows)


def test_quantity_is_kits_times_bom_over_yield():
    rows = forecast_of([10, 20, 30, 40], committed=5).rows
    chicken = rows.loc["sku-chicken"]  # 200 g a kit, yield 0.9
    assert chicken["qty_committed"] == pytest.approx(5 * 200 / 0.9)
    assert chicken["qty_mean"] == pytest.approx(25 * 200 / 0.9)
    assert chicken["qty_p50"] == pytest.approx(20 * 200 / 0.9)
    assert chicken["qty_required"] == pytest.approx(30 * 200 / 0.9)
    assert chicken["cases_to_buy"] == 14  # 6,667 g in cases of 500 g
    assert chicken["order_by"] == pd.Timestamp("2026-11-24")  # needed 27th, lead time 3 days
    assert rows.loc["sku-rice", "qty_p90"] == 40 * 150


def test_costs_of_a_sku_decide_how_much_of_it_is_enough():
    skus = small_week()["skus"].assign(unit_cost=3.0)
    skus.loc[skus["sku_id"] == "sku-chicken", "shortage_cost"] = 1.0
    rows = forecast_of([10, 20, 30, 40], skus=skus).rows
    assert rows["service_level"].drop("sku-chicken").unique().tolist() == [0.75]
    assert rows.loc["sku-chicken", "service_level"] == 0.25
    assert rows.loc["sku-chicken", "qty_required"] == pytest.approx(10 * 200 / 0.9)


def test_r8_a_week_takes_nothing_from_the_stock_it_shares():
    there = [("north", "sku-rice", "2026-12-31", 1e6)]
    stock = pd.DataFrame(there, columns=["site_id", "sku_id", "expiry_date", "qty"])
    assert forecast_of([10], stock=stock).rows.equals(forecast_of([10]).rows)


def test_each_box_takes_its_packaging():
    assert forecast_of([10, 20]).rows.loc["sku-box", "qty_mean"] == 15


def test_wastage_is_bought_on_top():
    skus = small_week()["skus"].assign(wastage_rate=0.1)
    rows = forecast_of([10], skus=skus).rows
    assert rows.loc["sku-rice", "qty_mean"] == pytest.approx(10 * 150 * 1.1)


def test_the_bom_of_the_production_date_holds():
    bom = [("r1", 2, "sku-chicken", 100.0, None, "2026-11-27"),
           ("r1", 2, "sku-tofu", 90.0, "2026-11-28", None)]  # fmt: skip
    rows = forecast_of([1], recipe_bom=pd.DataFrame(bom, columns=BOM)).rows
    assert "sku-tofu" not in rows.index
    assert "sku-chicken" in rows.index


def test_of_several_valid_rows_the_newest_holds():
    bom = [("r1", 2, "sku-rice", 70.0, "2026-11-20", None),
           ("r1", 2, "sku-rice", 50.0, None, None)]  # fmt: skip
    rows = forecast_of([1], recipe_bom=pd.DataFrame(bom, columns=BOM)).rows
    assert rows.loc["sku-rice", "qty_mean"] == 70


def test_a_kit_without_a_bill_is_refused():
    bom = pd.DataFrame([("r2", 2, "sku-beef", 1.0, None, None)], columns=BOM)
    told = r"recipe_bom\.recipe_id at recipe_id=r1, portions=2: .* date 2026-11-27"
    with pytest.raises(DataError, match=told):
        forecast_of([1], recipe_bom=bom)


def test_nothing_made_is_an_empty_forecast():
    forecast = forecast_of([0, 0]).forecast
    for name in ("site_forecast", "weekly_need", "recipe_site_forecast", "site_forecast_draws"):
        assert forecast[name].empty


def test_a_week_in_which_no_site_works_is_an_empty_forecast():
    """A shutdown: every box is unallocated, and nothing is left to stay close to."""
    plan = small_plan(draws=2)
    works = small_week(plan)
    week = small_week(plan, sites=works["sites"].assign(closes_on=pd.Timestamp("2026-11-01")))
    before = forecast_week(works, simulate_week(works, plan), plan)
    simulated = simulate_week(week, plan)
    forecast = forecast_week(week, simulated, plan, before)
    assert [check.detail for check in check_week(week, simulated, forecast)] == ["holds"] * 8
    left = forecast["unallocated"]
    assert set(left["reason"]) == {"no_site_reaches_region"}
    assert left["boxes_committed"].sum() == len(week["orders"])
    names = ("site_forecast", "weekly_need", "recipe_site_forecast", "site_forecast_draws", "churn")
    assert [name for name in names if len(forecast[name])] == []


def test_units_of_different_skus_are_not_added_up():
    made = forecast_of([1])
    with pytest.raises(SettingsError, match="cannot add up to this level"):
        roll_up(made.forecast, made.week, ["site_id"])
