"""Caps on the kits of an item through allocate_orders(), small enough to check by hand."""

import numpy as np
import pandas as pd
import pytest
from boxes_by_hand import HandMade
from worlds import WEEK, small_plan, small_provenance, small_week

from sitecast.allocate import allocate_orders
from sitecast.allocate.item_limits import item_limits
from sitecast.records.draw_boxes import DrawBoxes
from sitecast.records.week_axes import week_axes
from sitecast.records.week_record import SimulatedOrders

SATURDAY = pd.Timestamp("2026-11-28")


def of_r1(n, portions=2, box_class=0):
    """Boxes of a single kit of r1 each, all of one class."""
    item = 0 if portions == 2 else 1
    return DrawBoxes(np.full(n, box_class, np.int32), np.arange(n, dtype=np.uint64),
                     np.arange(n + 1, dtype=np.int64), np.full(n, item, np.int32),
                     np.full(n, portions, np.int16))  # fmt: skip


def joined(*parts):
    return DrawBoxes(
        np.concatenate([part.box_class for part in parts]),
        np.concatenate([part.rank for part in parts]),
        np.arange(sum(len(part.rank) for part in parts) + 1, dtype=np.int64),
        np.concatenate([part.items for part in parts]),
        np.concatenate([part.portions for part in parts]),
    )  # fmt: skip


def allocated(
    north, south=None, n_placed=0, simulated=10, book_site=-1, portions=2, frozen=0, resources=()
):
    """Boxes of region a on Saturday: north packs them for 100, south for 150.

    North makes r1 on the line `hot`; `resources` has rows of resource_caps.
    """
    made = small_week()["item_sites"]
    caps = {("r1", "north"): north, ("r1", "south"): south}
    pairs = zip(made["item_id"], made["site_id"], strict=True)
    made = made.assign(cap_kits=pd.array([caps.get(pair) for pair in pairs], dtype="Int64"))
    plan = small_plan(draws=2, allocation={"frozen_lead_days": frozen})
    lines = np.where((made["item_id"] == "r1") & (made["site_id"] == "north"), "hot", None)
    shared = pd.DataFrame([(WEEK, *row) for row in resources], columns=[
        "menu_week", "site_id", "resource_type", "resource_id", "cap",
    ])  # fmt: skip
    week = small_week(plan, item_sites=made.assign(line_id=lines), resource_caps=shared)
    classes = pd.DataFrame({
        "class_id": [0, 1], "is_simulated": [False, True], "delivery_date": SATURDAY,
        "region_id": "a", "site_set": 3, "previous_site": [book_site, -1],
    })  # fmt: skip
    sites = {-1: None, **dict(enumerate(week_axes(week).sites))}
    placed, draw = of_r1(n_placed), of_r1(simulated, 2, 1)
    if portions == 4:
        draw = joined(draw, of_r1(simulated, 4, 1))
    n_boxes = len(draw.rank)
    orders = pd.DataFrame({
        "box_id": [f"b{at}" for at in range(n_placed + n_boxes)],
        "is_simulated": [False] * n_placed + [True] * n_boxes,
        "delivery_date": SATURDAY, "region_id": "a", "segment": "family", "portions": 2,
        "previous_site_id": [sites[book_site]] * n_placed + [None] * n_boxes,
        "class_id": [0] * n_placed + [1] * n_boxes,
    })  # fmt: skip
    counts = pd.DataFrame({"draw": [0, 1], "class_id": 1, "boxes": n_boxes})
    record = SimulatedOrders(small_provenance(plan, WEEK), {
        "classes": classes, "class_boxes": counts, "orders": orders,
    })  # fmt: skip
    made_boxes = HandMade(record, placed, [draw, draw])
    return allocate_orders(week, record, plan, placed, made_boxes.boxes_of_draw)


def at_sites(result):
    """Boxes of draw 0 at north and at south, then those of no site."""
    site = result.tables["allocations"]["site_id"]
    return [int((site == "north").sum()), int((site == "south").sum()), int(site.isna().sum())]


def test_boxes_over_the_cap_go_to_the_next_site():
    result = allocated(4)
    assert at_sites(result) == [4, 6, 0]
    row = result.tables["item_load"].iloc[0]
    assert (row["item_id"], row["site_id"], row["cap_kits"]) == ("r1", "north", 4)
    assert (row["kits_mean"], row["p_at_cap"], row["shadow_price"]) == (4, 1, 50)
    assert result.tables["allocation_gap"]["gap"].tolist() == [0, 0]


