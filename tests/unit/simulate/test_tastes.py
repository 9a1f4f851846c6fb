"""Taste classes, default boxes and shares: from the models' choices to what boxes hold."""

import dataclasses
from typing import Any

import numpy as np
import pandas as pd
import pytest
from worlds import RECIPES, SEGMENTS, VEGAN, WEEK, small_demand, small_plan, small_week

from sitecast.errors import DataError
from sitecast.records.demand_forecast import Choices, DemandForecast
from sitecast.records.tables_simulated import ALL_SEGMENTS
from sitecast.records.week_record import SimulatedOrders, WeekData
from sitecast.simulate import infeasible_shares, simulate_orders

POOL = ("r1", "r2", "r3", "r5")


def run(
    demand: DemandForecast | None = None, week: WeekData | None = None, draws: int = 3,
    boxes: float = 1.0, **simulator: Any,
) -> SimulatedOrders:  # fmt: skip
    plan = small_plan(draws=draws, simulator=simulator)
    told = demand or small_demand()
    more = told.boxes.assign(mean_boxes=told.boxes["mean_boxes"] * boxes)
    return simulate_orders(week or small_week(), dataclasses.replace(told, boxes=more), plan)


def with_defaults(rate: float) -> DemandForecast:
    defaults = pd.DataFrame({"segment": SEGMENTS, "probability": rate})
    return dataclasses.replace(small_demand(), defaults=defaults)


def with_pool(*recipes: str) -> WeekData:
    menu = pd.DataFrame({"menu_week": WEEK, "recipe_id": list(RECIPES)})
    return small_week(menu=menu.assign(is_default_pool=menu["recipe_id"].isin(recipes)))


def two_classes(segment: str, *, shares: bool) -> DemandForecast:
    """Half of the segment loves r1 to r3, half r4 to r6."""
    rows = [
        (segment, taste, 0.5, recipe, 3.0 if (i < 3) == (taste == 0) else 0.0, 0.0)
        for taste in (0, 1)
        for i, recipe in enumerate(RECIPES)
    ]
    columns = ["segment", "taste_class", "class_share", "recipe_id", "utility", "sd"]
    told = small_demand()
    others = told.choices.utilities[told.choices.utilities["segment"] != segment]
    asked = told.choices.shares
    choices = Choices(
        pd.concat([others, pd.DataFrame(rows, columns=columns)], ignore_index=True),
        asked if shares else asked[asked["segment"] != segment],
    )
    return dataclasses.replace(told, choices=choices)


def simulated_boxes(record: SimulatedOrders, segment: str) -> list[set[str]]:
    boxes = record["orders"].query("is_simulated and segment == @segment")
    lines = record["order_lines"].query("item_type == 'recipe'")
    return [set(of) for _, of in lines[lines["box_id"].isin(boxes["box_id"])]
            .groupby("box_id")["item_id"]]  # fmt: skip


def given_shares(record: SimulatedOrders, segment: str) -> pd.Series:
    rows = record["kit_shares"].query("segment == @segment")
    return rows.set_index("recipe_id")["share_given"]


def test_shares_are_met_by_segment_and_together() -> None:
    table = run(with_defaults(0.1))["kit_shares"]
    assert set(table["segment"]) == {ALL_SEGMENTS, *SEGMENTS}
    feasible = table[table["segment"] != "vegan"]
    feasible = feasible[feasible["segment"] != ALL_SEGMENTS]
    assert (feasible["share_given"] - feasible["share_asked"]).abs().max() < 1e-4
    sums = table.groupby("segment")["share_given"].sum()
    assert sums.to_numpy() == pytest.approx(np.ones(3))


def test_an_infeasible_share_is_named() -> None:
    # half of the kits of boxes that hold two or three distinct ones cannot be tofu
    (row,) = infeasible_shares(run()).query("segment == 'vegan' and recipe_id == 'r3'").itertuples()
    assert row.share_asked == pytest.approx(0.5)
    assert row.share_given < 0.41
    assert infeasible_shares(run()).query("segment == 'family'").empty


def test_kits_that_exist_in_one_size_only_still_meet_the_shares() -> None:
    bom = small_week()["recipe_bom"]
    bom = bom[(bom["recipe_id"] != "r2") | (bom["portions"] == 4)]
    table = run(week=small_week(recipe_bom=bom))["kit_shares"].query("segment == 'family'")
    assert (table["share_given"] - table["share_asked"]).abs().max() < 1e-4


