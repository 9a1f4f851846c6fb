"""Shares that follow the nation quickly and a segment's taste slowly, and the order book at once.

share ∝ rate of the recipe × liking of the segment. Rates are kits per kit sold while the recipe was
on a menu, older weeks fading as fast as past forecasts were best; a recipe with few kits is drawn
to recipes with its attributes. Likings compare a segment with the nation of the same weeks, so that
they are free of what moved everybody, and are drawn to 1. Every prior's weight is measured:
from how much counts differ beyond what they differ from week to week (kits come in clumps).
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from sitecast.demand.menu_context import context_factors
from sitecast.demand.past_kits import Floats, Ints, PastKits, read_past_kits
from sitecast.records.demand_forecast import Choices
from sitecast.records.plan import ForecastPlan
from sitecast.records.week_record import WeekData

HALF_LIVES = (1.0, 2.0, 4.0, 8.0, 16.0, 1e6)
"""Weeks after which sales count half."""
MOST_TARGETS = 8
LEAST, MOST = 0.05**2, 4.0
"""Squared relative differences between true rates that are believed; MOST: nothing is known."""
UNTRIED = 0.1
"""Squared relative error of a forecast rate while there is no past one to measure it by."""


class FadingShares:
    """Counts faded, shrunk and compared as far as past weeks say that it helps."""

    def choices(self, week: WeekData, plan: ForecastPlan, segments: list[str]) -> Choices:
        """See ChoiceModel.choices.

        A recipe never sold is as uncertain as recipes differ, a segment never seen as segments do.
        """
        menu = week["menu"]
        offered = sorted(menu.loc[menu["available"], "recipe_id"].astype(object))
        past = read_past_kits(week, plan, segments, offered)
        share, doubt = shares(past, len(offered))
        share, doubt = share[: len(segments)], doubt[: len(segments)]
        return Choices.of_shares(pd.DataFrame({
            "segment": np.repeat(np.array(segments, dtype=object), len(offered)),
            "recipe_id": np.tile(np.array(offered, dtype=object), len(segments)),
            "share": share.ravel(), "cv": np.sqrt(doubt).ravel(),
        }))  # fmt: skip


def shares(past: PastKits, offered: int) -> tuple[Floats, Floats]:
    """(segments, offered) shares and their squared relative doubt, of the first recipes."""
    liking, unsure = (values[:, :offered] for values in likings(past))
    factors = context_factors(past, _rates(past, np.ones(past.on_menu.shape))[0], offered)
    rate, doubt = _rates(past, factors[:-1])
    rate, doubt = (rate * factors[-1])[:offered], doubt[:offered]
    rate, doubt = _placed_too(past.placed[:, :offered], liking, rate, doubt)
    share = rate * liking
    return share / share.sum(axis=1, keepdims=True), doubt + unsure


@dataclass(frozen=True)
class _Nation:
    """What is known of recipes' rates: (weeks, recipes) kits, and kits sold beside them."""

    kits: Floats
    beside: Floats
    age: Floats
    groups: Ints

    def before(self, week: int, lag: float) -> "_Nation":
        """What was known for the forecast of a past week."""
        age = self.age - self.age[week]
        known = age >= lag
        return _Nation(self.kits[known], self.beside[known], age[known], self.groups)


def _rates(past: PastKits, factors: Floats) -> tuple[Floats, Floats]:
    """(recipes,) rate where the menu does nothing to it, and its squared relative error.

    Args:
        past: what sold.
        factors: (weeks, recipes) what each past menu did to the rates.
    """
    nation = past.nation
    beside = nation.sum(axis=1)[:, None] * past.on_menu * factors
    known = _Nation(nation, beside, past.age, past.groups)
    lag = float(past.age.min(initial=1.0))
    weeks = np.argsort(past.age)[:MOST_TARGETS]
    targets = [(week, known.before(int(week), lag)) for week in weeks]
    targets = [(week, seen) for week, seen in targets if len(seen.age)]
    if not targets:
        rate, doubt = _faded(known, HALF_LIVES[-1])
        return rate, doubt + UNTRIED
    errors = [_errors(known, targets, half_life) for half_life in HALF_LIVES]
    best = int(np.argmin([missed for missed, _ in errors]))
    rate, doubt = _faded(known, HALF_LIVES[best])
    return rate, doubt + errors[best][1]


def _errors(
    known: _Nation, targets: list[tuple[int, _Nation]], half_life: float
) -> tuple[float, float]:
    """Absolute error of past forecasts, and their squared relative error beyond Poisson."""
    missed, beyond, square = 0.0, 0.0, 1e-12
    for week, seen in targets:
        rate, _ = _faded(seen, half_life)
        told = rate * known.beside[week]
        total = known.kits[week].sum()
        told *= total / max(told.sum(), 1e-12)
        error = known.kits[week] - told
        missed += float(np.abs(error).sum())
        beyond += float((np.square(error) - told).sum())
        square += float(np.square(told).sum())
    return missed, float(np.clip(beyond / square, LEAST, 1.0))


