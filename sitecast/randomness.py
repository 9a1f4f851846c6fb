"""Random streams by name, never by order (R7, R8).

A stream is identified by what it is for: seed, menu week, purpose, and whatever else names it. No
stream depends on the process, the thread, the chunk, or on which other streams were used before.
Compiled kernels use the same keys as SplitMix64 counters.
"""

import hashlib

import numpy as np


def stream_key(seed: int, *names: object) -> int:
    """A 64-bit key for the stream of this name.

    Example:
        >>> stream_key(1, "2026-W48", "slots") == stream_key(1, "2026-W48", "slots")
        True
    """
    text = "\x1f".join([str(int(seed)), *map(str, names)])
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little")


def generator(seed: int, *names: object) -> np.random.Generator:
    """A NumPy generator (Philox, counter-based) for the stream of this name."""
    return np.random.Generator(np.random.Philox(key=stream_key(seed, *names)))