def test_boxes_of_a_taste_class_keep_to_its_taste() -> None:
    boxes = simulated_boxes(run(two_classes("family", shares=False), boxes=20), "family")
    first = np.array([len(box & {"r1", "r2", "r3"}) / len(box) for box in boxes])
    assert np.mean((first > 0.9) | (first < 0.1)) > 0.6
    assert abs(first.mean() - 0.5) < 0.05


def test_taste_classes_are_calibrated_together() -> None:
    record = run(two_classes("family", shares=True))
    assert given_shares(record, "family").to_numpy() == pytest.approx(np.full(6, 1 / 6), abs=1e-6)
    weights = record["choice_weights"].query("segment == 'family'")
    assert weights["taste_class"].nunique() == 2


def test_a_model_without_shares_is_left_as_it_is() -> None:
    table = run(two_classes("family", shares=False))["kit_shares"].query("segment == 'family'")
    assert table["share_asked"].isna().all()


def test_shares_of_all_segments_together_are_met() -> None:
    told = small_demand()
    nation = pd.DataFrame({"segment": pd.NA, "recipe_id": list(RECIPES),
                           "share": [0.1, 0.1, 0.25, 0.1, 0.25, 0.2]})  # fmt: skip
    choices = Choices(told.choices.utilities, nation)
    table = run(dataclasses.replace(told, choices=choices))["kit_shares"]
    together = table[table["segment"] == ALL_SEGMENTS]
    assert (together["share_given"] - together["share_asked"]).abs().max() < 1e-4
    vegan = table[(table["segment"] == "vegan") & ~table["recipe_id"].isin(VEGAN)]
    assert vegan["share_given"].sum() == 0


def test_default_boxes_hold_what_the_pool_has() -> None:
    record = run(with_defaults(0.4), with_pool(*POOL), boxes=5)
    boxes = record["orders"].query("is_simulated")
    assert boxes["is_default"].mean() == pytest.approx(0.4, abs=0.05)
    lines = record["order_lines"].merge(boxes[boxes["is_default"]], on="box_id")
    kits = lines[lines["item_type"] == "recipe"]
    family = kits[kits["segment"] == "family"]
    assert set(family["item_id"]) == set(POOL)
    # vegans have two recipes in the pool: a third kit is the customer's own choice
    vegan = kits[kits["segment"] == "vegan"].groupby("box_id")["item_id"].agg(set)
    assert all({"r3", "r5"} <= box for box in vegan)
    assert any("r6" in box for box in vegan)


def test_no_pool_means_no_default_boxes() -> None:
    assert not run(with_defaults(0.4), with_pool())["orders"]["is_default"].any()


def test_a_class_that_may_choose_nothing_is_an_error() -> None:
    exclusions = [{"segment": "family", "recipe_id": recipe} for recipe in ("r1", "r2", "r3")]
    demand = two_classes("family", shares=False)
    rows = demand.choices.utilities
    rows = rows[(rows["segment"] != "family") | (rows["utility"] > 0)]
    picky = dataclasses.replace(demand, choices=Choices(rows, demand.choices.shares))
    with pytest.raises(DataError, match="may choose no recipe"):
        run(picky, exclusions=exclusions)


def test_what_was_wanted_of_a_capped_recipe_is_told() -> None:
    record = run(recipe_caps=[{"recipe_id": "r3", "max_kits": 11}], draws=4)
    free = run(draws=4)
    table = record["capped_recipes"]
    assert table["recipe_id"].unique().tolist() == ["r3"]
    assert (table["kits_left"] == 10).all()
    lines = free["order_lines"].merge(free["orders"].query("is_simulated")[["box_id"]])
    wanted = lines.query("item_id == 'r3'")["quantity"].sum()
    assert table.loc[table["draw"] == 0, "kits_wanted"].tolist() == [wanted]


def test_a_week_without_a_forecast_holds_its_placed_boxes_alone() -> None:
    record = run(boxes=0.0)
    assert record["orders"]["box_id"].tolist() == ["o1", "o2", "o3"]
    assert record["draw_digests"]["boxes"].tolist() == [0, 0, 0]
