"""R1-R4, R7 of allocation on random worlds."""

import hypothesis.strategies as st
import numpy as np
import pandas as pd
import pytest
from boxes_by_hand import boxes_by_hand
from hypothesis import given, settings
from worlds import WEEK, small_plan, small_week

from sitecast.allocate import allocate_orders
from sitecast.records.tables_written import TABLES_WRITTEN

worlds = st.tuples(st.integers(0, 10_000), st.integers(0, 150), st.integers(0, 80))
caps = st.lists(st.one_of(st.none(), st.integers(0, 40)), min_size=8, max_size=8)


def world(seed=0, mean=60, n_placed=25, caps=(12,) * 8, weekly=None, floor=0, **allocation):
    """A small week with caps on both sites, and for north's whole week, allocated."""
    rows = [(site, date, cap, floor) for (site, date), cap in zip(
        [(s, d) for s in ("north", "south") for d in pd.date_range("2026-11-26", "2026-11-29")],
        caps, strict=True)]  # fmt: skip
    table = pd.DataFrame(rows, columns=["site_id", "production_date", "cap_boxes", "floor_boxes"])
    whole = pd.DataFrame([("north", WEEK, weekly)], columns=["site_id", "menu_week", "cap_boxes"])
    plan = small_plan(draws=5, allocation=allocation)
    week = small_week(plan, site_caps=table.astype({"cap_boxes": "Int64"}),
                      site_week_caps=whole.astype({"cap_boxes": "Int64"}))  # fmt: skip
    made = boxes_by_hand(week, plan, seed, mean, n_placed)
    result = allocate_orders(week, made.simulated, plan, made.placed, made.boxes_of_draw)
    return week, made, result


weekly = st.one_of(st.none(), st.integers(0, 90))


@settings(max_examples=25, deadline=None)
@given(worlds, caps, weekly, st.integers(0, 30), st.sampled_from([0, 8, 9]))
def test_r3_r4_no_cap_is_broken_and_no_box_is_lost(shape, caps, weekly, floor, frozen):
    _, made, result = world(*shape, caps, weekly, floor, frozen_lead_days=frozen)
    left = result.tables["unallocated_draws"].groupby("draw")["boxes"].sum()
    for draw, boxes in enumerate(made.draws):
        n_boxes = len(made.placed.box_class) + len(boxes.box_class)
        assert result.boxes[draw].sum() + left[draw] == n_boxes
        assert result.box_packs[draw].sum(axis=1).tolist() == result.boxes[draw].tolist()
    lanes, boxes = result.axes.lanes, pd.DataFrame(result.boxes.T)
    by_day = boxes.groupby([lanes["site"], lanes["production_date"]]).sum()
    for load, table in (
        (by_day, "site_load"),
        (by_day.groupby("site").sum()[:1], "site_week_load"),
    ):
        limits = result.tables[table]
        most = (limits["cap_boxes"] + limits["over_cap_frozen"]).fillna(10**9)
        assert (load.to_numpy() <= most.to_numpy(dtype=np.int64)[:, None]).all()


@settings(max_examples=12, deadline=None)
@given(worlds, caps)
def test_r2_a_box_goes_where_its_items_are_made_and_its_region_is_reached(shape, caps):
    week, made, result = world(*shape, caps=caps)
    boxes, axes = result.tables["allocations"], result.axes
    classes = made.simulated["classes"].loc[made.simulated["orders"]["class_id"]]
    taken = boxes["site_id"].notna().to_numpy()
    site = axes.sites.get_indexer(boxes["site_id"][taken])
    assert (classes["site_set"].to_numpy()[taken] >> site & 1).all()
    links = set(week["region_sites"][["region_id", "site_id", "transit_days"]].itertuples(
        index=False, name=None))  # fmt: skip
    days = (boxes["delivery_date"] - boxes["production_date"]).dt.days
    used = zip(boxes["region_id"][taken], boxes["site_id"][taken], days[taken], strict=True)
    assert set(used) <= links


@settings(max_examples=12, deadline=None)
@given(worlds, caps)
def test_r1_r5_placed_boxes_are_part_of_every_draw(shape, caps):
    _, made, result = world(*shape, caps=caps)
    assert (result.kits >= result.kits_committed).all()
    assert (result.boxes >= result.boxes_committed).all()
    assert (result.box_packs >= result.box_packs_committed).all()
    boxes = result.tables["allocations"]
    assert boxes["box_id"].tolist() == made.simulated["orders"]["box_id"].tolist()
    placed = boxes[~boxes["is_simulated"]]
    assert placed["site_id"].notna().sum() == result.boxes_committed.sum()


@settings(max_examples=12, deadline=None)
@given(worlds, caps)
def test_r3_every_unallocated_box_has_a_reason_that_holds(shape, caps):
    _, made, result = world(*shape, caps=caps)
    boxes, axes = result.tables["allocations"], result.axes
    classes = made.simulated["classes"].loc[made.simulated["orders"]["class_id"]]
    reach = axes.reach[axes.days.get_indexer(boxes["delivery_date"]),
                       axes.regions.get_indexer(boxes["region_id"])]  # fmt: skip
    usable = reach & classes["site_set"].to_numpy().astype(np.uint64)
    expected = np.select(
        [usable > 0, reach > 0], ["cap_binds", "no_site_makes_all_items"], "no_site_reaches_region"
    )
    left = boxes["site_id"].isna().to_numpy()
    assert (boxes["reason"].to_numpy() == np.where(left, expected, "")).all()
    table = result.tables["unallocated"]
    per_draw = result.tables["unallocated_draws"]
    assert table["boxes_mean"].sum() == pytest.approx(per_draw["boxes"].sum() / 5)
    short = table.loc[table["reason"] == "cap_binds", "boxes_mean"].sum()
    assert result.tables["site_load"]["boxes_unallocated"].sum() == pytest.approx(short)


@settings(max_examples=10, deadline=None)
@given(worlds)
def test_tables_keep_their_contract(shape):
    result = world(*shape)[2]
    for name in ("allocations", "site_load", "site_week_load", "capacity_value", "unallocated"):
        assert TABLES_WRITTEN[name].breaches(result.tables[name]) == []


def test_r7_same_result_whatever_the_number_of_threads(monkeypatch):
    results = []
    for cores in (1, 3):
        monkeypatch.setattr("os.cpu_count", lambda cores=cores: cores)
        results.append(world(3, 120, 40)[2])
    one, other = results
    assert (one.kits == other.kits).all()
    for name, table in one.tables.items():
        pd.testing.assert_frame_equal(table, other.tables[name])


@settings(max_examples=10, deadline=None)
@given(worlds, caps)
def test_simulated_boxes_never_push_a_placed_box_out(shape, caps):
    seed, mean, n_placed = shape
    together, alone = (world(seed, m, n_placed, caps)[2] for m in (mean, 0))
    assert together.boxes_committed.sum() == alone.boxes_committed.sum()
