"""From a flow that nearly keeps the item caps to boxes that do.

Some classes are freed: boxes that take of a broken cap, boxes that could use what is left of a
priced one, and the first to move between the site-days concerned, which can make room. All others
stay. The freed boxes are placed anew by a linear program; the few classes that it splits into
fractions then by a mixed-integer one. Both are HiGHS, as SciPy ships it.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array, vstack

from sitecast.allocate.kernel import FAR, Flow, right_prices
from sitecast.allocate.mixed_caps import ItemCaps
from sitecast.allocate.network import Network

SLACK = 2
"""Free boxes with so many times the units by which a cap is off."""
WHOLE = 1e-6
"""A number of boxes nearer than this to a whole one is whole."""
MAX_NODES = 50
"""Branches of the mixed-integer program: a count, since a time limit would not repeat (R7)."""


def repair(
    plain: Network, priced: Network, item_caps: ItemCaps, prices: NDArray[np.int64],
    counts: NDArray[np.int64], caps: NDArray[np.int64], flow: Flow,
) -> NDArray[np.int64]:  # fmt: skip
    """(arcs,) boxes within every cap, near to the flow's.

    Args:
        plain: the week's network, true costs.
        priced: the network of which `flow` is an optimum.
        item_caps: what arcs take of each item cap.
        prices: (rows,) of the item caps.
        counts: (classes,) boxes.
        caps: (nodes,) boxes.
        flow: within `caps`.
    """
    owner = np.repeat(np.arange(len(counts)), np.diff(plain.arc_ptr))
    off = item_caps.load(flow.boxes) - item_caps.caps
    off[(off < 0) & (prices == 0)] = 0
    freed = np.zeros(len(counts), bool)
    freed[owner[_off_their_cap(priced, item_caps.usage, owner, off, flow)]] = True
    freed[owner[_first_to_move(priced, item_caps.usage, off, flow)]] = True
    if not freed.any():
        return flow.boxes
    boxes = flow.boxes.astype(float)
    boxes = _place_anew(plain, item_caps, counts, caps, boxes, freed[owner], whole=False)
    split = np.logical_or.reduceat(np.abs(boxes - np.rint(boxes)) > WHOLE, plain.arc_ptr[:-1])
    boxes = np.where(split[owner], boxes, np.rint(boxes))
    if split.any():
        boxes = _place_anew(plain, item_caps, counts, caps, boxes, split[owner], whole=True)
    return np.rint(boxes).astype(np.int64)


def _off_their_cap(
    priced: Network, usage: csr_array, owner: NDArray[np.int64], off: NDArray[np.int64], flow: Flow
) -> NDArray[np.int64]:
    """Arcs whose boxes leave a broken cap, or that could fill a priced one, at the least cost."""
    dearer = priced.arc_cost + right_prices(priced, flow)[priced.arc_node]
    extra = dearer - np.minimum.reduceat(dearer, priced.arc_ptr[:-1])[owner]
    elsewhere = np.where(flow.boxes > 0, FAR, extra)
    nearest = np.minimum.reduceat(elsewhere, priced.arc_ptr[:-1])[owner]
    held = np.add.reduceat(flow.boxes, priced.arc_ptr[:-1])[owner]
    chosen = [np.zeros(0, np.int64)]
    for row in np.flatnonzero(off):
        mine = slice(usage.indptr[row], usage.indptr[row + 1])
        arcs = usage.indices[mine]
        boxes = flow.boxes[arcs] if off[row] > 0 else held[arcs] - flow.boxes[arcs]
        distance = nearest[arcs] if off[row] > 0 else extra[arcs]
        order = np.lexsort((arcs, distance))
        units = (usage.data[mine] * boxes)[order]
        first = (np.cumsum(units) - units < SLACK * abs(off[row])) & (units > 0)
        chosen.append(arcs[order[first]])
    return np.concatenate(chosen)


def _first_to_move(
    priced: Network, usage: csr_array, off: NDArray[np.int64], flow: Flow
) -> NDArray[np.int64]:
    """Arcs whose boxes are the first to move between two nodes, where a cap on one is off."""
    units = np.zeros(len(flow.load))
    for row in np.flatnonzero(off):
        nodes = np.unique(priced.arc_node[usage.indices[usage.indptr[row] : usage.indptr[row + 1]]])
        units[nodes] += SLACK * abs(off[row]) / len(nodes)
    source = np.repeat(np.arange(len(units)), np.diff(priced.pair_ptr))
    wanted = np.maximum(units[source], units[priced.pair_node])
    boxes = flow.boxes[priced.move_from]
    before = np.cumsum(boxes) - boxes
    before -= before[priced.move_ptr[:-1]][priced.move_pair]
    return priced.move_from[(before < wanted[priced.move_pair]) & (boxes > 0)].astype(np.int64)


def _place_anew(
    net: Network, item_caps: ItemCaps, counts: NDArray[np.int64], caps: NDArray[np.int64],
    boxes: NDArray[np.float64], freed: NDArray[np.bool_], whole: bool,
) -> NDArray[np.float64]:  # fmt: skip
    """(arcs,) boxes with those on freed arcs at least cost in the room that the others leave."""
    arcs = np.flatnonzero(freed)
    kept = np.where(freed, 0.0, boxes)
    # A cap beyond all boxes never binds; as it is, SHORT's would spoil the solver's scaling.
    room = np.minimum(caps, counts.sum()) - np.bincount(net.arc_node, kept, len(caps))
    left = item_caps.caps - item_caps.usage @ kept
    owner = np.repeat(np.arange(len(counts)), np.diff(net.arc_ptr))[arcs]
    classes, row = np.unique(owner, return_inverse=True)
    one, column = np.ones(len(arcs)), np.arange(len(arcs))
    each = csr_array((one, (row, column)), shape=(len(classes), len(arcs)))
    node = csr_array((one, (net.arc_node[arcs], column)), shape=(len(room), len(arcs)))
    limits = vstack([each, node, item_caps.usage[:, arcs]]).tocsr()
    low = np.concatenate([counts[classes], np.full(len(room) + len(left), -np.inf)])
    high = np.concatenate([counts[classes], room, left])
    found = milp(
        net.arc_cost[arcs], integrality=one if whole else 0 * one, bounds=Bounds(0, counts[owner]),
        constraints=LinearConstraint(limits, low, high),
        options={"mip_rel_gap": 0, "node_limit": MAX_NODES},
    )  # fmt: skip
    kept[arcs] = _rest_short(net, counts, boxes, classes)[arcs] if found.x is None else found.x
    return kept


def _rest_short(
    net: Network, counts: NDArray[np.int64], boxes: NDArray[np.float64], classes: NDArray[np.int64]
) -> NDArray[np.float64]:
    """(arcs,) boxes rounded down, what is left of each class without a site: within every cap."""
    down = np.floor(boxes + WHOLE)
    left = counts - np.add.reduceat(down, net.arc_ptr[:-1])
    down[net.arc_ptr[1:][classes] - 1] += left[classes]
    return down
