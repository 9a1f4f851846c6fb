"""The compiled kernel behind choice.py."""

from typing import Any

import numba
import numpy as np


@numba.njit(cache=True, nogil=True)
def mean_kits(weights: Any, limit: Any, times: Any, size_probability: Any) -> Any:
    """Expected kits of each recipe in a box, by the trapezoid rule in log time.

    Kits arrive as Poisson processes; a box takes what arrives until it is full, but no more than
    `limit` of one recipe. A kit of recipe r goes in when few enough others came before.

    Args:
        weights: (R,) rates.
        limit: (R,) kits of the recipe a box may hold.
        times: (N,) equidistant in log time.
        size_probability: (K + 1,) P(box holds k kits).
    """
    n, most = len(weights), len(size_probability) - 1
    expected, step = np.zeros(n), np.log(times[1] / times[0])
    before, count = np.zeros((n + 1, most)), np.zeros((n, most + 1))
    after, summed, within = np.zeros(most), np.zeros(most), np.zeros(most)
    for t in times:
        before[0, 0] = 1.0
        for r in range(n):  # count[r] = P(so many kits of r taken), before[r] = of the first r
            _taken(weights[r] * t, min(limit[r], most), count[r])
            _convolve(before[r], count[r], min(limit[r], most), before[r + 1])
        after[:] = 0.0
        after[0] = 1.0
        for r in range(n - 1, -1, -1):
            top, mass, summed[0] = min(limit[r], most), 0.0, after[0]
            for a in range(1, most):
                summed[a] = summed[a - 1] + after[a]
            for a in range(most):
                within[a] = 0.0
                for k in range(a + 1, most + 1):
                    within[a] += size_probability[k] * summed[k - 1 - a]
            for c in range(top):
                for a in range(most - c):
                    mass += count[r, c] * before[r, a] * within[a + c]
            expected[r] += mass * weights[r] * t * step
            _convolve(after, count[r], top, summed)
            after[:] = summed
    return expected


@numba.njit(cache=True, nogil=True)
def mean_kits_once(weights: Any, times: Any, size_probability: Any) -> Any:
    """What `mean_kits` says where the limit of every recipe is 1, in a fraction of the time.

    How many others came before follows from how many came at all, recipe by recipe taken out of
    the distribution again. That loses digits where a recipe has come with more than even chance:
    these recipes are gone through from both sides, as in `mean_kits`.

    Args:
        weights: (R,) rates, the largest first.
        times: (N,) equidistant in log time.
        size_probability: (K + 1,) P(box holds k kits).
    """
    n, most = len(weights), len(size_probability) - 1
    expected, step = np.zeros(n), np.log(times[1] / times[0])
    is_open = np.zeros(most)  # P(box takes another kit | it holds a)
    for a in range(most):
        is_open[a] = size_probability[a + 1 :].sum()
    came, before, absent = np.zeros(most), np.zeros((n + 1, most)), np.zeros(n)
    for t in times:
        came[:] = 0.0
        came[0], likely = 1.0, 0
        for r in range(n):
            absent[r] = np.exp(-weights[r] * t)
            likely += absent[r] < 0.5
        for r in range(likely, n):
            _add(came, absent[r], came)
        _from_both_sides(came, absent[:likely], is_open, before, expected, weights * (t * step))
        came[:] = before[likely]
        for r in range(likely, n):
            odds, others, mass = (1.0 - absent[r]) / absent[r], 0.0, 0.0
            for a in range(most):
                others = came[a] / absent[r] - odds * others
                mass += others * is_open[a]
            expected[r] += mass * absent[r] * weights[r] * t * step
    return expected


@numba.njit(cache=True, nogil=True)
def _from_both_sides(
    first: Any, absent: Any, is_open: Any, before: Any, expected: Any, rate: Any
) -> None:
    """Add to the expected kits of the first recipes; `first` is the count of all the others."""
    n, most = len(absent), len(is_open)
    before[0] = first
    for r in range(n):
        _add(before[r], absent[r], before[r + 1])
    after = np.zeros(most)
    after[0] = 1.0
    for r in range(n - 1, -1, -1):
        mass = 0.0
        for a in range(most):
            for c in range(most - a):
                mass += before[r, a] * after[c] * is_open[a + c]
        expected[r] += mass * absent[r] * rate[r]
        _add(after, absent[r], after)


@numba.njit(cache=True, nogil=True)
def _add(count: Any, absent: Any, out: Any) -> None:
    """Distribution of the count when one more may have come; `out` may be `count`."""
    for a in range(len(out) - 1, 0, -1):
        out[a] = count[a] * absent + count[a - 1] * (1.0 - absent)
    out[0] = count[0] * absent


@numba.njit(cache=True, nogil=True)
def _taken(mean: Any, limit: Any, out: Any) -> None:
    """P(min(Poisson(mean), limit) = c) for c up to limit."""
    chance, rest = np.exp(-mean), 1.0
    for c in range(limit):
        out[c] = chance
        rest -= chance
        chance *= mean / (c + 1)
    out[limit] = max(rest, 0.0)


@numba.njit(cache=True, nogil=True)
def _convolve(left: Any, right: Any, top: Any, out: Any) -> None:
    """Distribution of the sum, as far as `out` reaches; right has no more than `top`."""
    for a in range(len(out)):
        total = 0.0
        for c in range(min(top, a) + 1):
            total += left[a - c] * right[c]
        out[a] = total


@numba.njit(cache=True, nogil=True)
def taken_at(rates: Any, limit: Any, times: Any) -> Any:
    """(N, R) E min(Poisson(rate × time), limit) = Σ P(more than c) over c < limit."""
    found = np.zeros((len(times), len(rates)))
    for i in range(len(times)):
        for r in range(len(rates)):
            mean = rates[r] * times[i]
            chance, more = np.exp(-mean), 1.0
            for c in range(limit[r]):
                more -= chance
                found[i, r] += max(more, 0.0)
                chance *= mean / (c + 1)
    return found
