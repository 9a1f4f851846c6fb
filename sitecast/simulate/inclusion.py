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
