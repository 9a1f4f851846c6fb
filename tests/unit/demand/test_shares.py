import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from worlds import RECIPES, WEEK, small_plan

from sitecast.demand import ShrunkShares

W46, W47 = "2026-W46", "2026-W47"


def shares_and_cv(choices):
    cv = np.sqrt(np.expm1(np.square(choices.utilities["sd"])))
    return choices.shares.assign(cv=cv)


def shares_of(week, segments=("family", "vegan")):
    frame = shares_and_cv(ShrunkShares().choices(week, small_plan(), list(segments)))
    return frame.pivot_table(index="segment", columns="recipe_id", values=["share", "cv"])


def boxes(*weeks):
    return [(week, pd.Timestamp("2026-11-22"), "a", "family", 2, 2, 10, 0) for week in weeks]


def items(week, segment, **pieces):
    return [(week, segment, "recipe", recipe, count) for recipe, count in pieces.items()]


def test_many_counts_are_believed(week_with_history):
    told = dict(zip(RECIPES, (3000, 1000, 2000, 2000, 1000, 1000), strict=True))
    week = week_with_history(boxes(W47), items(W47, "family", **told))
    shares = shares_of(week)["share"].loc["family"]
    assert shares.to_numpy() == pytest.approx(np.array([0.3, 0.1, 0.2, 0.2, 0.1, 0.1]), rel=0.01)


def test_a_small_segment_leans_on_the_nation(week_with_history):
    told = dict(zip(RECIPES, (3000, 1000, 2000, 2000, 1000, 1000), strict=True))
    rows = items(W47, "family", **told) + items(W47, "vegan", r2=2)
    shares = shares_of(week_with_history(boxes(W47), rows))["share"]
    assert shares.loc["vegan", "r1"] > 0.2
    assert shares.loc["vegan", "r2"] > shares.loc["family", "r2"]


def test_a_recipe_on_the_menu_in_one_week_only_is_not_judged_by_the_other(week_with_history):
    rows = items(W46, "family", r1=500, r2=500) + items(W47, "family", r1=300, r2=300, r3=400)
    menu = [(W46, "r1"), (W46, "r2"), (W47, "r1"), (W47, "r2"), (W47, "r3")]
    shares = shares_of(week_with_history(boxes(W46, W47), rows, menu))["share"].loc["family"]
    assert shares["r3"] / shares["r1"] == pytest.approx(0.4 / 0.4, rel=0.05)


def test_a_recipe_that_was_on_the_menu_and_did_not_sell_is_a_slow_one(week_with_history):
    rows = items(W46, "family", r1=500, r2=500) + items(W47, "family", r1=500, r2=480, r3=20)
    both = [(week, recipe) for week in (W46, W47) for recipe in ("r1", "r2", "r3")]
    known = shares_of(week_with_history(boxes(W46, W47), rows, both))["share"].loc["family"]
    guessed = shares_of(week_with_history(boxes(W46, W47), rows))["share"].loc["family"]
    assert known["r3"] < 0.7 * guessed["r3"]


def test_a_menu_that_says_only_what_sold_anyway_changes_nothing(week_with_history):
    rows = items(W46, "family", r1=500, r2=500) + items(W47, "family", r1=500, r3=500)
    menu = [(W46, "r1"), (W46, "r2")]
    told = shares_of(week_with_history(boxes(W46, W47), rows, menu))
    pd.testing.assert_frame_equal(told, shares_of(week_with_history(boxes(W46, W47), rows)))


def test_a_new_recipe_is_like_those_with_its_attributes_and_less_certain(week_with_history):
    sold = {f"old{i}": 1000 + 10 * i for i in range(6)} | {f"dull{i}": 100 + i for i in range(6)}
    recipes = pd.DataFrame({
        "recipe_id": [*sold, *RECIPES], "name": "x",
        "attributes": ['{"protein": "beef"}'] * 6 + ['{"protein": "fish"}'] * 6
        + ['{"protein": "beef"}', '{"protein": "fish"}', *["{}"] * 4],
    })  # fmt: skip
    told = shares_of(week_with_history(boxes(W47), items(W47, "family", **sold), recipes=recipes))
    share, cv = told["share"].loc["family"], told["cv"].loc["family"]
    assert share["r1"] / share["r2"] > 4
    assert cv["r1"] > 0.03


def test_a_segment_that_avoids_a_protein_avoids_its_new_recipes(week_with_history):
    recipes = pd.DataFrame({
        "recipe_id": ["m1", "m2", "v1", "v2", *RECIPES], "name": "x",
        "attributes": ['{"protein": "beef"}'] * 2 + ['{"protein": "tofu"}'] * 2
        + ['{"protein": "beef"}', '{"protein": "tofu"}', *["{}"] * 4],
    })  # fmt: skip
    rows = items(W47, "family", m1=500, m2=500, v1=500, v2=500)
    rows += items(W47, "vegan", v1=1000, v2=1000)
    share = shares_of(week_with_history(boxes(W47), rows, recipes=recipes))["share"]
    assert share.loc["vegan", "r1"] < 0.1 * share.loc["vegan", "r2"]


def test_only_available_recipes_of_the_menu_have_shares(week_with_history):
    menu = pd.DataFrame({"menu_week": WEEK, "recipe_id": ["r1", "r2"], "available": [True, False]})
    week = week_with_history(boxes(W47), items(W47, "family", r1=5, r2=5, gone=90), menu=menu)
    frame = shares_and_cv(ShrunkShares().choices(week, small_plan(), ["family"]))
    assert frame[["recipe_id", "share"]].to_numpy().tolist() == [["r1", 1.0]]


@settings(max_examples=25, deadline=None)
@given(counts=st.lists(st.integers(0, 10_000), min_size=12, max_size=12))
def test_shares_are_probabilities_whatever_was_sold(week_with_history, counts):
    pairs = zip(itertools.product(("family", "vegan"), RECIPES), counts, strict=True)
    rows = [(W47, segment, "recipe", recipe, n) for (segment, recipe), n in pairs if n]
    told = shares_of(week_with_history(boxes(W47), rows), ("family", "vegan", "unseen"))
    assert told["share"].sum(axis=1).to_numpy() == pytest.approx(np.ones(3))
    assert (told["share"] > 0).all(axis=None)
    assert (told["cv"] > 0).all(axis=None)


def test_without_history_all_recipes_are_alike(week_with_history):
    told = shares_of(week_with_history())
    assert told["share"].to_numpy() == pytest.approx(np.full((2, 6), 1 / 6))
    assert (told["cv"] >= 0.5).all(axis=None)
