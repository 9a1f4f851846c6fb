"""Shares on invented worlds whose truth is known; the week's menu is r1 to r6."""

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from worlds import RECIPES, WEEK, small_plan, small_provenance, small_week

from sitecast.demand.fading_shares import FadingShares, shares
from sitecast.demand.past_kits import read_past_kits
from sitecast.records.tables_history import HISTORY_BOXES, HISTORY_ITEMS, HISTORY_MENU
from sitecast.records.week_record import WeekData

MENU = list(RECIPES)
SEGMENTS = [f"s{place}" for place in range(8)]
PLAN = small_plan(history_weeks=20)


def week_of(kits, items=MENU, recipes=None, orders=()):
    """Kits by (segment, week, item) of past weeks; `orders` are (segment, recipe, kits) placed."""
    weeks = kits.shape[1]
    keys = [*(f"w{week:02d}" for week in range(weeks)), WEEK]
    starts = pd.Timestamp("2026-11-28") - pd.to_timedelta(7 * np.arange(weeks, -1, -1), unit="D")
    place = np.argwhere(kits > 0)
    sold = pd.DataFrame({
        "menu_week": np.array(keys)[place[:, 1]], "segment": np.array(SEGMENTS)[place[:, 0]],
        "item_type": "recipe", "item_id": np.array(items)[place[:, 2]], "pieces": kits[kits > 0],
    })  # fmt: skip
    boxes = pd.DataFrame({
        "menu_week": keys[:-1], "delivery_date": starts[:-1], "region_id": "a", "segment": "s0",
        "portions": 2, "n_kits": 3, "boxes": 10, "default_boxes": 0,
    })  # fmt: skip
    history = {"history_boxes": HISTORY_BOXES.shaped(boxes), "history_menu": HISTORY_MENU.empty(),
               "history_items": HISTORY_ITEMS.shaped(sold)}  # fmt: skip
    changed = {"menu_weeks": pd.DataFrame({"menu_week": keys, "start_date": starts,
                                           "end_date": starts})}  # fmt: skip
    base = small_week(**changed, **({} if recipes is None else {"recipes": recipes}))
    order = pd.DataFrame({"order_id": [f"o{n}" for n in range(len(orders))], "is_default": False,
                          "segment": [row[0] for row in orders]})  # fmt: skip
    lines = pd.DataFrame({"order_id": order["order_id"], "item_type": "recipe",
                          "item_id": [row[1] for row in orders],
                          "quantity": [row[2] for row in orders]})  # fmt: skip
    book = {"orders": order, "order_lines": lines}
    return WeekData(small_provenance(PLAN), {**base.tables, **history, **book})


def told(week, segments=tuple(SEGMENTS)):
    """(segments, r1 … r6) shares and their coefficients of variation."""
    choices = FadingShares().choices(week, PLAN, list(segments))
    cv = np.sqrt(np.expm1(np.square(choices.utilities["sd"])))
    frame = choices.shares.assign(cv=cv)
    return [frame.pivot_table(name, "segment", "recipe_id").to_numpy() for name in ("share", "cv")]


def truth(rng, weeks=16):
    """(segments, weeks, recipes) probabilities: tastes stay, the nation moves from week to week."""
    taste = rng.dirichlet(np.full(6, 20.0), len(SEGMENTS))
    moving = np.exp(np.cumsum(0.25 * rng.standard_normal((weeks + 1, 6)), axis=0))
    weight = taste[:, None, :] * moving
    return weight / weight.sum(axis=2, keepdims=True)


def test_tastes_that_stay_and_a_nation_that_moves_are_told_apart():
    rng = np.random.default_rng(1)
    missed = {"ours": 0.0, "mean": 0.0}
    for _ in range(5):
        true = truth(rng)
        kits = rng.multinomial(400, true[:, :-1])
        mean = kits[:, -8:].sum(axis=1) / kits[:, -8:].sum(axis=(1, 2))[:, None]
        missed["ours"] += np.abs(told(week_of(kits))[0] - true[:, -1]).sum()
        missed["mean"] += np.abs(mean - true[:, -1]).sum()
    assert missed["ours"] < 0.75 * missed["mean"]


