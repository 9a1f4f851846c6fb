"""What goes into the kernel for one draw, and what comes out."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

MAX_RECIPES = 26_214
UNCAPPED = 2**62


class DrawInput(NamedTuple):
    """All that one draw follows from.

    C cells, S segments, T taste classes, P portions sizes, R recipes, J products.
    """

    first_slot: NDArray[np.int64]
    """(C,) placed boxes of the cell; simulated slots start after them."""
    boxes: NDArray[np.int64]
    """(C,) simulated boxes of the cell in this draw."""
    key: NDArray[np.uint64]
    """(C,) stream of the cell in this draw."""
    rank_key: NDArray[np.uint64]
    """(C,) stream of the cell in every draw."""
    segment: NDArray[np.int64]
    """(C,)"""
    place: NDArray[np.int64]
    """(C,) day × regions + region."""
    reach: NDArray[np.uint64]
    """(C,) sites that reach the place."""
    sizes: NDArray[np.int64]
    """(K,) kits a box may hold."""
    size_cdf: NDArray[np.float64]
    """(S, K) P(kits ≤ sizes[k])."""
    portions_cdf: NDArray[np.float64]
    """(S, P)"""
    taste_cdf: NDArray[np.float64]
    """(S, T)"""
    default_rate: NDArray[np.float64]
    """(S,) P(the system fills the box)."""
    pieces_cdf: NDArray[np.float64]
    """(M,) P(product pieces in a box ≤ m)."""
    product_rates: NDArray[np.float64]
    """(J,) pieces per box."""
    product_key: NDArray[np.uint64]
    """(J,) where the product's slots lie in any slot table."""
    weight_row: NDArray[np.int64]
    """(2 × S × T × P,) row of `weights`, of customers and then of default boxes."""
    weights: NDArray[np.float64]
    """(W, R) choice weights in this draw; 0 = never chosen."""
    recipe_key: NDArray[np.uint64]
    """(R,) where the recipe's slots lie in any slot table."""
    limit: NDArray[np.int64]
    """(R,) kits of the recipe that a box may hold."""
    left: NDArray[np.int64]
    """(R,) kits that simulated boxes may still take, or UNCAPPED."""
    item_sites: NDArray[np.uint64]
    """(R × P + J,) sites that make the item."""


class DrawOutput(NamedTuple):
    """The simulated boxes of one draw, with classes numbered as they first occur."""

    box_class: NDArray[np.int32]
    rank: NDArray[np.uint64]
    item_ptr: NDArray[np.int64]
    items: NDArray[np.int32]
    portions: NDArray[np.int16]
    """(boxes,) position on the portions axis."""
    is_default: NDArray[np.bool_]
    """(boxes,)"""
    wanted: NDArray[np.int64]
    """(R,) kits that boxes would hold without caps; counted for capped recipes only."""
    class_place: NDArray[np.int64]
    class_sites: NDArray[np.uint64]
    class_boxes: NDArray[np.int64]
    digest: int
