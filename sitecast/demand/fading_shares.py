"""Shares that follow the nation quickly and a segment's taste slowly, and the order book at once.

share ∝ rate of the recipe × liking of the segment. Rates are the nation's and fade. Likings compare
a segment with the nation of the same weeks, so that they are free of what moved everybody, and are
drawn to 1. Where past weeks were forecast better so, a segment is a mixture of taste classes that
share one rate and liking, and of which each looks for other attributes.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sitecast.demand.fading_rates import MOST_TARGETS, rates
from sitecast.demand.likings import differences, likings
from sitecast.demand.menu_context import context_factors
from sitecast.demand.past_kits import Floats, PastKits, read_past_kits
from sitecast.demand.taste_classes import TasteClasses, fit_classes, one_class, one_class_more
from sitecast.records.demand_forecast import Choices
from sitecast.records.plan import ForecastPlan
from sitecast.records.week_record import WeekData

MOST_CLASSES = 3
LEAST_GAIN = 0.02
"""Part of the error of past forecasts that several classes must save; less is chance."""
LEAST_WEEKS = 8
"""That teach classes before past forecasts judge them."""
ROUNDS = 2
"""Of classes and menus given rates and likings, and of these given those."""


class FadingShares:
    """Counts faded, shrunk and compared as far as past weeks say that it helps."""

    def choices(self, week: WeekData, plan: ForecastPlan, segments: list[str]) -> Choices:
        """See ChoiceModel.choices.

        A recipe never sold is as uncertain as recipes differ, a segment never seen as segments do.
        """
        menu = week["menu"]
        offered = sorted(menu.loc[menu["available"], "recipe_id"].astype(object))
        past = read_past_kits(week, plan, segments, offered)
        told = shares(past, len(offered))
        classes, _, recipes = told.of_class.shape
        shape = (len(segments), classes, recipes)
        key = [place.ravel() for place in np.indices(shape)]
        return Choices.of_classes(pd.DataFrame({
            "segment": np.array(segments, dtype=object)[key[0]], "taste_class": key[1],
            "class_share": told.class_share[key[0], key[1]],
            "recipe_id": np.array(offered, dtype=object)[key[2]],
            "share": told.of_class[key[1], key[0], key[2]],
            "cv": np.sqrt(told.doubt)[key[0], key[2]],
        }))  # fmt: skip


@dataclass(frozen=True)
class MenuShares:
    """How segments choose from one menu; they and recipes are the first of the past kits."""

    of_class: Floats
    """(classes, segments, recipes) P(recipe | kit of the class)."""
    class_share: Floats
    """(segments, classes) P(class | kit)."""
    doubt: Floats
    """(segments, recipes) squared relative doubt of the shares."""

    @property
    def share(self) -> Floats:
        """(segments, recipes) P(recipe | kit)."""
        return np.asarray((self.class_share.T[:, :, None] * self.of_class).sum(axis=0))


def shares(past: PastKits, offered: int) -> MenuShares:
    """Shares of the first `offered` recipes, which the week's menu has."""
    factors = context_factors(past, rates(past, np.ones(past.on_menu.shape))[0], offered)
    known = _learned(past, factors[:-1], _classes_that_helped(past, factors[:-1]))
    told = known.on_menu(factors[-1:], past.traits, offered)
    known = known.with_book(past.placed[:, :offered], told.share)
    return known.on_menu(factors[-1:], past.traits, offered)


