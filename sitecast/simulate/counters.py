"""Random numbers as counters: the j-th number of a stream, whatever was drawn before it.

Compiled, and compiled into its callers: numba's cache does not see a change of this file. It is
SplitMix64 and stays so; otherwise every forecast would change.
"""

from typing import Any

import numba
import numpy as np

GAMMA = np.uint64(0x9E3779B97F4A7C15)
_M1, _M2 = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
_S11, _S27, _S30 = np.uint64(11), np.uint64(27), np.uint64(30)
_S31 = np.uint64(31)
_jit = numba.njit(cache=True, nogil=True)


@_jit
def mix(z: Any) -> Any:
    """The finalizer of SplitMix64 (Steele, Lea, Flood 2014)."""
    z = (z ^ (z >> _S30)) * _M1
    z = (z ^ (z >> _S27)) * _M2
    return z ^ (z >> _S31)


@_jit
def number(key: Any, j: Any) -> Any:
    """The j-th 64 bits of a stream."""
    return mix(key + GAMMA * np.uint64(j))


@_jit
def unit(bits: Any) -> Any:
    """64 bits as a number in [0, 1)."""
    return np.float64(bits >> _S11) * 2.0**-53
