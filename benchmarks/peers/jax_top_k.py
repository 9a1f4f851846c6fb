"""Gumbel noise and top_k, compiled once for blocks of one shape."""

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from benchmarks.peers.problem import Boxes

_ROWS = 2_048


def pick_jax(boxes: Boxes, seed: int) -> NDArray[np.integer]:
    utility = jnp.log(jnp.asarray(boxes.weights, dtype=jnp.float32))
    key = jax.random.key(seed)
    blocks = -(-len(boxes) // _ROWS)
    segment = np.zeros(blocks * _ROWS, np.int32)
    segment[: len(boxes)] = boxes.segment
    found = [
        _top(utility, jnp.asarray(rows), jax.random.fold_in(key, block), boxes.most)
        for block, rows in enumerate(segment.reshape(blocks, _ROWS))
    ]
    return boxes.cut(np.concatenate([np.asarray(part) for part in found])[: len(boxes)])


def _top_k(utility, segment, key, most):
    noise = jax.random.gumbel(key, (segment.shape[0], utility.shape[1]), dtype=utility.dtype)
    return jax.lax.top_k(utility[segment] + noise, most)[1]


_top = jax.jit(_top_k, static_argnums=3)
