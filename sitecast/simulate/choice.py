"""Shares are not weights: the weights whose Plackett–Luce boxes have the shares asked for.

A box holds distinct recipes, which flattens shares: used as weights, a share of 30 % in a
ten-recipe menu comes out a quarter too small. Calibration undoes that.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sitecast.simulate.inclusion import mean_inclusion

Floats = NDArray[np.float64]
MOST_FEASIBLE = 0.995
"""Largest probability that a box holds a recipe: at 1 its weight would be infinite."""
EXACT_WORK = 400_000
"""Up to this many recipes × kits² the exact probabilities are affordable."""
_TOLERANCE, _MOST_STEPS, _WIDEST = 1e-9, 200, 1e12


@dataclass(frozen=True)
class Calibration:
    """Choice weights, the shares they were asked for, and the shares they give."""

    weights: Floats
    """(R,) largest is 1; 0 where the share is 0."""
    shares: Floats
    """(R,) expected share of each recipe in all kits; differs where the wish is infeasible."""


def inclusion_probabilities(weights: Floats, kits: int) -> Floats:
    """P(a box of `kits` distinct recipes holds recipe r), exactly.

    Args:
        weights: (R,) choice weights of at least 0, any scale.
        kits: number of successive choices without replacement; at least 1.
    Returns:
        (R,) probabilities that sum to min(kits, number of positive weights).
    Source:
        Plackett–Luce as an exponential race: ∫ w e^{-wt} P(fewer than k others before t) dt.
    Example:
        >>> inclusion_probabilities(np.array([3.0, 1.0]), 1).round(9).tolist()
        [0.75, 0.25]
    """
    return expected_kits(weights, np.bincount([kits], minlength=kits + 1).astype(float))


def expected_kits(weights: Floats, size_probability: Floats) -> Floats:
    """(R,) expected kits of each recipe in a box whose size is k with `size_probability[k]`."""
    open_ = weights > 0
    rates = np.asarray(weights[open_] / weights.max(initial=1e-300), dtype=np.float64)
    sizes = _reachable(size_probability, len(rates))
    certain = sizes[-1] if len(sizes) == len(rates) + 1 else 0.0
    sizes = sizes[: len(rates)] if certain else sizes
    found = np.full(len(rates), certain)
    if len(sizes) > 1 and sizes[1:].sum() > 0:
        exact = len(rates) * len(sizes) ** 2 <= EXACT_WORK
        found += (mean_inclusion(rates, _times(rates, len(sizes) - 1), sizes) if exact
                  else _rosen(rates, sizes))  # fmt: skip
    out = np.zeros(len(weights))
    out[open_] = found
    return out


def calibrate(shares: Floats, size_probability: Floats) -> Calibration:
    """Weights whose boxes have the given shares of kits.

    Args:
        shares: (R,) wanted P(recipe | kit), sum 1; 0 = never.
        size_probability: (K + 1,) P(box holds k kits).
    Returns:
        Weights that meet the shares within 1e-4 where they are feasible; a recipe stands in a box
        once at most, so no share can exceed boxes ÷ kits. What is above goes to the others.
    """
    kits = _kits_per_box(size_probability, int((shares > 0).sum()))
    target = _feasible(shares, kits) * kits
    weights = shares / shares.max()
    for _ in range(_MOST_STEPS):
        found = expected_kits(weights, size_probability)
        if np.abs(found - target).max() < _TOLERANCE * kits:
            break
        weights = _next_weights(weights, target, found)
    # Single precision: the last bits differ between processors, and none of them matters.
    weights = weights.astype(np.float32).astype(np.float64)
    return Calibration(weights, expected_kits(weights, size_probability) / kits)


def _next_weights(weights: Floats, target: Floats, found: Floats) -> Floats:
    """One step of the fixed point w ← w · log(1 − target) ÷ log(1 − found)."""
    on = weights > 0
    step = np.log1p(-np.minimum(target[on], MOST_FEASIBLE))
    step /= np.log1p(-np.minimum(found[on], 1 - 1e-12))
    moved = np.zeros_like(weights)
    moved[on] = weights[on] * step
    moved[on] = np.maximum(moved[on] / moved.max(), 1 / _WIDEST)
    return moved


def _reachable(size_probability: Floats, recipes: int) -> Floats:
    """Box sizes above the number of recipes become boxes of all recipes."""
    if len(size_probability) <= recipes + 1:
        return size_probability
    kept = size_probability[: recipes + 1].copy()
    kept[-1] += size_probability[recipes + 1 :].sum()
    return kept


def _kits_per_box(size_probability: Floats, recipes: int) -> float:
    sizes = _reachable(size_probability, recipes)
    return float(sizes @ np.arange(len(sizes)))


def _feasible(shares: Floats, kits: float) -> Floats:
    """Shares with the excess over one kit per box handed to the others in proportion."""
    most = MOST_FEASIBLE / kits
    fixed = np.zeros(len(shares), dtype=bool)
    wanted = shares / shares.sum()
    while (wanted > most)[~fixed].any() and (wanted[~fixed] > 0).any():
        fixed |= wanted > most
        rest = wanted[~fixed].sum()
        if rest <= 0:
            break
        wanted = np.where(fixed, most, wanted * ((1 - most * fixed.sum()) / rest))
    return np.minimum(wanted, most)


def _times(rates: Floats, most_kits: int) -> Floats:
    """Equidistant nodes in log time that cover the whole race."""
    slowest = np.sort(rates)[::-1][min(most_kits, len(rates) - 1)]
    low, high = np.log(1e-11 / rates.sum()), np.log(45.0 / slowest)
    step = min(0.25, 0.6 / np.sqrt(most_kits))
    return np.exp(low + step * np.arange(int(np.ceil((high - low) / step)) + 2))


def _rosen(rates: Floats, sizes: Floats) -> Floats:
    """Rosén's approximation 1 − exp(−wτ), about 1 % off; for menus too large to be exact."""
    found = np.zeros(len(rates))
    for kits in np.flatnonzero(sizes[1:]) + 1:
        low, high = 0.0, 1.0
        while -np.expm1(-rates * high).sum() < kits and high < 1e300:
            high *= 2
        for _ in range(80):
            middle = (low + high) / 2
            enough = -np.expm1(-rates * middle).sum() >= kits
            low, high = (low, middle) if enough else (middle, high)
        found += sizes[kits] * -np.expm1(-rates * high)
    return found
