"""The boxes of one draw as flat arrays: what simulation hands to allocation, draw by draw."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class DrawBoxes:
    """Boxes in a fixed order; items are positions on WeekAxes' item axis, one entry per piece."""

    box_class: NDArray[np.int32]
    """(boxes,) row of SimulatedOrders["classes"]."""
    rank: NDArray[np.uint64]
    """(boxes,) stable hash; inside a class the lowest ranks go to the first site."""
    item_ptr: NDArray[np.int64]
    """(boxes + 1,) box b holds items[item_ptr[b]:item_ptr[b + 1]]."""
    items: NDArray[np.int32]
    """(pieces,) item positions, a piece each."""
    portions: NDArray[np.int16]
    """(boxes,) portions size of the box, in people."""
