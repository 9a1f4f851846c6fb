"""Rules R1, R7 and R8 of the order simulator, on weeks and order books of many kinds."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from worlds import DAYS, RECIPES, SEGMENTS, WEEK, small_demand, small_plan, small_week

from sitecast.errors import Corrupt, NotFound
from sitecast.records.tables_simulated import TABLES_SIMULATED
from sitecast.records.week_record import SimulatedOrders, WeekData
from sitecast.simulate import boxes_of_draw, placed_boxes, simulate_orders
from sitecast.simulate.kernel import empty_boxes, fill_boxes
from sitecast.simulate.trays import fill_from_trays
from sitecast.store.parquet import from_parquet, to_parquet

PLAN = small_plan(
    draws=6, simulator={"recipe_caps": [{"recipe_id": "r5", "max_kits": 60}], "max_per_recipe": 2}
)
KERNELS = empty_boxes, fill_boxes, fill_from_trays
ORDERS = st.lists(
    st.tuples(
        st.sampled_from(SEGMENTS), st.sampled_from(DAYS), st.sampled_from("abc"),
        st.sampled_from([2, 4]), st.sampled_from([None, "north", "south"]),
        st.dictionaries(st.sampled_from([*RECIPES, "cola"]), st.integers(1, 3), min_size=1),
    ),
    max_size=40,
)  # fmt: skip


def week_with(book: list[tuple]) -> WeekData:
    """The small week with this order book."""
    known = pd.Timestamp("2026-11-15T10:00Z")
    orders = [
        (f"p{i}", segment, WEEK, date, region, size, "placed", known, site)
        for i, (segment, date, region, size, site, _) in enumerate(book)
    ]
    lines = [
        (f"p{i}", n, "product", item, None, quantity) if item == "cola"
        else (f"p{i}", n, "recipe", item, size, quantity)
        for i, (*_, size, _, basket) in enumerate(book)
        for n, (item, quantity) in enumerate(basket.items(), 1)
    ]  # fmt: skip
    old = small_week(PLAN)
    columns = ["order_id", "segment", "menu_week", "delivery_date", "region_id", "portions",
               "state", "created_at", "site_id"]  # fmt: skip
    if not book:
        return small_week(PLAN, orders=old["orders"].iloc[:0], order_lines=old["order_lines"][:0])
    return small_week(
        PLAN,
        orders=pd.DataFrame(orders, columns=columns),
        order_lines=pd.DataFrame(
            lines, columns=["order_id", "line_no", "item_type", "item_id", "portions", "quantity"]
        ),
    )


def by_cell(record: SimulatedOrders) -> pd.Series:
    """Simulated boxes by draw and cell, every pair with a row."""
    names = ["delivery_date", "region_id", "segment"]
    cells = record["cells"].set_index("cell_id")[names]
    rows = record["cell_boxes"].join(cells, on="cell_id")
    counts = rows.set_index(["draw", *names])["boxes"]
    every = [(draw, *cell) for draw in range(PLAN.draws) for cell in cells.itertuples(index=False)]
    return counts.reindex(pd.MultiIndex.from_tuples(every), fill_value=0)


@settings(max_examples=12, deadline=None)
@given(ORDERS)
def test_r1_placed_orders_stand_and_simulated_ones_fill_the_rest(book: list[tuple]) -> None:
    week = week_with(book)
    record = simulate_orders(week, small_demand(), PLAN)
    boxes = record["orders"]
    placed = boxes[~boxes["is_simulated"]]
    assert placed["box_id"].tolist() == week["orders"]["order_id"].tolist()
    for name, column in (("segment", "segment"), ("portions", "portions"),
                         ("previous_site_id", "site_id")):  # fmt: skip
        assert placed[name].reset_index(drop=True).equals(week["orders"][column])
    lines = record["order_lines"]
    mine = lines[lines["box_id"].isin(placed["box_id"])].rename(columns={"box_id": "order_id"})
    pd.testing.assert_frame_equal(mine.reset_index(drop=True), week["order_lines"])
    total = by_cell(simulate_orders(week_with([]), small_demand(), PLAN))
    names = ["delivery_date", "region_id", "segment"]
    in_book = week["orders"].groupby(names).size()
    taken = in_book.reindex(total.index.droplevel(0), fill_value=0).to_numpy()
    pd.testing.assert_series_equal(
        by_cell(record), (total - taken).clip(lower=0), check_dtype=False, check_names=False
    )


@settings(max_examples=8, deadline=None)
@given(ORDERS, st.integers(1, 5), st.permutations(range(PLAN.draws)))
def test_r7_threads_order_and_storage_change_no_byte(
    book: list[tuple], threads: int, order: list[int]
) -> None:
    week = week_with(book)
    record = simulate_orders(week, small_demand(), PLAN, threads=1)
    compiled = [len(kernel.signatures) for kernel in KERNELS]
    assert simulate_orders(week, small_demand(), PLAN, threads=threads).version == record.version
    stored = SimulatedOrders(
        record.provenance, {k: from_parquet(to_parquet(v)) for k, v in record.tables.items()}
    )
    assert stored.version == record.version
    counts = record["class_boxes"].set_index("draw")
    for draw in order:
        ours, again = boxes_of_draw(week, record, draw), boxes_of_draw(week, stored, draw)
        for name in vars(ours):
            np.testing.assert_array_equal(getattr(ours, name), getattr(again, name))
        kinds, boxes = np.unique(ours.box_class, return_counts=True)
        assert counts.loc[[draw], "class_id"].tolist() == kinds.tolist()
        assert counts.loc[[draw], "boxes"].tolist() == boxes.tolist()
    # Nothing was compiled anew for arrays that come from elsewhere.
    assert [len(kernel.signatures) for kernel in KERNELS] == compiled


@settings(max_examples=8, deadline=None)
@given(ORDERS)
def test_r2_r4_every_box_has_the_class_of_its_items(book: list[tuple]) -> None:
    week = week_with(book)
    record = simulate_orders(week, small_demand(), PLAN)
    parts = [placed_boxes(week, record), boxes_of_draw(week, record, 0)]
    boxes = record["orders"]
    assert np.concatenate([p.box_class for p in parts]).tolist() == boxes["class_id"].tolist()
    assert np.concatenate([p.portions for p in parts]).tolist() == boxes["portions"].tolist()
    pieces = np.concatenate([np.diff(part.item_ptr) for part in parts])
    quantity = record["order_lines"].groupby("box_id")["quantity"].sum()
    assert quantity.reindex(boxes["box_id"], fill_value=0).tolist() == pieces.tolist()
    known = boxes.merge(record["classes"], on="class_id", suffixes=("", "_class"))
    for name in ("delivery_date", "region_id", "is_simulated"):
        assert known[name].tolist() == known[f"{name}_class"].tolist()
    # r4 is made at north only, region c reached from north only
    with_fish = set(record["order_lines"].query("item_id == 'r4'")["box_id"])
    narrow = known["box_id"].isin(with_fish) | (known["region_id"] == "c")
    assert (known.loc[narrow, "site_set"] <= 1).all()


@settings(max_examples=4, deadline=None)
@given(ORDERS)
def test_r8_other_weeks_of_the_plan_change_nothing(book: list[tuple]) -> None:
    week = week_with(book)
    several = dataclasses.replace(PLAN, menu_weeks=("2026-W47", WEEK, "2026-W49"))
    alone = simulate_orders(week, small_demand(), PLAN)
    assert simulate_orders(week, small_demand(), several).version == alone.version


def test_r8_other_cells_change_nothing() -> None:
    demand = small_demand()
    fewer = dataclasses.replace(demand, boxes=demand.boxes[demand.boxes["region_id"] != "b"])
    week = week_with([])
    all_cells, some = simulate_orders(week, demand, PLAN), simulate_orders(week, fewer, PLAN)
    expected = by_cell(all_cells)
    expected = expected[expected.index.get_level_values(2) != "b"]
    pd.testing.assert_series_equal(by_cell(some), expected, check_dtype=False, check_names=False)


def test_a_new_order_takes_over_the_lowest_slot_and_no_other() -> None:
    plan = small_plan(draws=1)
    week = week_with([])
    before = simulate_orders(week, small_demand(), plan)
    after = simulate_orders(
        week_with([("family", DAYS[0], "a", 2, None, {"r1": 1})]), small_demand(), plan
    )

    def simulated(record: SimulatedOrders) -> pd.DataFrame:
        boxes = record["orders"].query("is_simulated")["box_id"]
        lines = record["order_lines"]
        return lines[lines["box_id"].isin(boxes)].reset_index(drop=True)

    gone = set(simulated(before)["box_id"]) - set(simulated(after)["box_id"])
    assert len(gone) == 1
    kept = simulated(before).loc[lambda lines: ~lines["box_id"].isin(gone)].reset_index(drop=True)
    pd.testing.assert_frame_equal(simulated(after), kept)


def test_the_tables_keep_their_contracts() -> None:
    week = small_week(PLAN)
    told: list[tuple[int, int]] = []
    record = simulate_orders(week, small_demand(), PLAN, progress=lambda *done: told.append(done))
    assert set(record.tables) == set(TABLES_SIMULATED)
    for name, contract in TABLES_SIMULATED.items():
        assert contract.breaches(record[name]) == []
        assert record[name].index.equals(pd.RangeIndex(len(record[name])))
    assert told == [(n, PLAN.draws) for n in range(1, PLAN.draws + 1)]
    assert record.provenance.inputs == {"extracted_data": week.version}


def test_a_draw_that_comes_out_differently_is_corrupt() -> None:
    week = small_week(PLAN)
    record = simulate_orders(week, small_demand(), PLAN)
    weights = record["choice_weights"]
    changed = weights.assign(weight=weights["weight"].where(weights["recipe_id"] != "r2", 0.01))
    wrong = SimulatedOrders(record.provenance, {**record.tables, "choice_weights": changed})
    with pytest.raises(Corrupt, match="draw made again differs"):
        boxes_of_draw(week, wrong, 0)
    with pytest.raises(Corrupt, match="another order book"):
        placed_boxes(week_with([]), record)
    with pytest.raises(NotFound, match="no such draw"):
        boxes_of_draw(week, record, PLAN.draws)


def test_an_order_that_does_not_fit_the_week_is_named() -> None:
    week = small_week(PLAN)
    lines = week["order_lines"].assign(item_id=week["order_lines"]["item_id"].replace("r4", "r9"))
    with pytest.raises(ValueError, match=r"order_lines.item_id at order_id=o1, line_no=2 = r9"):
        simulate_orders(small_week(PLAN, order_lines=lines), small_demand(), PLAN)