def test_small_segments_lean_on_the_nation_and_more_so_where_kits_come_in_clumps():
    rng = np.random.default_rng(2)
    true = np.tile([0.3, 0.1, 0.2, 0.2, 0.1, 0.1], (8, 12, 1))
    single, clumped = rng.multinomial(24, true), 12 * rng.multinomial(2, true)
    for kits in (single, clumped):
        mean = kits.sum(axis=1) / kits.sum(axis=(1, 2))[:, None]
        share, _ = told(week_of(kits))
        assert np.abs(share - true[:, 0]).mean() < 0.6 * np.abs(mean - true[:, 0]).mean()


def test_cold_start_a_new_recipe_is_like_its_kind_with_wider_draws():
    old = [f"beef{n}" for n in range(6)] + [f"fish{n}" for n in range(6)]
    attributes = ["beef"] * 6 + ["fish"] * 6 + ["beef", "fish", "beef", "fish", "beef", "fish"]
    recipes = pd.DataFrame({
        "recipe_id": [*old, *MENU], "name": "x", "first_menu_week": None,
        "attributes": [json.dumps({"protein": kind}) for kind in attributes],
    })  # fmt: skip
    rng = np.random.default_rng(3)
    rate = np.array([90.0] * 6 + [30.0] * 6 + [90.0, 30.0]) * rng.gamma(25, 1 / 25, 14)
    kits = rng.poisson(np.tile(rate, (8, 12, 1)))
    share, cv = told(week_of(kits, [*old, "r1", "r2"], recipes))
    assert share[:, 2].mean() == pytest.approx(3 * share[:, 3].mean(), rel=0.25)
    assert cv[:, 2:].min() > 2 * cv[:, :2].max()


def test_cold_start_a_segment_never_seen_chooses_like_the_nation_with_wider_draws():
    rng = np.random.default_rng(4)
    kits = rng.multinomial(500, truth(rng)[:, :-1])
    share, cv = told(week_of(kits), [*SEGMENTS, "new"])  # in the order of the names: new, s0, …
    nation = kits[:, -2:].sum(axis=(0, 1)) / kits[:, -2:].sum()
    assert np.abs(share[0] - nation).max() < 0.1
    assert (cv[0] > cv[1:].max(axis=0)).all()


def test_the_order_book_moves_shares_the_more_the_fuller_it_is():
    rng = np.random.default_rng(5)
    kits = rng.multinomial(300, np.full((8, 16, 6), 1 / 6))
    before, unsure = told(week_of(kits))
    few = [("s0", recipe, count) for recipe, count in zip(MENU, (20, 4, 4, 4, 4, 4), strict=True)]
    many = [(segment, recipe, 10 * count) for segment in SEGMENTS for _, recipe, count in few]
    some, _ = told(week_of(kits, orders=few))
    full, _ = told(week_of(kits, orders=many))
    assert ((before < some) & (some < full))[:, 0].all()
    assert full[:, 0] == pytest.approx(0.5, abs=0.07)
    usual = [(segment, recipe, 100) for segment in SEGMENTS for recipe in MENU]
    assert (told(week_of(kits, orders=usual))[1] < unsure).all()


def test_r7_the_order_of_rows_changes_nothing():
    rng = np.random.default_rng(6)
    week = week_of(rng.multinomial(50, truth(rng)[:, :-1]), orders=[("s1", "r2", 3)])
    mixed = {name: frame.sample(frac=1.0, random_state=3) for name, frame in week.tables.items()}
    again = FadingShares().choices(WeekData(week.provenance, mixed), PLAN, SEGMENTS)
    once = FadingShares().choices(week, PLAN, SEGMENTS)
    pd.testing.assert_frame_equal(once.shares, again.shares, check_exact=True)
    pd.testing.assert_frame_equal(once.utilities, again.utilities, check_exact=True)


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 2**31), st.integers(0, 5), st.sampled_from([0, 1, 30]))
def test_shares_are_probabilities_whatever_was_sold(seed, weeks, kits):
    rng = np.random.default_rng(seed)
    sold = rng.poisson(kits * rng.random((8, weeks, 6)))
    past = read_past_kits(week_of(sold), PLAN, SEGMENTS, MENU)
    told = shares(past, len(MENU))
    share, doubt = told.share, told.doubt
    np.testing.assert_allclose(share[:8].sum(axis=1), 1.0, rtol=1e-9)
    assert (share > 0).all()
    assert np.isfinite(doubt).all()
    assert (doubt > 0).all()
