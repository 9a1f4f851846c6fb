"""R1-R4, R7 of allocation with caps on the kits of items, on random worlds."""

import itertools

import hypothesis.strategies as st
import numpy as np
import pandas as pd
from boxes_by_hand import boxes_by_hand
from hypothesis import given, settings
from worlds import small_plan, small_week

from sitecast.allocate import allocate_orders
from sitecast.records.tables_written import TABLES_WRITTEN

shapes = st.tuples(st.integers(0, 10_000), st.integers(0, 120), st.integers(0, 60))
item_caps = st.lists(st.one_of(st.none(), st.integers(0, 40)), min_size=13, max_size=13)
site_caps = st.sampled_from([12, 40, 999])
MADE = small_week()["item_sites"]


def world(shape=(0, 90, 30), caps=(None,) * 13, site_cap=40, frozen=0):
    """A small week of which every item may have a cap at every site, allocated."""
    dates = pd.date_range("2026-11-26", "2026-11-29")
    rows = [(site, date, site_cap) for site in ("north", "south") for date in dates]
    site_table = pd.DataFrame(rows, columns=["site_id", "production_date", "cap_boxes"])
    plan = small_plan(draws=4, allocation={"frozen_lead_days": frozen, "value_draws": 1})
    made_at = MADE.assign(cap_kits=pd.array(caps, dtype="Int64"))
    week = small_week(plan, site_caps=site_table, item_sites=made_at)
    made = boxes_by_hand(week, plan, *shape)
    return week, made, allocate_orders(week, made.simulated, plan, made.placed, made.boxes_of_draw)


def kits_by_site(result):
    """(draws, sites, recipes and products) kits of all portions sizes, and their names."""
    site = result.axes.lanes["site"].to_numpy()
    kits = np.stack([result.kits[:, site == s].sum(axis=1) for s in range(2)], axis=1)
    names = result.axes.items()["item_id"]
    return {item: kits[:, :, (names == item).to_numpy()].sum(axis=2) for item in names.unique()}


@settings(max_examples=25, deadline=None)
@given(shapes, item_caps, site_caps, st.sampled_from([0, 8]))
def test_r3_r4_no_item_cap_is_broken_and_no_box_is_lost(shape, caps, site_cap, frozen):
    week, made, result = world(shape, caps, site_cap, frozen)
    kits, load = kits_by_site(result), result.tables["item_load"]
    over = load.set_index(["item_id", "site_id"])["over_cap_frozen"]
    for row in week["item_sites"].dropna(subset="cap_kits").itertuples():
        most = row.cap_kits + over[row.item_id, row.site_id]
        assert kits[row.item_id][:, result.axes.sites.get_loc(row.site_id)].max() <= most
    assert frozen or not over.any()
    left = result.tables["unallocated_draws"].groupby("draw")["boxes"].sum()
    for draw, boxes in enumerate(made.draws):
        n_boxes = len(made.placed.box_class) + len(boxes.box_class)
        assert result.boxes[draw].sum() + left[draw] == n_boxes
    assert (result.boxes.sum(axis=1) >= result.boxes_committed.sum()).all()
    assert (result.kits >= result.kits_committed).all()
    for name in ("allocations", "unallocated", "item_load", "allocation_gap"):
        assert TABLES_WRITTEN[name].breaches(result.tables[name]) == []


@settings(max_examples=15, deadline=None)
@given(shapes, item_caps)
def test_r2_r3_boxes_are_where_they_can_be_made_or_every_place_is_closed_to_them(shape, caps):
    week, made, result = world(shape, caps, 20)
    boxes, axes = result.tables["allocations"], result.axes
    lane = axes.lane[axes.days.get_indexer(boxes["delivery_date"]),
                     axes.regions.get_indexer(boxes["region_id"])]  # fmt: skip
    classes = made.simulated["classes"].loc[made.simulated["orders"]["class_id"]]
    usable = (classes["site_set"].to_numpy()[:, None] >> np.arange(2) & 1 > 0) & (lane >= 0)
    site = axes.sites.get_indexer(boxes["site_id"].astype(object))
    assert usable[np.flatnonzero(site >= 0), site[site >= 0]].all()
    full = load_of_draw_0(result) >= 20
    kits, cap = kits_by_site(result), week["item_sites"].set_index(["item_id", "site_id"])
    items = axes.items()["item_id"].to_numpy()
    pieces = [items[boxes.items[start:end]] for boxes in (made.placed, made.draws[0])
              for start, end in itertools.pairwise(boxes.item_ptr)]  # fmt: skip

    def no_kits_left(box, s):
        most = cap["cap_kits"].xs(axes.sites[s], level="site_id").dropna()
        held = pd.Series(pieces[box]).value_counts()
        return any(kits[i][0, s] + held[i] > most[i] for i in held.index.intersection(most.index))

    # What keeps simulated boxes out of draw 0; placed ones make way for the expected week as well.
    for box in np.flatnonzero(boxes["is_simulated"] & boxes["reason"].str.endswith("cap_binds")):
        places = np.flatnonzero(usable[box])
        days_full = all(full[lane[box, s]] for s in places)
        assert days_full == (boxes["reason"][box] == "cap_binds")
        assert all(full[lane[box, s]] or no_kits_left(box, s) for s in places)


def load_of_draw_0(result):
    """(lanes,) boxes at the site and production date of each lane."""
    lanes = result.axes.lanes.assign(boxes=result.boxes[0])
    return lanes.groupby(["site", "production_date"])["boxes"].transform("sum").to_numpy()


@settings(max_examples=8, deadline=None)
@given(shapes)
def test_caps_out_of_reach_change_nothing(shape):
    loose, none = (world(shape, (cap,) * 13)[2] for cap in (10_000, None))
    assert (loose.kits == none.kits).all()
    for name, table in none.tables.items():
        if name not in ("item_load", "allocation_gap"):
            pd.testing.assert_frame_equal(table, loose.tables[name])
    assert (loose.tables["allocation_gap"]["gap"] == 0).all()
    assert len(none.tables["allocation_gap"]) == 0


def test_r7_same_result_whatever_the_number_of_threads(monkeypatch):
    results = []
    for cores in (1, 3):
        monkeypatch.setattr("os.cpu_count", lambda cores=cores: cores)
        results.append(world((3, 120, 40), (15,) * 13)[2])
    one, other = results
    assert (one.kits == other.kits).all()
    for name, table in one.tables.items():
        pd.testing.assert_frame_equal(table, other.tables[name])
