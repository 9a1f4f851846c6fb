"""Menus of an invented company on which recipes of one kind take kits from each other."""

from dataclasses import replace

import numpy as np
import pytest

from sitecast.demand.fading_shares import shares
from sitecast.demand.menu_context import context_factors
from sitecast.demand.past_kits import PastKits


def company(rng, rivalry, newness=0.0, weeks=20, promoted=0.0, dearer=0.0, lower=0.0):
    """Twelve of 24 recipes a week, of four kinds; `rivalry` per logarithm of how many are alike.

    What menus declare: places at random, a third promoted, a quarter with a surcharge of 300.
    """
    groups = np.repeat(np.arange(4), 6)
    menus = np.zeros((weeks + 1, 24))
    for menu in menus:
        menu[rng.choice(24, 12, replace=False)] = 1.0
    menus[:-1, 0], menus[-1, 0] = 0.0, 1.0  # new in the week to forecast
    alike = np.stack([menus[:, groups == kind].sum(axis=1) for kind in groups], axis=1)
    new = (menus > 0) & (np.cumsum(menus, axis=0) == 1)
    popular = 0.3 * rng.standard_normal(24)
    popular[0] = 0.0  # the new one is as its kind is on average
    declared = np.stack([
        rng.permuted(np.tile(np.arange(1.0, 25.0), (weeks + 1, 1)), axis=1),
        300.0 * (rng.random(menus.shape) < 0.25), 1.0 * (rng.random(menus.shape) < 0.33),
    ], axis=-1)  # fmt: skip
    shown = lower * np.log(declared[:, :, 0]) + dearer * declared[:, :, 1] / 300
    shown += promoted * declared[:, :, 2]
    liked = popular + rivalry * np.log(np.maximum(alike, 1)) + newness * new + shown
    weight = menus * np.exp(liked)
    true = weight / weight.sum(axis=1, keepdims=True)
    kits = rng.multinomial(20_000, true[:-1])[None].astype(float)
    order = np.argsort(-menus[-1], kind="stable")  # what is offered comes first
    past = PastKits(["all"], [str(recipe) for recipe in order], kits[:, :, order],
                    menus[:-1][:, order], np.arange(weeks, 0, -1.0), groups[order],
                    np.zeros((24, 0)), np.zeros((1, 24)), declared[:, order])  # fmt: skip
    return past, true[-1, order[:12]], int(np.flatnonzero(order == 0)[0])


def test_cannibalisation_is_learned_where_it_is(monkeypatch):
    def missed(rivalry):
        rng = np.random.default_rng(1)
        worlds = [company(rng, rivalry) for _ in range(5)]
        return sum(np.abs(shares(past, 12).share[0] - true).sum() for past, true, _ in worlds)

    ours = missed(-0.5)
    assert missed(0.0) < 1.3 * ours, "no rivalry, nothing to lose by looking for it"
    monkeypatch.setattr(
        "sitecast.demand.fading_shares.context_factors",
        lambda past, rate, offered: np.ones((len(past.age) + 1, len(rate))),
    )
    assert ours < 0.75 * missed(-0.5)


def test_a_new_recipe_gets_what_new_ones_got():
    rng = np.random.default_rng(2)
    past, true, new = company(rng, 0.0, newness=0.6)
    plain, _, _ = company(np.random.default_rng(2), 0.0)
    told, without = shares(past, 12).share[0], shares(plain, 12).share[0]
    assert told[new] > 1.25 * without[new]
    assert told[new] == pytest.approx(true[new], rel=0.3)


def test_place_surcharge_and_promotion_of_a_menu_are_learned_from_past_menus():
    rng = np.random.default_rng(4)
    worlds = [company(rng, 0.0, promoted=0.6, dearer=-0.4, lower=-0.2) for _ in range(5)]
    blind = [replace(past, declared=np.zeros_like(past.declared)) for past, _, _ in worlds]

    def missed(pasts):
        return sum(np.abs(shares(past, 12).share[0] - true).sum()
                   for past, (_, true, _) in zip(pasts, worlds, strict=True))  # fmt: skip

    assert missed(past for past, _, _ in worlds) < 0.4 * missed(blind)


def test_one_known_menu_says_nothing_about_menus():
    past, _, _ = company(np.random.default_rng(3), -0.5, weeks=1)
    np.testing.assert_array_equal(context_factors(past, np.full(24, 0.1), 12), 1.0)
