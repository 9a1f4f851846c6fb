"""How popular a recipe is by itself: kits per kit sold while it was on a menu, of fading weeks.

Older weeks fade as fast as past forecasts were best; a recipe with few kits is drawn to recipes
with its attributes.
"""

from dataclasses import dataclass

import numpy as np

from sitecast.demand.likings import LEAST, differences, drawn_to
from sitecast.demand.past_kits import Floats, Ints, PastKits

HALF_LIVES = (1.0, 2.0, 4.0, 8.0, 16.0, 1e6)
"""Weeks after which sales count half."""
MOST_TARGETS = 8
UNTRIED = 0.1
"""Squared relative error of a forecast rate while there is no past one to measure it by."""


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


def rates(past: PastKits, factors: Floats) -> tuple[Floats, Floats]:
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
    differ = differences(of_group, average * beside_group, 1.0)
    group = drawn_to(of_group, beside_group, np.full(len(of_group), average), differ)
    prior = group[known.groups]
    differ = differences(kits, prior * beside, 1.0)
    return drawn_to(kits, beside, prior, differ), 1 / (kits + 1 / differ)
