"""Kernel inputs made by hand: one draw without a week around it."""

from collections.abc import Sequence

import numpy as np

from sitecast.simulate.counters import mix
from sitecast.simulate.draw import UNCAPPED, DrawInput

KEY = 0x5EED


def one_segment(
    weights: Sequence[float],
    kits: int,
    boxes: int,
    limit: int = 1,
    left: Sequence[int] | None = None,
    seed: int = 1,
) -> DrawInput:
    """One cell of one segment; every box wants `kits` kits of one portions size."""
    n = len(weights)
    return DrawInput(
        first_slot=np.zeros(1, np.int64),
        boxes=np.array([boxes], np.int64),
        key=np.array([KEY + seed], np.uint64),
        rank_key=np.array([KEY], np.uint64),
        segment=np.zeros(1, np.int64),
        place=np.zeros(1, np.int64),
        reach=np.array([7], np.uint64),
        sizes=np.array([kits], np.int64),
        size_cdf=np.ones((1, 1)),
        portions_cdf=np.ones((1, 1)),
        taste_cdf=np.ones((1, 1)),
        default_rate=np.zeros(1),
        pieces_cdf=np.ones(1),
        product_rates=np.zeros(0),
        product_key=np.zeros(0, np.uint64),
        weight_row=np.zeros(2, np.int64),
        weights=np.array([weights], dtype=np.float64),
        recipe_key=names(n),
        limit=np.full(n, limit, np.int64),
        left=np.full(n, UNCAPPED, np.int64) if left is None else np.array(left, np.int64),
        item_sites=np.full(n, 7, np.uint64),
    )


def names(n: int) -> np.ndarray:
    """Keys of positions, as hashes of their names would be."""
    return np.array([mix(np.uint64(i + 1)) for i in range(n)], dtype=np.uint64)


def random_input(seed: int) -> DrawInput:
    """Several cells, segments, sizes, caps, limits and products, weights far apart."""
    rng = np.random.default_rng(seed)
    cells, segments, sizes, recipes, products = rng.integers(1, (5, 4, 3, 12, 4)).tolist()
    tastes, pool = rng.integers(1, (4, 6)).tolist()
    spread = float(rng.choice([0.5, 3.0, 20.0]))
    weights = np.exp(rng.normal(0, spread, (segments * tastes * sizes, recipes)))
    weights[:, 1:] *= rng.random((len(weights), recipes - 1)) < 0.8
    in_pool = np.arange(recipes) < pool
    left = rng.integers(0, 25, recipes)
    rates = rng.random(products - 1)
    n_items = recipes * sizes + len(rates)
    return DrawInput(
        first_slot=rng.integers(0, 3, cells),
        boxes=rng.integers(0, 30, cells),
        key=rng.integers(0, 2**63, cells).astype(np.uint64),
        rank_key=rng.integers(0, 2**63, cells).astype(np.uint64),
        segment=rng.integers(0, segments, cells),
        place=np.sort(rng.integers(0, 9, cells)),
        reach=rng.integers(0, 16, cells).astype(np.uint64),
        sizes=np.sort(rng.choice(np.arange(1, 16), 4, replace=False)),
        size_cdf=_cdf(rng, segments, 4),
        portions_cdf=_cdf(rng, segments, sizes),
        taste_cdf=_cdf(rng, segments, tastes),
        default_rate=rng.random(segments) * rng.integers(0, 2),
        pieces_cdf=_cdf(rng, 1, 4)[0] if len(rates) else np.ones(1),
        product_rates=rates,
        product_key=names(len(rates)),
        weight_row=rng.permutation(2 * len(weights)),
        weights=np.concatenate([weights, weights * in_pool]),
        recipe_key=names(recipes),
        limit=rng.integers(1, 4, recipes),
        left=np.where(rng.random(recipes) < 0.4, left, UNCAPPED),
        item_sites=rng.integers(0, 16, n_items).astype(np.uint64),
    )


def _cdf(rng: np.random.Generator, rows: int, n: int) -> np.ndarray:
    cumulative = np.cumsum(rng.dirichlet(np.ones(n), rows), axis=1)
    cumulative[:, -1] = 1.0
    return cumulative
