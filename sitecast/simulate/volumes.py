"""Counts and uniform numbers behind the boxes of each cell in each draw.

A cell is a (delivery date, region, segment). Its boxes are Poisson around the forecast times shared
shocks (week, day, region) and a shock of its own where the forecast's spread asks for one.
Every shock is named by what it belongs to, so no cell depends on which other cells exist (R7).
"""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri, pdtr

from sitecast.randomness import stream_keys

Floats = NDArray[np.float64]
Keys = NDArray[np.uint64]
_GAMMA, _WORD = 0x9E3779B97F4A7C15, 2**64 - 1


def keys_of(seed: int, menu_week: str, purpose: str, names: Iterable[object]) -> Keys:
    """(n,) the stream key of each name."""
    return stream_keys(seed, menu_week, purpose, each=names)


def numbers(keys: Keys, position: int) -> Keys:
    """The 64 bits at one position of each stream; equal to the kernel's."""
    z = keys + np.uint64(_GAMMA * position & _WORD)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


def uniforms(keys: Keys, position: int) -> Floats:
    """Numbers strictly between 0 and 1."""
    return (numbers(keys, position) >> np.uint64(11)).astype(np.float64) * 2.0**-53 + 2.0**-54


def poisson_quantile(u: Floats, mu: Floats) -> NDArray[np.int64]:
    """Smallest n with P(Poisson(mu) ≤ n) ≥ u: one uniform per count, so streams stay in step.

    Args:
        u: (n,) in (0, 1).
        mu: (n,) means of at least 0.
    Source:
        Cornish–Fisher expansion as a guess, corrected with the exact distribution function.
    Example:
        >>> poisson_quantile(np.array([0.5, 0.99]), np.array([3.0, 3.0])).tolist()
        [3, 8]
    """
    z = ndtri(u)
    guess = np.floor(mu + np.sqrt(mu) * z + (z**2 - 1) / 6 + 0.5)
    n = np.where(mu > 0, np.maximum(guess, 0), 0)
    active = np.flatnonzero(mu > 0)
    while len(active):
        active = active[pdtr(n[active], mu[active]) < u[active]]
        n[active] += 1
    active = np.flatnonzero(n > 0)
    while len(active):
        active = active[pdtr(n[active] - 1, mu[active]) >= u[active]]
        n[active] -= 1
        active = active[n[active] > 0]
    return n.astype(np.int64)
