"""Sites that may stay closed, through allocate_orders(), small enough to check by hand."""

import hypothesis.strategies as st
import numpy as np
import pandas as pd
import pytest
from boxes_by_hand import HandMade, boxes_by_hand
from hypothesis import given, settings
from worlds import WEEK, small_plan, small_provenance, small_week

from sitecast.allocate import allocate_orders
from sitecast.records.draw_boxes import DrawBoxes
from sitecast.records.tables_written import TABLES_WRITTEN
from sitecast.records.week_axes import week_axes
from sitecast.records.week_record import SimulatedOrders

SATURDAY = pd.Timestamp("2026-11-28")
SAVED = 5 * (2500 - 150)
"""Fifteen boxes, of which north packs ten: south takes the others for 150 each."""


def caps(boxes):
    rows = [("north", day, boxes) for day in pd.date_range("2026-11-26", "2026-11-29")]
    return pd.DataFrame(rows, columns=["site_id", "production_date", "cap_boxes"])


def of_region_a(cost, n_placed=0, frozen=0, **more):
    """Fifteen boxes on Saturday, `n_placed` of them in the order book at south."""
    opening = {"site_id": "south", "cost_per_week": cost, **more}
    plan = small_plan(draws=2, allocation={"opening_costs": [opening], "frozen_lead_days": frozen})
    week = small_week(plan, site_caps=caps(10))
    classes = pd.DataFrame({
        "class_id": [0, 1], "is_simulated": [False, True], "delivery_date": SATURDAY,
        "region_id": "a", "site_set": 3,
        "previous_site": [list(week_axes(week).sites).index("south"), -1],
    })  # fmt: skip
    placed, draw = (
        DrawBoxes(np.full(n, number, np.int32), np.arange(n, dtype=np.uint64),
                  np.arange(n + 1, dtype=np.int64), np.zeros(n, np.int32), np.full(n, 2, np.int16))
        for number, n in ((0, n_placed), (1, 15 - n_placed))
    )  # fmt: skip
    orders = pd.DataFrame({
        "box_id": [f"b{at}" for at in range(15)],
        "is_simulated": np.arange(15) >= n_placed, "delivery_date": SATURDAY, "region_id": "a",
        "segment": "family", "portions": 2,
        "previous_site_id": np.where(np.arange(15) < n_placed, "south", None),
        "class_id": (np.arange(15) >= n_placed).astype(int),
    })  # fmt: skip
    counts = pd.DataFrame({"draw": [0, 1], "class_id": 1, "boxes": 15 - n_placed})
    record = SimulatedOrders(small_provenance(plan, WEEK), {
        "classes": classes, "class_boxes": counts, "orders": orders,
    })  # fmt: skip
    made = HandMade(record, placed, [draw, draw])
    return allocate_orders(week, record, plan, placed, made.boxes_of_draw)


@pytest.mark.parametrize(("cost", "is_open"), [(SAVED - 1, True), (SAVED, False)])
def test_a_site_opens_when_it_saves_more_than_it_costs(cost, is_open):
    result = of_region_a(cost)
    (row,) = result.tables["site_openings"].itertuples()
    assert (row.site_id, row.opening_cost, row.is_open) == ("south", cost, is_open)
    assert (row.saves_mean, row.p_worth, row.gap) == (SAVED, float(is_open), 0)
    assert result.boxes.sum(axis=1).tolist() == [15 if is_open else 10] * 2


def test_boxes_of_a_closed_site_are_told_why():
    result = of_region_a(10**6)
    (row,) = result.tables["unallocated"].itertuples()
    assert (row.reason, row.boxes_mean) == ("cap_binds", 5)
    assert (
        row.binding == "2026-11-27 at north (cap 10); 2026-11-26 at south (stays closed this week)"
    )
    load = result.tables["site_load"].set_index("site_id").loc["south"]
    assert (load["boxes_p90"] == 0).all()
    assert (load["cap_boxes"] == 0).all()


def test_boxes_that_only_a_closed_site_could_pack():
    week = small_week()
    links = week["region_sites"]
    plan = small_plan(
        draws=2, allocation={"opening_costs": [{"site_id": "south", "cost_per_week": 10**8}]}
    )
    week = small_week(plan, region_sites=links[links["site_id"] == "south"])
    made = boxes_by_hand(week, plan, 1, 40, 0)
    result = allocate_orders(week, made.simulated, plan, made.placed, made.boxes_of_draw)
    reasons = result.tables["unallocated"].groupby("reason")["boxes_mean"].sum()
    assert reasons["site_stays_closed"] > 0
    assert result.boxes.sum() == 0


def test_final_boxes_keep_their_site_open_at_no_cost():
    result = of_region_a(10**6, n_placed=1, frozen=20)
    (row,) = result.tables["site_openings"].itertuples()
    assert (row.is_open, row.reason, row.gap) == (True, "holds_final_boxes", 0)
    assert result.boxes.sum(axis=1).tolist() == [15, 15]


def test_placed_boxes_leave_a_site_that_stays_closed():
    boxes = of_region_a(10**6, n_placed=1).tables["allocations"]
    assert boxes.loc[~boxes["is_simulated"], "site_id"].tolist() == ["north"]


def test_a_cost_of_another_week_changes_nothing():
    result = of_region_a(10**6, menu_week="2026-W49")
    assert len(result.tables["site_openings"]) == 0
    assert result.boxes.sum(axis=1).tolist() == [15, 15]


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.integers(0, 150), st.integers(0, 40), st.integers(1, 200_000))
def test_r3_r4_a_closed_site_packs_nothing_and_no_box_is_lost(seed, mean, placed, cost):
    found = {}
    for name, costs in (("free", []), ("asked", [{"site_id": "south", "cost_per_week": cost}])):
        plan = small_plan(draws=4, allocation={"opening_costs": costs, "value_draws": 1})
        week = small_week(plan)
        made = boxes_by_hand(week, plan, seed, mean, placed)
        found[name] = allocate_orders(week, made.simulated, plan, made.placed, made.boxes_of_draw)
    (row,) = found["asked"].tables["site_openings"].itertuples()
    at_south = found["asked"].axes.lanes["site"] == found["asked"].axes.sites.get_loc("south")
    if row.is_open:
        assert np.array_equal(found["asked"].kits, found["free"].kits)
        assert row.saves_mean > cost
    else:
        assert found["asked"].boxes[:, at_south].sum() == 0
        assert row.saves_mean <= cost
    left = [found[name].tables["unallocated_draws"].groupby("draw")["boxes"].sum()
            for name in ("free", "asked")]  # fmt: skip
    totals = [
        each.boxes.sum(axis=1) + gone for each, gone in zip(found.values(), left, strict=True)
    ]
    assert np.array_equal(*totals)
    assert 0 <= row.gap < 0.5
    for name in ("site_openings", "unallocated", "site_load", "allocations"):
        assert TABLES_WRITTEN[name].breaches(found["asked"].tables[name]) == []