@dataclass(frozen=True)
class _Known:
    """What past weeks teach.

    A kit is a recipe with probability ∝ rate × liking × what the menu makes of it × what its taste
    class makes of the recipe's traits.
    """

    rate: Floats
    """(recipes,)"""
    rate_doubt: Floats
    """(recipes,) squared relative."""
    liking: Floats
    """(segments, recipes)"""
    liking_doubt: Floats
    """(segments, recipes) squared relative."""
    classes: TasteClasses

    def appeal(self, menus: Floats) -> Floats:
        """(segments, weeks, recipes) on menus (weeks, recipes) of context factors or 0."""
        return (self.rate * menus) * self.liking[:, None]

    def on_menu(self, factors: Floats, traits: Floats, offered: int) -> MenuShares:
        appeal = self.appeal(factors)[:, 0, :offered]
        doubt = (self.rate_doubt + self.liking_doubt)[:, :offered]
        return MenuShares(self.classes.chosen(appeal, traits[:offered]), self.classes.share, doubt)

    def with_book(self, placed: Floats, share: Floats) -> "_Known":
        """After the week's own order book: the more is placed, the less the past counts.

        A book that contradicts the past by more than past weeks did is itself the measure of doubt.
        """
        offered = slice(placed.shape[1])
        told, count = placed.sum(axis=1) @ share, placed.sum(axis=0)
        contradicts = differences(count, told, 1.0) if count.any() else 0.0
        shape = 1 / np.maximum(self.rate_doubt[offered], contradicts)
        rate, doubt = self.rate.copy(), self.rate_doubt.copy()
        rate[offered] *= (count + shape) / (told + shape)
        doubt[offered] = 1 / (count + shape)
        return _Known(rate, doubt, self.liking, self.liking_doubt, self.classes)


def _learned(past: PastKits, factors: Floats, start: TasteClasses) -> _Known:
    """Rates, likings and as many classes as there are to start from."""
    one = one_class(len(past.segments), past.traits.shape[1])
    known = _Known(*rates(past, factors), *likings(past), one)
    for _ in range(ROUNDS):
        appeal = known.appeal(past.on_menu * factors)
        start = fit_classes(past.kits, appeal, past.traits, start)
        known = _with_classes(past, factors, start, appeal)
    return known


def _with_classes(past: PastKits, factors: Floats, classes: TasteClasses, appeal: Floats) -> _Known:
    """Rates and likings, given what classes made of appeals (segments, weeks, recipes)."""
    pull = classes.pull(appeal, past.traits)
    part = past.kits.sum(axis=2) / np.maximum(past.kits.sum(axis=(0, 2)), 1e-12)
    of_nation = np.einsum("sw,swr->wr", part, pull)
    relative = np.divide(pull, of_nation, out=np.ones_like(pull), where=of_nation > 0)
    return _Known(*rates(past, factors * of_nation), *likings(past, relative), classes)


def _classes_that_helped(past: PastKits, factors: Floats) -> TasteClasses:
    """As many taste classes as forecast the latest weeks best, fitted on the weeks before them."""
    one = one_class(len(past.segments), past.traits.shape[1])
    latest = np.sort(past.age)[:MOST_TARGETS]
    before = past.before(float(latest.max(initial=0.0)))
    if len(before.age) < LEAST_WEEKS or not past.traits.size:
        return one
    menus = past.on_menu * factors
    held, earlier = np.isin(past.age, latest), factors[: len(before.age)]
    classes = [one]
    plain = _learned(before, earlier, one)
    appeal = plain.appeal(before.on_menu * earlier)
    missed = [_missed(past, plain, menus, held)]
    while len(classes) < MOST_CLASSES:
        more = one_class_more(before.kits, appeal, before.traits, classes[-1])
        classes.append(more)
        missed.append(_missed(past, _with_classes(before, earlier, more, appeal), menus, held))
    best = int(np.argmin(missed))
    return classes[best] if missed[best] < (1 - LEAST_GAIN) * missed[0] else one


def _missed(past: PastKits, known: _Known, menus: Floats, held: NDArray[np.bool_]) -> float:
    """Σ |kits − forecast| of segments and recipes in the weeks held out."""
    appeal, kits = known.appeal(menus[held]), past.kits[:, held]
    told = appeal * known.classes.pull(appeal, past.traits) * kits.sum(axis=2, keepdims=True)
    return float(np.abs(kits - told).sum())
