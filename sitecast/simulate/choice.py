"""What is in boxes filled by successive choices: exact expectations, no simulation.

A box holds few kits of one recipe, which flattens shares: used as weights, a share of 30 % in a
ten-recipe menu comes out a quarter too small. calibrate.py undoes that.
"""

import numpy as np
from numpy.typing import NDArray

from sitecast.simulate.inclusion import mean_kits, mean_kits_once, taken_at

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
EXACT_WORK = 400_000
"""Up to this many recipes × kits² the exact expectation is affordable."""
_NODES = 512


def inclusion_probabilities(weights: Floats, kits: int) -> Floats:
    """P(a box of `kits` distinct recipes holds recipe r), exactly.

    Args:
        weights: (R,) choice weights of at least 0, any scale.
        kits: number of successive choices without replacement; at least 1.
    Returns:
        (R,) probabilities that sum to min(kits, number of positive weights).
    Example:
        >>> inclusion_probabilities(np.array([3.0, 1.0]), 1).round(9).tolist()
        [0.75, 0.25]
    """
    sizes = np.bincount([kits], minlength=kits + 1).astype(float)
    return expected_kits(weights, sizes, np.ones(len(weights), np.int64))


def expected_kits(weights: Floats, size_probability: Floats, limit: Ints) -> Floats:
    """Expected kits of each recipe in a box, exactly.

    Args:
        weights: (R,) choice weights of at least 0, any scale.
        size_probability: (K + 1,) P(box holds k kits).
        limit: (R,) kits of the recipe that a box may hold.
    Returns:
        (R,) kits; a box that is larger than everything it may hold holds all of that.
    Source:
        Plackett–Luce as an exponential race: ∫ w e^{-wt} P(fewer than k others before t) dt.
    """
    open_ = weights > 0
    rates = np.asarray(weights[open_] / weights.max(initial=1e-300), dtype=np.float64)
    most = limit[open_]
    sizes = reachable(size_probability, int(most.sum()))
    certain = sizes[-1] if len(sizes) == most.sum() + 1 else 0.0
    sizes = sizes[:-1] if certain else sizes
    found = most * certain
    if len(sizes) > 1 and sizes[1:].sum() > 0:
        found = found + _expected(rates, most, sizes)
    out = np.zeros(len(weights))
    out[open_] = found
    return out


def _expected(rates: Floats, limit: Ints, sizes: Floats) -> Floats:
    if len(rates) * len(sizes) ** 2 > EXACT_WORK:
        return _rosen(rates, limit, sizes)
    times = _times(rates, len(sizes) - 1)
    if (limit > 1).any():
        return np.asarray(mean_kits(rates, limit, times, sizes))
    order = np.argsort(-rates, kind="stable")
    found = np.empty(len(rates))
    found[order] = mean_kits_once(rates[order], times, sizes)
    return found


def reachable(size_probability: Floats, capacity: int) -> Floats:
    """Box sizes above all that boxes may hold become boxes of all that."""
    if len(size_probability) <= capacity + 1:
        return size_probability
    kept = size_probability[: capacity + 1].copy()
    kept[-1] += size_probability[capacity + 1 :].sum()
    return kept


def _times(rates: Floats, most_kits: int) -> Floats:
    """Equidistant nodes in log time that cover the whole race."""
    slowest = np.sort(rates)[::-1][min(most_kits, len(rates) - 1)]
    low, high = np.log(1e-9 / rates.sum()), np.log(40.0 / slowest)
    step = min(0.35, 0.84 / np.sqrt(most_kits))  # wrong by 1e-9 at most
    return np.exp(low + step * np.arange(int(np.ceil((high - low) / step)) + 2))


def _rosen(rates: Floats, limit: Ints, sizes: Floats) -> Floats:
    """Rosén's approximation E min(N(wτ), limit), about 1 % off; for menus too large to be exact.

    τ is where the expectations add up to the kits of the box: found between nodes, all sizes at
    once, linearly, so that they still add up.
    """
    high = 1.0 / rates.sum()
    while taken_at(rates, limit, np.array([high])).sum() < len(sizes) - 1 and high < 1e300:
        high *= 2
    taken = taken_at(rates, limit, np.append(0.0, np.geomspace(1e-3 / rates.sum(), high, _NODES)))
    total, kits = taken.sum(axis=1), np.flatnonzero(sizes)
    after = np.clip(np.searchsorted(total, kits), 1, len(total) - 1)
    part = (np.minimum(kits, total[-1]) - total[after - 1]) / (total[after] - total[after - 1])
    node = np.bincount(after - 1, (1 - part) * sizes[kits], len(total))
    node += np.bincount(after, part * sizes[kits], len(total))
    return np.asarray(node @ taken)
