"""Random streams by name, never by order (R7, R8).

A stream is identified by what it is for: seed, menu week, purpose, and whatever else names it. No
stream depends on the process, the thread, the chunk, or on which other streams were used before.
Compiled kernels use the same keys as SplitMix64 counters.
"""

import hashlib
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray


def stream_key(seed: int, *names: object) -> int:
    """A 64-bit key for the stream of this name.

    Example:
        >>> stream_key(1, "2026-W48", "slots") == stream_key(1, "2026-W48", "slots")
        True
    """
    text = "\x1f".join([str(int(seed)), *map(str, names)])
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little")


def stream_keys(seed: int, *names: object, each: Iterable[object]) -> NDArray[np.uint64]:
    """(n,) keys of the streams that share all names but the last.

    Example:
        >>> stream_keys(1, "order", each=["a"])[0] == stream_key(1, "order", "a")
        True
    """
    shared = "\x1f".join([str(int(seed)), *map(str, names), ""])
    start, digests = hashlib.blake2b(shared.encode(), digest_size=8), []
    for name in each:
        one = start.copy()
        one.update(str(name).encode())
        digests.append(one.digest())
    return np.frombuffer(b"".join(digests), dtype="<u8").astype(np.uint64)


def generator(seed: int, *names: object) -> np.random.Generator:
    """A NumPy generator (Philox, counter-based) for the stream of this name."""
    return np.random.Generator(np.random.Philox(key=stream_key(seed, *names)))
