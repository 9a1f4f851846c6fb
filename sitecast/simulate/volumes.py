"""Counts and uniform numbers behind the boxes of each cell in each draw.

A cell is a (delivery date, region, segment). Its boxes are Poisson around the forecast times shared
shocks (week, day, region) and a shock of its own where the forecast's spread asks for one.
Every shock is named by what it belongs to, so no cell depends on which other cells exist (R7).
"""

import math
from collections.abc import Iterable
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri, pdtr

from sitecast.randomness import stream_keys

Floats = NDArray[np.float64]
Keys = NDArray[np.uint64]
_GAMMA, _WORD = 0x9E3779B97F4A7C15, 2**64 - 1
_FEW = 64.0
"""Means up to which counting from 0 is quicker than a guess and the distribution function."""


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
        Up to a mean of 64 the probabilities are added up from 0; beyond, a Cornish–Fisher expansion
        is corrected with the exact distribution function.
    Example:
        >>> poisson_quantile(np.array([0.5, 0.99]), np.array([3.0, 3.0])).tolist()
        [3, 8]
    """
    n = _counted(u, mu, _FEW)
    many = np.flatnonzero(mu > _FEW)
    n[many] = _corrected(u[many], mu[many])
    return n


@numba.njit(cache=True, nogil=True)
def _counted(u: Any, mu: Any, most: Any) -> Any:
    """Quantiles of means up to `most`; 0 for others."""
    n = np.zeros(len(u), np.int64)
    for i in range(len(u)):
        if mu[i] <= most:
            term = math.exp(-mu[i])
            below, count = term, 0
            # Far out in the tail a term is too small to be added: that is as far as numbers reach.
            while below < u[i] and (count < mu[i] or below + term > below):
                count += 1
                term *= mu[i] / count
                below += term
            n[i] = count
    return n


def _corrected(u: Floats, mu: Floats) -> NDArray[np.int64]:
    z = ndtri(u)
    n = np.maximum(np.floor(mu + np.sqrt(mu) * z + (z**2 - 1) / 6 + 0.5), 0)
    active = np.arange(len(n))
    while len(active):
        active = active[pdtr(n[active], mu[active]) < u[active]]
        n[active] += 1
    active = np.flatnonzero(n > 0)
    while len(active):
        active = active[pdtr(n[active] - 1, mu[active]) >= u[active]]
        n[active] -= 1
        active = active[n[active] > 0]
    return n.astype(np.int64)
