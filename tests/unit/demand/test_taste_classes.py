"""Taste classes against a likelihood written out, and on companies with and without them."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import minimize
from worlds import small_week

from benchmarks.taste_classes import errors, invent
from sitecast.demand import taste_classes
from sitecast.demand.fading_shares import shares
from sitecast.demand.past_kits import recipe_traits
from sitecast.demand.taste_classes import TasteClasses, one_class, one_class_more
from sitecast.records.demand_forecast import Choices

SMALL = {"pool": 48, "menu": 20, "segments": 4}
PLANTED = TasteClasses(
    np.array([[2.0, 0.0], [-1.0, 0.5]]), np.array([[0.0, 0.0], [0.4, -0.4], [-0.4, 0.4]])
)


def planted():
    """(kits, appeal, traits): 2 segments, 8 menus of 6 of 8 recipes, many kits."""
    rng = np.random.default_rng(1)
    traits = np.column_stack([[1, 1, 1, -1, -1, -1, -1, 1], [1, -1, 0, 1, -1, 0, 1, -1]]) * 1.0
    menus = np.array([rng.permutation([1.0] * 6 + [0.0] * 2) for _ in range(8)])
    appeal = menus * np.exp(0.3 * rng.standard_normal((2, 1, 8)))
    mixed = appeal * PLANTED.pull(appeal, traits)
    return 2_000_000 * mixed, appeal, traits


def surprisal(point, kits, appeal, traits):
    """Minus the penalised log-likelihood, menu by menu and class by class."""
    effect, leaning = point[:4].reshape(2, 2), point[4:].reshape(3, 2)
    value = np.square(point).sum() / (2 * taste_classes.PRIOR_SD**2)
    for s in range(2):
        odds = np.exp(leaning[0] + leaning[1 + s])
        for w in range(8):
            chosen = 0.0
            for c in range(2):
                weight = appeal[s, w] * np.exp(traits @ effect[c])
                chosen = chosen + odds[c] / odds.sum() * weight / weight.sum()
            some = kits[s, w] > 0
            value -= (kits[s, w][some] / taste_classes.CLUMPS * np.log(chosen[some])).sum()
    return value


def test_planted_classes_are_found_and_are_the_most_likely(monkeypatch):
    monkeypatch.setattr(taste_classes, "MOST_STEPS", 1000)
    kits, appeal, traits = planted()
    found = one_class_more(kits, appeal, traits, one_class(2, 2))
    order = np.argsort(-found.effect[:, 0])
    np.testing.assert_allclose(found.effect[order], PLANTED.effect, atol=0.05)
    np.testing.assert_allclose(found.share[:, order], PLANTED.share, atol=0.02)

    point = np.concatenate([PLANTED.effect.ravel(), PLANTED.leaning.ravel()])
    oracle = minimize(surprisal, point, args=(kits, appeal, traits), method="BFGS")
    ours = np.concatenate([found.effect.ravel(), found.leaning.ravel()])
    assert surprisal(ours, kits, appeal, traits) == pytest.approx(oracle.fun, rel=1e-9)


def test_classes_are_used_where_customers_have_them_and_forecast_better():
    company = invent(1, classes=3, **SMALL)
    past, truth = company.past(26, lead=1)
    several = shares(past, len(truth[0]))
    assert len(several.of_class) > 1
    np.testing.assert_allclose(several.share[:4].sum(axis=1), 1.0, rtol=1e-9)
    alike = shares(replace(past, traits=past.traits[:, :0]), len(truth[0]))
    missed = [errors(told.share, truth, company.volume) for told in (several, alike)]
    assert (missed[0] < 0.8 * missed[1]).all()

    placed = past.placed.copy()
    placed[:, 0] = 400.0
    booked = shares(replace(past, placed=placed), len(truth[0]))
    assert (booked.share[:, 0] > several.share[:, 0]).all(), "the order book moves classes too"
    np.testing.assert_array_equal(booked.class_share, several.class_share)


def test_classes_are_not_used_where_customers_have_none():
    past, truth = invent(1, **SMALL).past(26, lead=4)
    told = shares(past, len(truth[0]))
    blind = shares(replace(past, traits=past.traits[:, :0]), len(truth[0]))
    assert len(told.of_class) == 1
    np.testing.assert_array_equal(told.share, blind.share)


def test_a_segment_that_is_a_mixture_says_so_to_the_simulator():
    told = Choices.of_classes(pd.DataFrame({
        "segment": "s", "taste_class": [0, 0, 1, 1], "class_share": [0.25, 0.25, 0.75, 0.75],
        "recipe_id": ["a", "b", "a", "b"], "share": [0.5, 0.5, 0.1, 0.9], "cv": 0.1,
    }))  # fmt: skip
    np.testing.assert_allclose(told.shares["share"], [0.2, 0.8])
    assert told.utilities["taste_class"].tolist() == [0, 0, 1, 1]
    assert told.utilities["class_share"].tolist() == [0.25, 0.25, 0.75, 0.75]


def test_traits_are_what_some_recipes_have_and_others_not():
    known = [
        {"protein": "tofu", "diet_tags": ["vegan", "gluten-free"], "cook_min": 20, "hot": True},
        {"protein": "tofu", "diet_tags": ["vegan"], "cook_min": 40, "hot": True},
        {"protein": "beef", "diet_tags": [], "hot": True},
        {"protein": "beef", "cook_min": 30, "hot": True, "servings": 2},
        {"protein": "eel", "hot": True},
    ]
    recipes = pd.DataFrame({
        "recipe_id": list("abcde"), "name": "x", "first_menu_week": None,
        "attributes": [json.dumps(attributes) for attributes in known],
    })  # fmt: skip
    traits = recipe_traits(small_week(recipes=recipes), [*"abcde", "unheard of"])
    words = {tuple(column > 0) for column in traits[:, :-1].T}
    assert words == {(True, True, False, False, False, False),
                     (False, False, True, True, False, False)}  # fmt: skip
    np.testing.assert_allclose(traits[:, -1], np.sqrt(1.5) * np.array([-1, 1, 0, 0, 0, 0]))
    assert recipe_traits(small_week(recipes=recipes.assign(attributes=None)), ["a"]).shape == (1, 0)
