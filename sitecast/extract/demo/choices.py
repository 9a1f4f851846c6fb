"""What customers put into their boxes: k recipes without replacement, and products."""

import numpy as np
from numpy.typing import NDArray

Positions = NDArray[np.int64]

ROWS_AT_ONCE = 20_000
SECOND_PIECE = 0.15
"""How often somebody takes two pieces of a product."""


def choose_recipes(
    rng: np.random.Generator,
    appeal: NDArray[np.float64],
    segment: Positions,
    n_kits: Positions,
    unasked: NDArray[np.bool_],
    default_pool: NDArray[np.bool_],
) -> Positions:
    """Recipes of every box, without replacement and in proportion to appeal.

    Args:
        rng: the week's stream.
        appeal: (segments, recipes) relative appeal, 0 for recipes a segment never takes.
        segment: (boxes,) row of `appeal`.
        n_kits: (boxes,) recipes in the box.
        unasked: (boxes,) filled by the system, from the default pool only.
        default_pool: (recipes,) whether the system may choose the recipe.
    Returns:
        (boxes, most kits) recipe positions, -1 behind the last kit.
    Source:
        Plackett-Luce choice as an exponential race: the k earliest of Exp(weight) arrivals.
    """
    most = int(n_kits.max())
    picks = np.full((len(segment), most), -1, dtype=np.int64)
    for row, weights in enumerate(appeal):
        for is_default in (False, True):
            mine = np.flatnonzero((segment == row) & (unasked == is_default))
            open_to = np.flatnonzero((weights > 0) & (default_pool | (not is_default)))
            for first in range(0, len(mine), ROWS_AT_ONCE):
                boxes = mine[first : first + ROWS_AT_ONCE]
                picks[boxes] = open_to[_race(rng, weights[open_to], len(boxes), most)]
    return np.where(np.arange(most) < n_kits[:, None], picks, -1)


def choose_products(
    rng: np.random.Generator, take_rate: NDArray[np.float64], n_boxes: int
) -> tuple[Positions, Positions, Positions]:
    """(box, product, pieces) of every product line; each box decides on each product alone."""
    taken = rng.random((n_boxes, len(take_rate)), dtype=np.float32)
    box, product = np.nonzero(taken < take_rate / (1.0 + SECOND_PIECE))
    return box, product, 1 + (rng.random(len(box)) < SECOND_PIECE)


def _race(
    rng: np.random.Generator, weights: NDArray[np.float64], n_boxes: int, most: int
) -> Positions:
    shape = (n_boxes, len(weights))
    arrival = rng.standard_exponential(shape, dtype=np.float32) / weights.astype(np.float32)
    first = np.argpartition(arrival, most - 1, axis=1)[:, :most]
    order = np.argsort(np.take_along_axis(arrival, first, axis=1), axis=1)
    return np.take_along_axis(first, order, axis=1)
