"""The compiled kernel behind choice.py."""

from typing import Any

import numba
import numpy as np


@numba.njit(cache=True, nogil=True)
def mean_inclusion(weights: Any, times: Any, size_probability: Any) -> Any:
    """Expected kits of each recipe in a box, by the trapezoid rule in log time.

    Args:
        weights: (R,) rates of the exponential race.
        times: (N,) equidistant in log time.
        size_probability: (K + 1,) P(box holds k kits).
    """
    n, most = len(weights), len(size_probability) - 1
    expected, step = np.zeros(n), np.log(times[1] / times[0])
    before = np.zeros((n + 1, most))
    after, summed, within = np.zeros(most), np.zeros(most), np.zeros(most)
    for t in times:
        before[0, 0] = 1.0
        for r in range(n):  # before[r, a] = P(a of the first r recipes have arrived)
            out = np.exp(-weights[r] * t)
            before[r + 1, 0] = before[r, 0] * out
            for a in range(1, most):
                before[r + 1, a] = before[r, a] * out + before[r, a - 1] * (1.0 - out)
        after[:] = 0.0
        after[0] = 1.0
        for r in range(n - 1, -1, -1):
            out, mass = np.exp(-weights[r] * t), 0.0
            summed[0] = after[0]
            for a in range(1, most):
                summed[a] = summed[a - 1] + after[a]
            for a in range(most):
                within[a] = 0.0
                for k in range(a + 1, most + 1):
                    within[a] += size_probability[k] * summed[k - 1 - a]
                mass += before[r, a] * within[a]
            expected[r] += mass * weights[r] * t * out * step
            for a in range(most - 1, 0, -1):
                after[a] = after[a] * out + after[a - 1] * (1.0 - out)
            after[0] *= out
    return expected
