"""The last boxes without a site: each goes where both a site-day and the item caps have room."""

import numpy as np
from numpy.typing import NDArray

from sitecast.allocate.limits import Limits
from sitecast.allocate.mixed_caps import ItemCaps, node_load
from sitecast.allocate.network import Network


def fill(
    net: Network, item_caps: ItemCaps, limits: Limits, boxes: NDArray[np.int64]
) -> NDArray[np.int64]:
    """(arcs,) boxes, of which none has no site although one could take it; within every cap.

    Args:
        net: the week's network; a box without a site costs more than one with any.
        item_caps: what arcs take of each item cap.
        limits: caps of site-days and site-weeks.
        boxes: (arcs,) within all of them.
    """
    boxes = boxes.copy()
    room = limits.caps - node_load(net, limits, boxes)
    units = item_caps.caps - item_caps.load(boxes)
    usage = item_caps.usage.tocsc()
    short = net.arc_ptr[1:] - 1
    could = np.logical_or.reduceat(with_room(net, limits, boxes), net.arc_ptr[:-1])
    for c in np.flatnonzero(could & (boxes[short] > 0)):
        arcs = np.arange(net.arc_ptr[c], short[c])
        for arc in arcs[np.argsort(net.arc_cost[arcs], kind="stable")]:
            mine = slice(usage.indptr[arc], usage.indptr[arc + 1])
            rows, per_box = usage.indices[mine], usage.data[mine]
            path = _path(limits, int(net.arc_node[arc]))
            most = [boxes[short[c]], *room[path], *(units[rows] // per_box)]
            moved = int(min(most))
            boxes[arc] += moved
            boxes[short[c]] -= moved
            room[path] -= moved
            units[rows] -= moved * per_box
    return boxes


def trim(net: Network, item_caps: ItemCaps, boxes: NDArray[np.int64]) -> NDArray[np.int64]:
    """(arcs,) boxes within every item cap: what breaks one, by the solver's rounding, has no site.

    Whole boxes can take more units than the fractions that a solver took for whole.
    """
    boxes = boxes.copy()
    short = np.repeat(net.arc_ptr[1:] - 1, np.diff(net.arc_ptr))
    usage = item_caps.usage
    for row in np.flatnonzero(item_caps.load(boxes) > item_caps.caps):
        mine = slice(usage.indptr[row], usage.indptr[row + 1])
        for arc, units in zip(usage.indices[mine], usage.data[mine], strict=True):
            over = int(item_caps.load(boxes)[row] - item_caps.caps[row])
            moved = min(int(boxes[arc]), -(-over // int(units)))
            if over <= 0:
                break
            boxes[arc] -= moved
            boxes[short[arc]] += moved
    return boxes


def with_room(net: Network, limits: Limits, boxes: NDArray[np.int64]) -> NDArray[np.bool_]:
    """(arcs,) whether the site-day of an arc and its week could take one box more; SHORT never."""
    free = node_load(net, limits, boxes) < limits.caps
    for node in range(len(free) - 2, -1, -1):  # a node follows its parts
        free[node] &= free[limits.parent[node]]
    free[len(net.pair_ptr) - 2] = False
    return free[net.arc_node]


def _path(limits: Limits, node: int) -> list[int]:
    """The nodes that a box passes on the way to the sink."""
    path = []
    while node >= 0:
        path.append(node)
        node = int(limits.parent[node])
    return path
