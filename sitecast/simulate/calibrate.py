"""Shares are not weights: the weights whose boxes have the shares asked for."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sitecast.simulate.choice import Floats, Ints, expected_kits, reachable

MOST_FEASIBLE = 0.995
"""Largest part of a recipe's limit that boxes hold on average: at 1 its weight is infinite."""
_TOLERANCE, _MOST_STEPS, _PATIENCE, _WIDEST = 1e-7, 200, 8, 1e12


@dataclass(frozen=True)
class BoxKind:
    """Boxes that are filled alike: one taste class, one set of kits that exist for them."""

    volume: float
    """How many such boxes there are, relative to other kinds."""
    weights: Floats
    """(R,) choice weights, any scale; 0 = never."""
    sizes: Floats
    """(K + 1,) P(box holds k kits)."""
    default_rate: float = 0.0
    """P(the system fills the box)."""
    pool: Ints | None = None
    """Recipes of a default box."""

    def chosen(self, factor: Floats, limit: Ints) -> Floats:
        """(R,) expected kits that customers choose, per box of this kind."""
        rate = 1 - self.default_rate
        return rate * expected_kits(self.weights * factor, self.sizes, limit)

    def filled(self, factor: Floats, limit: Ints) -> Floats:
        """(R,) expected kits of default boxes, per box of this kind.

        Chosen by the same weights from the pool; what the pool cannot fill, from everything else.
        """
        if self.pool is None or self.default_rate <= 0:
            return np.zeros(len(self.weights))
        weights = self.weights * factor
        in_pool = np.zeros(len(weights))
        in_pool[self.pool] = weights[self.pool]
        if not in_pool.any():
            return self.default_rate * expected_kits(weights, self.sizes, limit)
        kits = expected_kits(in_pool, self.sizes, limit)
        capacity = int(limit[in_pool > 0].sum())
        if capacity < len(self.sizes) - 1:
            rest = self.sizes[capacity:].copy()
            rest[0] = 1 - rest[1:].sum()
            kits += expected_kits(weights * (in_pool <= 0), rest, limit)
        return self.default_rate * kits


def kits_of(kinds: Sequence[BoxKind], factor: Floats, limit: Ints) -> Floats:
    """(R,) expected kits of each recipe in all boxes of the kinds together, exactly."""
    each = (k.volume * (k.chosen(factor, limit) + k.filled(factor, limit)) for k in kinds)
    return sum(each, np.zeros(len(factor)))


def calibrate(kinds: Sequence[BoxKind], shares: Floats, limit: Ints) -> Floats:
    """One factor per recipe, so that boxes of all kinds together have the given shares of kits.

    Args:
        kinds: boxes that share the factors: a segment's taste classes, or all segments.
        shares: (R,) wanted P(recipe | kit), sum 1; 0 = never.
        limit: (R,) kits of the recipe that a box may hold.
    Returns:
        (R,) multiplies the weights of every kind, and meets the shares where they are feasible. A
        box holds `limit` kits of a recipe at most; what is out of reach goes to the others.
    Source:
        Fixed point on 1 − exp(−wτ) = inclusion, from Rosén's approximation as a start.
    """
    volume = float(sum(kind.volume for kind in kinds))
    target = _feasible(shares, kinds, limit) * volume
    factor = _start(kinds, target / volume, limit)
    best, best_error, since = factor, np.inf, 0
    for _ in range(_MOST_STEPS):
        chosen, filled = np.zeros(len(shares)), np.zeros(len(shares))
        for kind in kinds:
            chosen += kind.volume * kind.chosen(factor, limit)
            filled += kind.volume * kind.filled(factor, limit)
        goal = np.maximum(target - filled, 0.0)
        goal *= chosen.sum() / max(goal.sum(), 1e-300)
        error = float(np.abs(chosen - goal).max()) / max(target.sum(), 1e-300)
        if error < 0.9 * best_error:
            best, best_error, since = factor, error, 0
        since += 1
        if error < _TOLERANCE or since > _PATIENCE:
            break
        factor = _next(factor, goal, chosen, np.asarray(limit * volume))
    return best


def _start(kinds: Sequence[BoxKind], target: Floats, limit: Ints) -> Floats:
    """Rosén's approximation of the factor, as if all kinds were one."""
    weights = sum((k.volume * k.weights / k.weights.sum() for k in kinds), np.zeros(len(target)))
    rate = -np.log1p(-np.minimum(target / limit, MOST_FEASIBLE))
    return np.divide(rate, weights, out=np.zeros(len(target)), where=(weights > 0) & (target > 0))


def _next(factor: Floats, wanted: Floats, chosen: Floats, most: Floats) -> Floats:
    """One step of the fixed point w ← w · log(1 − wanted) ÷ log(1 − chosen)."""
    on = (factor > 0) & (chosen > 0)
    goal = np.clip(wanted[on], chosen[on] * 0.05, most[on] * MOST_FEASIBLE)
    step = np.log1p(-goal / most[on])
    step /= np.log1p(-np.minimum(chosen[on] / most[on], 1 - 1e-12))
    moved = factor.copy()
    moved[on] = np.maximum(factor[on] * step, 1 / _WIDEST)
    return moved


def _feasible(shares: Floats, kinds: Sequence[BoxKind], limit: Ints) -> Floats:
    """(R,) kits per box, with what no box can hold handed to the others in proportion."""
    capacity = int(limit[shares > 0].sum())
    volume = sum(kind.volume for kind in kinds)
    kits = sum(kind.volume * _mean(reachable(kind.sizes, capacity)) for kind in kinds) / volume
    most = MOST_FEASIBLE * limit / kits
    fixed = np.zeros(len(shares), dtype=bool)
    wanted = shares / shares.sum()
    while (wanted > most)[~fixed].any() and (wanted[~fixed] > 0).any():
        fixed |= wanted > most
        rest = wanted[~fixed].sum()
        if rest <= 0:
            break
        wanted = np.where(fixed, most, wanted * ((1 - most[fixed].sum()) / rest))
    return np.asarray(np.minimum(wanted, most) * kits)


def _mean(sizes: NDArray[np.float64]) -> float:
    return float(sizes @ np.arange(len(sizes)))
