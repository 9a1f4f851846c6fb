"""What the plan forbids or bounds: exclusions, caps, availability, limits per box."""

import dataclasses
from typing import Any

import pandas as pd
import pytest
from worlds import RECIPES, SEGMENTS, VEGAN, WEEK, small_demand, small_plan, small_week

from sitecast.errors import DataError
from sitecast.records.demand_forecast import Choices, DemandForecast
from sitecast.records.week_record import SimulatedOrders, WeekData
from sitecast.simulate import simulate_orders


def simulated_kits(record: SimulatedOrders) -> pd.DataFrame:
    """Kits of draw 0's simulated boxes, with their segment."""
    boxes = record["orders"].query("is_simulated")[["box_id", "segment"]]
    lines = record["order_lines"].query("item_type == 'recipe'")
    return lines.merge(boxes, on="box_id")


def run(
    week: WeekData | None = None, demand: DemandForecast | None = None, **simulator: Any
) -> SimulatedOrders:
    plan = small_plan(draws=3, simulator=simulator)
    return simulate_orders(week or small_week(plan), demand or small_demand(), plan)


def every_segment_likes_everything() -> DemandForecast:
    shares = [(segment, recipe, 1 / 6, 0.0) for segment in SEGMENTS for recipe in RECIPES]
    columns = ["segment", "recipe_id", "share", "cv"]
    choices = Choices.of_shares(pd.DataFrame(shares, columns=columns))
    return dataclasses.replace(small_demand(), choices=choices)


def test_excluded_recipes_and_diets_are_left_out() -> None:
    exclusions = [
        {"segment": "vegan", "without_diet_tag": "vegan"},
        {"segment": "family", "recipe_id": "r2"},
    ]
    kits = simulated_kits(run(None, every_segment_likes_everything(), exclusions=exclusions))
    eaten = kits.groupby("segment")["item_id"].agg(set)
    assert eaten["vegan"] == set(VEGAN)
    assert eaten["family"] == set(RECIPES) - {"r2"}


def test_segment_that_may_choose_nothing_is_an_error_with_a_remedy() -> None:
    exclusions = [{"segment": "vegan", "without_diet_tag": "raw"}]
    with pytest.raises(DataError, match=r"segment 'vegan'.*no recipe.*loosen its exclusions"):
        run(exclusions=exclusions)


def test_segment_without_portions_it_can_be_served_is_an_error() -> None:
    demand = small_demand()
    portions = demand.portions.assign(portions=3)
    with pytest.raises(DataError, match=r"segment 'family'.*no possible portions"):
        run(None, dataclasses.replace(demand, portions=portions))


def test_segment_without_box_sizes_is_an_error() -> None:
    demand = dataclasses.replace(small_demand(), box_sizes=small_demand().box_sizes.iloc[:2])
    with pytest.raises(DataError, match=r"segment 'vegan'.*no possible n_kits"):
        run(None, demand)


def test_cells_outside_the_week_are_an_error() -> None:
    demand = small_demand()
    late = demand.boxes.assign(delivery_date=demand.boxes["delivery_date"] + pd.Timedelta("9D"))
    with pytest.raises(DataError, match=r"18 cells of the box forecast are outside the week"):
        run(None, dataclasses.replace(demand, boxes=late))


def test_unavailable_recipes_are_not_chosen() -> None:
    menu = pd.DataFrame({"menu_week": WEEK, "recipe_id": list(RECIPES)})
    menu["available"] = menu["recipe_id"] != "r3"
    kits = simulated_kits(run(small_week(menu=menu)))
    assert set(kits["item_id"]) == set(RECIPES) - {"r3"}


def test_kits_exist_only_at_portions_with_a_bill_of_materials() -> None:
    bom = small_week()["recipe_bom"]
    bom = bom[(bom["recipe_id"] != "r3") | (bom["portions"] == 4)]
    kits = simulated_kits(run(small_week(recipe_bom=bom)))
    assert set(kits.loc[kits["item_id"] == "r3", "portions"]) == {4}


@pytest.mark.parametrize(("menu_limit", "plan_limit", "most"), [(1, 1, 1), (1, 2, 2), (3, 1, 3)])
def test_a_box_repeats_a_recipe_up_to_its_limit(
    menu_limit: int, plan_limit: int, most: int
) -> None:
    menu = pd.DataFrame({"menu_week": WEEK, "recipe_id": list(RECIPES), "max_per_box": menu_limit})
    kits = simulated_kits(run(small_week(menu=menu), max_per_recipe=plan_limit))
    assert kits["quantity"].max() == most


def test_placed_kits_use_up_a_cap_first_and_none_is_exceeded() -> None:
    caps = [{"recipe_id": "r3", "max_kits": 11}, {"recipe_id": "r1", "max_kits": 1}]
    record = run(recipe_caps=caps)
    kits = simulated_kits(record).groupby("item_id")["quantity"].sum()
    assert kits["r3"] == 10  # o2 holds one; more boxes want it than may have it
    assert "r1" not in kits.index  # o1 holds the only one
    uncapped = run()
    assert record["cell_boxes"].equals(uncapped["cell_boxes"])


def test_a_cap_of_another_week_does_not_bind() -> None:
    capped = run(recipe_caps=[{"recipe_id": "r3", "max_kits": 0, "menu_week": "2026-W50"}])
    assert capped["draw_digests"].equals(run()["draw_digests"])


def test_boxes_that_did_not_want_a_capped_recipe_stay_as_they_are() -> None:
    def baskets(record: SimulatedOrders) -> pd.Series:
        return simulated_kits(record).groupby("box_id")["item_id"].agg(tuple)

    free, capped = baskets(run()), baskets(run(recipe_caps=[{"recipe_id": "r3", "max_kits": 20}]))
    unaffected = [box for box, items in free.items() if "r3" not in items]
    assert unaffected
    pd.testing.assert_series_equal(free[unaffected], capped[unaffected])


def test_a_menu_too_small_gives_shorter_boxes() -> None:
    demand = small_demand()
    sizes = demand.box_sizes.assign(n_kits=demand.box_sizes["n_kits"] + 3)
    kits = simulated_kits(run(None, dataclasses.replace(demand, box_sizes=sizes)))
    per_box = kits.groupby(["segment", "box_id"]).size()
    assert set(per_box["vegan"]) == {3}
    assert set(per_box["family"]) == {5, 6}


def test_sold_out_everywhere_leaves_empty_boxes_not_an_endless_loop() -> None:
    caps = [{"recipe_id": recipe, "max_kits": 0} for recipe in RECIPES]
    record = run(recipe_caps=caps)
    assert simulated_kits(record).empty
    assert record["draw_digests"]["boxes"].min() > 0