def _faded(known: _Nation, half_life: float) -> tuple[Floats, Floats]:
    """(recipes,) rates drawn to those of their attribute group, and what is unsure of them."""
    weight = 0.5 ** (known.age / half_life)[:, None]
    weight = weight / weight.max(initial=1e-300)
    kits, beside = (weight * known.kits).sum(axis=0), (weight * known.beside).sum(axis=0)
    average = kits.sum() / beside.sum() if beside.sum() > 0 else 1.0
    member = np.eye(int(known.groups.max(initial=-1)) + 1)[known.groups]
    of_group, beside_group = kits @ member, beside @ member
    differ = _differ(of_group, average * beside_group, 1.0)
    group = _drawn(of_group, beside_group, np.full(len(of_group), average), differ)
    prior = group[known.groups]
    differ = _differ(kits, prior * beside, 1.0)
    return _drawn(kits, beside, prior, differ), 1 / (kits + 1 / differ)


def likings(past: PastKits) -> tuple[Floats, Floats]:
    """(segments, recipes) how much more than the nation, and the squared relative doubt."""
    total = past.nation.sum(axis=1)
    of_nation = past.nation / np.maximum(total, 1e-12)[:, None]
    expected = past.kits.sum(axis=2)[:, :, None] * of_nation
    member = np.eye(int(past.groups.max(initial=-1)) + 1)[past.groups]
    by_group, _ = _drawn_by(past.kits @ member, expected @ member, None)
    return _drawn_by(past.kits, expected, by_group[:, past.groups])


def _drawn_by(kits: Floats, expected: Floats, prior: Floats | None) -> tuple[Floats, Floats]:
    """Likings drawn to a prior one; kits and expected are (segments, weeks, items).

    A Dirichlet prior: so many kits in all, spread over items as the nation chose. What is chosen
    rarely may so differ more, relatively, than what everybody takes.
    """
    count, hoped = kits.sum(axis=1), expected.sum(axis=1)
    mean = hoped if prior is None else prior * hoped
    total = np.maximum(count.sum(axis=1, keepdims=True), 1e-12)
    clump = _clumping(kits, expected, count, hoped)
    beyond = float((np.square(count - mean) - clump * mean).sum())
    believed = float((mean * total).sum()) / max(beyond, 1e-12)
    part = mean / total
    usual = float(part[part > 0].mean()) if (part > 0).any() else 1.0
    shape = np.clip(believed * np.where(part > 0, part, usual), 1 / MOST, 1 / LEAST)
    liking = np.ones_like(hoped) if prior is None else prior
    drawn = _drawn(count / clump, hoped / clump, liking, 1 / shape)
    return drawn, 1 / (count / clump + shape)


def _clumping(kits: Floats, expected: Floats, count: Floats, hoped: Floats) -> float:
    """How much counts vary from week to week, in Poisson variances; at least 1."""
    weeks = kits.shape[1]
    if weeks < 2:
        return 1.0
    own = np.divide(count, hoped, out=np.zeros_like(count), where=hoped > 0)
    usual = expected * own[:, None, :]
    square = float(np.square(kits - usual).sum()) * weeks / (weeks - 1)
    return max(square / max(float(usual.sum()), 1e-12), 1.0)


def _differ(count: Floats, expected: Floats, clump: float) -> float:
    """Squared relative differences of true rates around their prior, by the method of moments."""
    square = float(np.square(expected).sum())
    if square <= 0:
        return 1.0
    beyond = float((np.square(count - expected) - clump * expected).sum())
    return float(np.clip(beyond / square, LEAST, MOST))


def _drawn(count: Floats, exposure: Floats, prior: Floats, differ: float | Floats) -> Floats:
    """Mean of a Poisson rate with a Gamma prior of this mean and squared relative spread."""
    shape = 1 / differ
    return np.asarray((count + shape) / (exposure + shape / np.maximum(prior, 1e-12)))


def _placed_too(
    placed: Floats, liking: Floats, rate: Floats, doubt: Floats
) -> tuple[Floats, Floats]:
    """Rates after the week's own order book: the more is placed, the less the past counts.

    A book that contradicts the past by more than past weeks did is itself the measure of doubt.
    """
    weight = rate * liking
    told = placed.sum(axis=1) @ (weight / weight.sum(axis=1, keepdims=True))
    count = placed.sum(axis=0)
    shape = 1 / np.maximum(doubt, _differ(count, told, 1.0) if count.any() else 0.0)
    return rate * (count + shape) / (told + shape), 1 / (count + shape)
