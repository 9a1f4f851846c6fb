"""The example model of docs/how-to/swap-a-model.md, against independent oracles."""

import importlib.util
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import minimize
from worlds import RECIPES, WEEK, small_plan, small_week

from sitecast.demand import forecast_demand
from sitecast.records.tables_history import HISTORY_ITEMS, HISTORY_MENU
from sitecast.records.week_record import WeekData

PLACE = Path(__file__).parents[3] / "examples" / "choice_model" / "multinomial_logit.py"
SPEC = importlib.util.spec_from_file_location("multinomial_logit", PLACE)
example = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(example)

PAST = ["2026-W46", "2026-W47"]


def taught(pieces, recipes=None, menu=None):
    """The small week after two weeks in which all six recipes sold `pieces` by segment."""
    rows = [(week, segment, "recipe", recipe, count) for week in PAST
            for segment, counts in pieces.items() for recipe, count in counts.items()]  # fmt: skip
    columns = [column.name for column in HISTORY_ITEMS.columns]
    tables = {} if recipes is None else {"recipes": recipes}
    week = small_week(**tables, **({} if menu is None else {"menu": menu}))
    history = {
        "history_items": HISTORY_ITEMS.shaped(pd.DataFrame(rows, columns=columns)),
        "history_menu": HISTORY_MENU.empty(),
    }
    return WeekData(week.provenance, {**week.tables, **history})


def answer(week):
    return forecast_demand(week, small_plan(), choice=example.MultinomialLogit()).choices


def grouped_data(seed=3):
    rng = np.random.default_rng(seed)
    weeks = np.kron(np.eye(4), np.ones(7))
    x, offset = rng.normal(size=(28, 3)), rng.normal(size=28)
    return x, rng.poisson(40.0, 28).astype(float), offset, weeks


def penalised(beta, x, counts, offset, weeks):
    """Minus the log posterior, written out menu by menu."""
    total = np.square(beta).sum() / (2 * example.PRIOR_SD**2)
    for row in weeks.astype(bool):
        utility = offset[row] + x[row] @ beta
        total -= (counts[row] * (utility - np.log(np.exp(utility).sum()))).sum()
    return total


def test_newton_finds_the_optimum_and_its_curvature():
    data = grouped_data()
    beta, covariance = example.fit(*data)
    best = minimize(penalised, np.zeros(3), args=data, method="BFGS", options={"gtol": 1e-8})
    assert beta == pytest.approx(best.x, abs=1e-5)
    step, eye = 1e-4, np.eye(3)
    curve = [
        [
            (penalised(beta + step * (i + j), *data) - penalised(beta + step * (i - j), *data)
             - penalised(beta - step * (i - j), *data) + penalised(beta - step * (i + j), *data))
            / (4 * step**2)
            for i in eye
        ]
        for j in eye
    ]  # fmt: skip
    assert np.linalg.inv(np.array(curve)) == pytest.approx(covariance, rel=1e-3)


def test_taste_classes_fit_no_worse_than_one():
    x, counts, offset, weeks = grouped_data()
    x[:, 0] = np.abs(x[:, 0])

    def likelihood(parts):
        shares = sum(part * example.chosen(offset + x @ own, weeks) for part, own, _ in parts)
        return (counts * np.log(shares)).sum()

    found = example.taste_classes(x, counts, offset, weeks)
    assert sum(part for part, _, _ in found) == pytest.approx(1.0)
    assert likelihood(found) > likelihood([(1.0, np.zeros(3), None)])


def test_well_known_recipes_keep_their_shares():
    told = dict(zip(RECIPES, (6000, 1000, 2000, 3000, 1000, 1000), strict=True))
    week = taught({"family": told, "vegan": dict.fromkeys(RECIPES, 2000)})
    choices = answer(week)
    family = choices.shares.set_index(["segment", "recipe_id"])["share"]["family"]
    assert family.to_numpy() == pytest.approx(np.array([6, 1, 2, 3, 1, 1]) / 14, rel=0.1)
    by_hand = choices.utilities.assign(weight=np.exp(choices.utilities["utility"]))
    classes = by_hand.groupby(["segment", "taste_class"])
    by_hand["share"] = (
        by_hand["class_share"] * by_hand["weight"] / classes["weight"].transform("sum")
    )
    mixed = by_hand.groupby(["segment", "recipe_id"])["share"].sum()
    assert mixed["family"].to_numpy() == pytest.approx(family.to_numpy())


def test_an_unseen_recipe_is_less_certain_than_a_known_one():
    recipes = pd.DataFrame({"recipe_id": [*RECIPES, "new"], "name": "x",
                            "attributes": '{"protein": "beef", "cuisine": "thai"}'})  # fmt: skip
    menu = pd.DataFrame({"menu_week": WEEK, "recipe_id": [*RECIPES, "new"]})
    week = taught({"family": dict.fromkeys(RECIPES, 500)}, recipes, menu)
    sd = answer(week).utilities.groupby("recipe_id")["sd"].mean()
    assert sd["new"] > 2 * sd.drop("new").max()


def test_rivals_with_the_same_protein_cost_a_recipe_its_share():
    proteins = {
        "r1": "beef",
        "r2": "fish",
        "r3": "tofu",
        "r4": "beans",
        "r5": "lentils",
        "r6": "egg",
    }
    recipes = pd.DataFrame({
        "recipe_id": [*proteins, "b2", "b3"], "name": "x",
        "attributes": [f'{{"protein": "{p}"}}' for p in [*proteins.values(), "beef", "beef"]],
    })  # fmt: skip
    alone = dict.fromkeys(proteins, 900)
    crowded = {"r1": 300, "b2": 300, "b3": 300, "r2": 900, "r3": 900, "r4": 900}
    rows = [(PAST[0], alone), (PAST[1], crowded)]
    columns = [column.name for column in HISTORY_ITEMS.columns]
    told = [(w, "family", "recipe", r, n) for w, counts in rows for r, n in counts.items()]
    items = HISTORY_ITEMS.shaped(pd.DataFrame(told, columns=columns))

    def ratio(*offered):
        menu = pd.DataFrame({"menu_week": WEEK, "recipe_id": list(offered)})
        week = small_week(recipes=recipes, menu=menu)
        tables = {**week.tables, "history_items": items, "history_menu": HISTORY_MENU.empty()}
        shares = answer(WeekData(week.provenance, tables)).shares
        family = shares[shares["segment"] == "family"].set_index("recipe_id")["share"]
        return family["r1"] / family["r2"]

    assert ratio("r1", "b2", "b3", "r2", "r3", "r4") < 0.8 * ratio("r1", "r2", "r3", "r4")


def test_without_history_all_recipes_are_alike():
    shares = answer(taught({})).shares["share"]
    assert shares.to_numpy() == pytest.approx(np.full(12, 1 / 6))