def test_what_no_site_has_kits_for_names_the_items_and_sites():
    result = allocated(4, 3)
    assert at_sites(result) == [4, 3, 3]
    (row,) = result.tables["unallocated"].itertuples()
    assert (row.reason, row.boxes_mean) == ("item_cap_binds", 3)
    assert row.binding.startswith("recipe r1 at north (4 kits in the week); "
                                  "recipe r1 at south (3 kits in the week); 2026-11-2")  # fmt: skip
    per_draw = result.tables["unallocated_draws"].set_index(["draw", "reason"])["boxes"]
    assert per_draw[1, "item_cap_binds"] == 3
    assert per_draw.sum() == 6
    assert result.tables["site_load"]["boxes_unallocated"].sum() == 0
    reasons = result.tables["allocations"]["reason"]
    assert reasons[reasons != ""].tolist() == ["item_cap_binds"] * 3


def test_a_kit_counts_once_whatever_its_portions_size():
    result = allocated(7, portions=4)
    assert at_sites(result) == [7, 13, 0]


def test_placed_boxes_come_first():
    result = allocated(4, 3, n_placed=6)
    assert result.boxes_committed.sum() == 6
    boxes = result.tables["allocations"]
    assert boxes.loc[~boxes["is_simulated"], "site_id"].notna().all()
    assert at_sites(result) == [4, 3, 9]


@pytest.mark.parametrize("n_placed", [3, 6])
def test_final_boxes_stay_above_the_cap_and_are_counted(n_placed):
    result = allocated(4, 0, n_placed=n_placed, book_site=0, frozen=20)
    boxes = result.tables["allocations"]
    assert (boxes.loc[~boxes["is_simulated"], "site_id"] == "north").all()
    assert at_sites(result) == [max(4, n_placed), 0, 10 + n_placed - max(4, n_placed)]
    north = result.tables["item_load"].set_index("site_id").loc["north"]
    assert north["over_cap_frozen"] == max(0, n_placed - 4)


def test_a_cap_that_nothing_reaches_leaves_the_flow_as_it_is():
    free, loose = allocated(None), allocated(10)
    assert np.array_equal(free.kits, loose.kits)
    assert at_sites(loose) == [10, 0, 0]
    assert len(free.tables["item_load"]) == len(free.tables["allocation_gap"]) == 0
    assert loose.tables["item_load"]["p_at_cap"].tolist() == [1]


def test_a_line_makes_so_many_portions():
    result = allocated(None, portions=4, resources=[("north", "line", "hot", 28)])
    row = result.tables["resource_load"].iloc[0]
    assert (row["site_id"], row["resource_id"], row["cap"], row["uom"]) == (
        "north", "hot", 28, "portions",
    )  # fmt: skip
    assert (row["used_mean"], row["p_at_cap"]) == (28, 1)
    assert row["shadow_price"] in (12.5, 25)  # 50 saved by a box of two or of four portions
    # Ten boxes of two and ten of four portions: all of the small and two of the large ones stay.
    assert at_sites(result) == [12, 8, 0]
    assert len(result.tables["item_load"]) == 0


@pytest.mark.parametrize(("grams", "boxes"), [(889, 4), (888.892, 4), (888.891, 3)])
def test_a_sku_goes_round_with_yield_and_never_beyond(grams, boxes):
    # A kit for two needs 200 g, at a yield of 90 %: 222.23 g, rounded up to the milligram.
    result = allocated(None, 0, resources=[("north", "sku", "sku-chicken", grams)])
    assert at_sites(result) == [boxes, 0, 10 - boxes]
    row = result.tables["resource_load"].set_index("resource_id").loc["sku-chicken"]
    assert (row["uom"], row["used_mean"]) == ("g", pytest.approx(boxes * 200 / 0.9, abs=0.01))
    (short,) = result.tables["unallocated"].itertuples()
    assert short.reason == "item_cap_binds"
    assert f"SKU sku-chicken at north ({grams:g} g in the week)" in short.binding


@pytest.mark.parametrize(("portions", "grams"), [(20, 9e6), (1e300, 1e16)])
def test_shared_caps_out_of_reach_change_nothing(portions, grams):
    """A number that somebody wrote for "no cap" is not turned into one below zero."""
    free = allocated(None)
    loose = allocated(
        None, resources=[("north", "line", "hot", portions), ("south", "sku", "sku-rice", grams)]
    )
    assert np.array_equal(free.kits, loose.kits)
    assert loose.tables["resource_load"]["used_mean"].tolist() == [20, 0]


def test_final_boxes_stay_above_the_cap_of_a_line():
    rows = [("north", "line", "hot", 8), ("south", "line", "cold", 1)]
    result = allocated(None, 0, n_placed=6, book_site=0, frozen=20, resources=rows)
    assert at_sites(result) == [6, 0, 10]
    (row,) = result.tables["resource_load"].itertuples()
    assert (row.over_cap_frozen, row.used_mean) == (4, 12)


def test_items_that_the_week_does_not_have_are_no_caps():
    made = small_week()["item_sites"]
    unknown = made.iloc[:1].assign(item_id="gone", cap_kits=0)
    week = small_week(item_sites=pd.concat([made, unknown], ignore_index=True))
    assert len(item_limits(week, week_axes(week)).table) == 0
