"""Caps and floors as a tree: boxes flow from site-days through site-weeks to the sink."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

UNCAPPED = 2**60


class Limits(NamedTuple):
    """What may pass each node. Nodes: site-days, SHORT, limited site-weeks, last the sink.

    Limits are nested (a day lies in one week), so the flow's optimum is whole numbers.
    """

    parent: NDArray[np.int64]
    """(nodes,) the node that a node's boxes go on to, always a later one; -1 for the sink."""
    caps: NDArray[np.int64]
    """(nodes,) most boxes; UNCAPPED where there is no cap."""
    floors: NDArray[np.int64]
    """(nodes,) boxes below which each missing one costs `floor_cost`."""
    floor_cost: int
    """Minor units per missing box."""

    def less(self, used: NDArray[np.int64]) -> "Limits":
        """What is left beside `used` boxes per site-day; never below 0."""
        through = through_nodes(self.parent, used)
        caps = np.where(self.caps == UNCAPPED, UNCAPPED, (self.caps - through).clip(min=0))
        return self._replace(caps=caps, floors=(self.floors - through).clip(min=0))

    def at_scale(self, scale: int) -> "Limits":
        """The same beside arc costs that are multiplied by `scale`."""
        return self._replace(floor_cost=self.floor_cost * scale)


def through_nodes(parent: NDArray[np.int64], used: NDArray[np.int64]) -> NDArray[np.int64]:
    """(…, nodes) boxes that pass each node, from (…, site-days) boxes; a node follows its parts."""
    through = np.zeros((*used.shape[:-1], len(parent)), dtype=np.int64)
    through[..., : used.shape[-1]] = used
    for node in range(len(parent) - 1):
        through[..., parent[node]] += through[..., node]
    return through


def nested_limits(
    caps: NDArray[np.int64], floors: NDArray[np.int64], week_of: NDArray[np.int64],
    week_caps: NDArray[np.int64], week_floors: NDArray[np.int64], floor_cost: int,
) -> Limits:  # fmt: skip
    """The tree of site-days and site-weeks.

    Args:
        caps: (site-days,) boxes, UNCAPPED for none.
        floors: (site-days,) boxes; a floor above its cap counts as the cap.
        week_of: (site-days,) position of the limited site-week, -1 where there is none.
        week_caps: (site-weeks,) boxes, UNCAPPED for none.
        week_floors: (site-weeks,) boxes.
        floor_cost: minor units per missing box.
    """
    n_days, n_weeks = len(caps), len(week_caps)
    sink = n_days + 1 + n_weeks
    parent = np.full(sink + 1, sink, dtype=np.int64)
    parent[:n_days] = np.where(week_of >= 0, n_days + 1 + week_of, sink)
    parent[sink] = -1
    most, least = np.full(sink + 1, UNCAPPED), np.zeros(sink + 1, dtype=np.int64)
    most[:n_days], most[n_days + 1 : sink] = caps, week_caps
    least[:n_days], least[n_days + 1 : sink] = floors, week_floors
    wanted = np.minimum(least, most) if floor_cost else np.zeros_like(least)
    return Limits(parent, most, wanted, floor_cost)
