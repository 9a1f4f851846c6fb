import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from worlds import WEEK, small_plan, small_provenance, small_week

from sitecast.evaluate.delivered import CELL, Bills, Delivered, cells_of
from sitecast.evaluate.forecast_cells import ForecastDraws
from sitecast.evaluate.measure import Forecast, measure
from sitecast.evaluate.parts import swapped_cells
from sitecast.records.accuracy import PARTS
from sitecast.records.week_record import SiteForecast

DAY = pd.Timestamp("2026-11-28")
SITES, REGIONS, RECIPES = ("north", "south"), ("a", "b"), ("r1", "r2", "r3")
PLAN = small_plan()
DATA = small_week(PLAN)


def world(boxes, per_box):
    """Boxes by (region, site) and kits per box by (site, recipe) as frames of both."""
    served = pd.DataFrame([
        {"region_id": region, "site_id": site, "qty": boxes[r][s]}
        for r, region in enumerate(REGIONS) for s, site in enumerate(SITES)
    ])  # fmt: skip
    made = pd.DataFrame([
        {"site_id": site, "item_type": "recipe", "item_id": recipe, "portions": 2,
         "delivery_date": DAY, "qty": float(sum(row[s] for row in boxes)) * per_box[s][i]}
        for s, site in enumerate(SITES) for i, recipe in enumerate(RECIPES)
    ])  # fmt: skip
    return served, made[made["qty"] > 0]


def forecast_of(boxes, per_box):
    served, made = world(boxes, per_box)
    load = served.groupby("site_id", as_index=False)["qty"].sum()
    tables = {
        "site_load": load.rename(columns={"qty": "boxes_mean"}),
        "recipe_site_forecast": made.rename(columns={"qty": "kits_mean"}),
        "allocations": served.loc[served.index.repeat(served["qty"])].reset_index(drop=True),
    }
    regions = served.groupby("region_id")["qty"].sum().astype(float)
    return SiteForecast(small_provenance(PLAN), tables), regions, load, made


def measured(told, happened, bills=None):
    """forecast_accuracy of a forecast against what happened, ours only, by level."""
    forecast, regions, load, made = forecast_of(*told)
    served, delivered = (frame.assign(menu_week=WEEK) for frame in world(*happened))
    done = Delivered(served[served["qty"] > 0], delivered)
    planned = Bills.planned(DATA)
    truth = cells_of(done.boxes, done.made, bills or planned)[[*CELL, "qty"]]
    ours = cells_of(load.assign(menu_week=WEEK), made.assign(menu_week=WEEK), planned)
    draws = ForecastDraws(ours[CELL], ours[["qty"]].to_numpy())
    swaps = swapped_cells(DATA, forecast, regions, done)
    table = measure(Forecast("p", WEEK, 8), truth, draws, {}, swaps)
    return table.set_index("level")


def parts_of(row):
    return pytest.approx([row[f"wape_{part}"] for part in PARTS], abs=1e-9)


MIX = [[1.0, 1.0, 0.0], [1.0, 0.5, 0.5]]
BOXES = [[30, 10], [0, 40]]


def test_more_boxes_of_the_same_kind_are_volume():
    table = measured((BOXES, MIX), ([[60, 20], [0, 80]], MIX))
    for level, row in table.iterrows():
        assert parts_of(row) == [0.5, 0, 0, 0], level


def test_a_region_that_grows_is_volume_at_its_site_too():
    table = measured((BOXES, MIX), ([[30, 10], [0, 60]], MIX))
    assert parts_of(table.loc["site"]) == [20 / 100, 0, 0, 0]
    assert parts_of(table.loc["site_item"]) == [40 / 200, 0, 0, 0]


def test_another_recipe_in_the_same_boxes_is_share():
    liked = [[1.0, 0.5, 0.5], [1.0, 0.25, 0.75]]
    table = measured((BOXES, MIX), (BOXES, liked))
    assert parts_of(table.loc["item"]) == [0, 2 * (15 + 12.5) / 160, 0, 0]
    assert parts_of(table.loc["total"]) == [0, 0, 0, 0]
    # No forecast said where r3 would be made at north: what is not the share is the allocation.
    assert table.loc["site_item", "wape_bom"] == 0
    assert table.loc["site_item", "wape_allocation"] > 0


def test_the_same_boxes_elsewhere_are_allocation():
    both = [[1.0, 1.0, 0.0], [1.0, 1.0, 0.0]]
    table = measured((BOXES, both), ([[20, 20], [0, 40]], both))
    assert parts_of(table.loc["site"]) == [0, 0, 20 / 80, 0]
    assert parts_of(table.loc["site_sku"]) == [0, 0, 20 / 80, 0]
    assert parts_of(table.loc["sku"]) == [0, 0, 0, 0]


def test_another_bill_is_bom():
    planned = Bills.planned(DATA)
    richer = Bills(planned.bom.assign(qty=planned.bom["qty"] * 1.25), planned.skus)
    table = measured((BOXES, MIX), (BOXES, MIX), richer)
    assert parts_of(table.loc["sku"]) == [0, 0, 0, 0.2]
    assert parts_of(table.loc["item"]) == [0, 0, 0, 0]


counts = st.lists(st.lists(st.integers(0, 50), min_size=2, max_size=2), min_size=2, max_size=2)
mixes = st.lists(st.lists(st.sampled_from([0.0, 0.25, 1.0, 2.0]), min_size=3, max_size=3),
                 min_size=2, max_size=2)  # fmt: skip


@settings(deadline=None, max_examples=40)
@given(counts, mixes, counts, mixes)
def test_r11_the_parts_add_up_to_the_error(boxes, mix, happened, chosen):
    def some(numbers):
        return [[n + 1 for n in row] for row in numbers]

    told, truth = (some(boxes), [[m + 0.25 for m in row] for row in mix]), (some(happened), chosen)
    if not any(map(any, chosen)):
        return
    table = measured(told, truth)
    whole = table[[f"wape_{part}" for part in PARTS]].sum(axis=1)
    np.testing.assert_allclose(whole, table["wape"], atol=1e-9)
    assert (table.loc[["site", "total"], "wape_share"].abs() < 1e-9).all()
    assert (table.loc[["site", "total", "site_item", "item"], "wape_bom"].abs() < 1e-9).all()
    assert (table.loc[["total", "item"], "wape_allocation"].abs() < 1e-9).all()
