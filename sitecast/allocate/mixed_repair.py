"""From a flow that nearly keeps the item caps to boxes that do.

Some classes are freed: boxes that take of a broken cap, boxes that could use what is left of a
priced one, and the first to move between the site-days concerned, which can make room. All others
stay. The freed boxes are placed anew by a linear program; the few classes that it splits into
fractions then by a mixed-integer one. Both are HiGHS, as SciPy ships it.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import block_array, csr_array, eye_array

from sitecast.allocate.flow import FAR
from sitecast.allocate.limits import Limits, through_nodes
from sitecast.allocate.mixed_caps import ItemCaps
from sitecast.allocate.network import Flow, Network

SLACK = 2
"""Free boxes with so many times the units by which a cap is off."""
WHOLE = 1e-6
"""A number of boxes nearer than this to a whole one is whole."""
MAX_NODES = 50
"""Branches of the mixed-integer program: a count, since a time limit would not repeat (R7)."""


def repair(
    plain: Network, priced: Network, item_caps: ItemCaps, prices: NDArray[np.int64],
    counts: NDArray[np.int64], limits: Limits, flow: Flow,
) -> NDArray[np.int64]:  # fmt: skip
    """(arcs,) boxes within every cap, near to the flow's.

    Args:
        plain: the week's network, true costs.
        priced: the network of which `flow` is an optimum.
        item_caps: what arcs take of each item cap.
        prices: (rows,) of the item caps.
        counts: (classes,) boxes.
        limits: caps and floors of site-days and site-weeks.
        flow: within `limits`.
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
    boxes = _place_anew(plain, item_caps, counts, limits, boxes, freed[owner], whole=False)
    split = np.logical_or.reduceat(np.abs(boxes - np.rint(boxes)) > WHOLE, plain.arc_ptr[:-1])
    boxes = np.where(split[owner], boxes, np.rint(boxes))
    if split.any():
        boxes = _place_anew(plain, item_caps, counts, limits, boxes, split[owner], whole=True)
    return np.rint(boxes).astype(np.int64)


def _off_their_cap(
    priced: Network, usage: csr_array, owner: NDArray[np.int64], off: NDArray[np.int64], flow: Flow
) -> NDArray[np.int64]:
    """Arcs whose boxes leave a broken cap, or that could fill a priced one, at the least cost."""
    dearer = priced.arc_cost - flow.potential[priced.arc_node]
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
    units = np.zeros(len(priced.pair_ptr) - 1)
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
    net: Network, item_caps: ItemCaps, counts: NDArray[np.int64], limits: Limits,
    boxes: NDArray[np.float64], freed: NDArray[np.bool_], whole: bool,
) -> NDArray[np.float64]:  # fmt: skip
    """(arcs,) boxes with those on freed arcs at least cost in the room that the others leave.

    Columns are the freed arcs, then the boxes missing at each node with a floor.
    """
    arcs = np.flatnonzero(freed)
    kept = np.where(freed, 0.0, boxes)
    owner = np.repeat(np.arange(len(counts)), np.diff(net.arc_ptr))[arcs]
    classes, row = np.unique(owner, return_inverse=True)
    each = _ones(row, len(classes))
    passed = csr_array(_passed(net, limits))
    passing = passed @ _ones(net.arc_node[arcs], passed.shape[1])
    load = passed @ np.bincount(net.arc_node, kept, passed.shape[1])
    # A cap beyond all boxes never binds; as it is, UNCAPPED would spoil the solver's scaling.
    room = np.minimum(limits.caps, counts.sum()) - load
    asked = np.flatnonzero((limits.floors > 0) & (limits.floor_cost > 0))
    scale = 1 / item_caps.per  # units of one size, so that the solver's tolerance suits all rows
    usage = item_caps.usage.multiply(scale[:, None]).tocsr()
    rows = block_array([[each, None], [passing, None], [usage[:, arcs], None],
                        [passing[asked], eye_array(len(asked))]])  # fmt: skip
    free = np.full(len(room) + len(item_caps.caps), -np.inf)
    low = np.concatenate([counts[classes], free, (limits.floors - load)[asked]])
    high = np.concatenate([counts[classes], room, item_caps.caps * scale - usage @ kept,
                           np.full(len(asked), np.inf)])  # fmt: skip
    found = milp(
        np.append(net.arc_cost[arcs], np.full(len(asked), limits.floor_cost)),
        integrality=np.append(np.full(len(arcs), int(whole)), np.zeros(len(asked))),
        bounds=Bounds(0, np.append(counts[owner].astype(float), np.full(len(asked), np.inf))),
        constraints=LinearConstraint(rows.tocsr(), low, high),
        options={"mip_rel_gap": 0, "node_limit": MAX_NODES},
    )  # fmt: skip
    short = found.x is None
    kept[arcs] = _rest_short(net, counts, boxes, classes)[arcs] if short else found.x[: len(arcs)]
    return kept


def _ones(row: NDArray[np.integer[Any]], n_rows: int) -> csr_array:
    """(n_rows, columns) a 1 in each column, at its row."""
    return csr_array((np.ones(len(row)), (row, np.arange(len(row)))), shape=(n_rows, len(row)))


def _passed(net: Network, limits: Limits) -> NDArray[np.int64]:
    """(nodes, site-days + 1) whether a box that enters at a site-day, or SHORT, passes a node."""
    return through_nodes(limits.parent, np.eye(len(net.pair_ptr) - 1, dtype=np.int64)).T


def _rest_short(
    net: Network, counts: NDArray[np.int64], boxes: NDArray[np.float64], classes: NDArray[np.int64]
) -> NDArray[np.float64]:
    """(arcs,) boxes rounded down, what is left of each class without a site: within every cap."""
    down = np.floor(boxes + WHOLE)
    left = counts - np.add.reduceat(down, net.arc_ptr[:-1])
    down[net.arc_ptr[1:][classes] - 1] += left[classes]
    return down
