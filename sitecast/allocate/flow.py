"""Compiled code: exact min-cost flow under nested caps and floors, its prices, its value curve.

Boxes go class → site-day → site-week → sink. The flow is solved by successive shortest paths
between nodes: every class starts at its cheapest node at the starting prices (the first in site
order where costs tie), every limit is kept at once, and what then does not add up moves, box by
box, along the cheapest chain from a node with too many to a node with too few. Potentials keep all
chain lengths non-negative; their gaps are the prices. Everything is whole numbers, so the result
is exact; ties go to the lower node, the lower move, so it is one result for one start (R7).

Source: Ahuja, Magnanti & Orlin, Network Flows (1993), section 9.7.
"""

import numba
import numpy as np
from numpy.typing import NDArray

from sitecast.allocate.limits import Limits
from sitecast.allocate.network import Flow, Network

FAR = 2**62
UP, DOWN = -1, -2


@numba.njit(cache=True, nogil=True)
def min_cost_flow(
    net: Network, counts: NDArray[np.int64], limits: Limits, potential: NDArray[np.int64]
) -> Flow:
    """Boxes per arc at least total cost, within caps.

    Args:
        net: classes and their arcs.
        counts: (classes,) boxes.
        limits: caps and floors; SHORT and the sink without.
        potential: (nodes,) prices to start from: zeros, or those of a flow with the same
            uncapped nodes. Where optima tie, another start may give another of them.
    """
    flow = _start(net, counts, limits, potential)
    _settle(net, limits, flow)
    return flow


@numba.njit(cache=True, nogil=True)
def right_prices(net: Network, limits: Limits, flow: Flow) -> NDArray[np.int64]:
    """(nodes,) what one more box of cap saves at each node; exact, also where costs tie."""
    n_nodes = len(limits.parent)
    prices = np.zeros(n_nodes, np.int64)
    for parent in range(n_nodes):
        searched = False
        for node in range(parent):
            if limits.parent[node] != parent or flow.load[node] < limits.caps[node]:
                continue
            if not searched:
                _search(net, limits, flow, parent, -1)
                searched = True
            if flow.distance[node] < FAR:
                way = flow.distance[node] + flow.potential[node] - flow.potential[parent]
                prices[node] = max(0, -way - _step_cost(limits, flow, node))
    return prices


@numba.njit(cache=True, nogil=True)
def left_prices(net: Network, limits: Limits, flow: Flow) -> NDArray[np.int64]:
    """(nodes,) what one less box of cap costs at each node; 0 where the cap is 0."""
    prices = np.zeros(len(limits.parent), np.int64)
    for node in range(len(prices) - 1):
        if flow.load[node] < limits.caps[node] or limits.caps[node] == 0:
            continue
        parent = limits.parent[node]
        _search(net, limits, flow, node, parent)
        way = flow.distance[parent] + flow.potential[parent] - flow.potential[node]
        missed = limits.floor_cost if flow.load[node] <= limits.floors[node] else 0
        prices[node] = way + missed
    return prices


@numba.njit(cache=True, nogil=True)
def cap_values(
    net: Network, limits: Limits, flow: Flow, caps: NDArray[np.int64]
) -> NDArray[np.int64]:
    """What other caps would save, one site-day at a time, the others as they are.

    Args:
        net: classes and their arcs.
        limits: the limits that `flow` was solved for.
        flow: the optimum.
        caps: (site-days, steps) other caps; each row falls, or rises, away from the present cap.
    Returns:
        (site-days, steps, 2) boxes and minor units saved; negative where it costs them.
    """
    values = np.zeros((*caps.shape, 2), np.int64)
    for node in range(len(caps)):
        last = caps[node, -1]
        now = limits.caps[node]
        if last == now or flow.load[node] < min(now, last + 1):
            continue
        trial = _copy(flow)
        changed = Limits(limits.parent, limits.caps.copy(), limits.floors, limits.floor_cost)
        short = len(net.pair_ptr) - 2
        saved = 0
        for step in range(caps.shape[1]):
            saved -= _change_cap(net, changed, trial, node, caps[node, step])
            values[node, step, 0] = flow.load[short] - trial.load[short]
            values[node, step, 1] = saved
    return values


@numba.njit(cache=True, nogil=True)
def _change_cap(net: Network, limits: Limits, flow: Flow, node: int, cap: int) -> int:
    """The cost of the new optimum less that of the old one."""
    parent, before = limits.parent[node], flow.load[node]
    limits.caps[node] = cap
    gap = flow.potential[node] - flow.potential[parent]
    flow.load[node] = _best_load(limits, node, before, gap)
    moved = flow.load[node] - before
    flow.surplus[node] -= moved
    flow.surplus[parent] += moved
    missed = max(0, limits.floors[node] - flow.load[node])
    change = limits.floor_cost * (missed - max(0, limits.floors[node] - before))
    return change + _settle(net, limits, flow)


@numba.njit(cache=True, nogil=True)
def _copy(flow: Flow) -> Flow:
    """A flow that may change on its own; what only a search uses is shared."""
    return Flow(
        flow.boxes.copy(), flow.load.copy(), flow.surplus.copy(), flow.next_move.copy(),
        flow.potential.copy(), flow.distance, flow.settled, flow.way, flow.came_from,
    )  # fmt: skip


@numba.njit(cache=True, nogil=True)
def _start(
    net: Network, counts: NDArray[np.int64], limits: Limits, potential: NDArray[np.int64]
) -> Flow:
    n_nodes = len(limits.parent)
    boxes, load = np.zeros(len(net.arc_node), np.int64), np.zeros(n_nodes, np.int64)
    surplus = np.zeros(n_nodes, np.int64)
    for c in range(len(counts)):
        best = net.arc_ptr[c]
        least = net.arc_cost[best] - potential[net.arc_node[best]]
        for arc in range(best + 1, net.arc_ptr[c + 1]):
            cost = net.arc_cost[arc] - potential[net.arc_node[arc]]
            if cost < least:
                best, least = arc, cost
        boxes[best] = counts[c]
        surplus[net.arc_node[best]] += counts[c]
        surplus[n_nodes - 1] -= counts[c]
    for node in range(n_nodes - 1):
        parent = limits.parent[node]
        gap = potential[node] - potential[parent]
        load[node] = _best_load(limits, node, surplus[node], gap)
        surplus[node] -= load[node]
        surplus[parent] += load[node]
    return Flow(
        boxes, load, surplus, net.move_ptr[:-1].copy(), potential.copy(),
        np.zeros(n_nodes, np.int64), np.zeros(n_nodes, np.bool_),
        np.zeros(n_nodes, np.int64), np.zeros(n_nodes, np.int64),
    )  # fmt: skip


@numba.njit(cache=True, nogil=True)
def _best_load(limits: Limits, node: int, arrived: int, gap: int) -> int:
    """The load nearest to `arrived` that costs least at the present prices."""
    cap = limits.caps[node]
    floor = min(limits.floors[node], cap)
    if gap < 0:
        return cap
    if gap > limits.floor_cost:
        return 0
    most = cap if gap == 0 else floor
    least = floor if gap < limits.floor_cost else 0
    return min(max(arrived, least), most)


@numba.njit(cache=True, nogil=True)
def _settle(net: Network, limits: Limits, flow: Flow) -> int:
    """Move every surplus to where boxes are missing; returns the cost of it."""
    cost = 0
    for node in range(len(flow.load)):
        while flow.surplus[node] > 0:
            end = _search(net, limits, flow, node, -2)
            nearest = flow.distance[end]
            for other in range(len(flow.load)):
                flow.potential[other] += min(flow.distance[other], nearest)
            amount = _push(net, limits, flow, node, end)
            cost += amount * (flow.potential[end] - flow.potential[node])
    return cost


@numba.njit(cache=True, nogil=True)
def _search(net: Network, limits: Limits, flow: Flow, source: int, target: int) -> int:
    """Distances from a node, at least up to the target; -1: up to all, -2: where boxes miss."""
    flow.distance[:] = FAR
    flow.settled[:] = False
    flow.distance[source] = 0
    while True:
        node = _nearest(flow)
        if node < 0 or node == target or (target == -2 and flow.surplus[node] < 0):
            return node
        flow.settled[node] = True
        if node < len(net.pair_ptr) - 1:
            _relax_moves(net, flow, node)
        _relax_limits(net, limits, flow, node)


@numba.njit(cache=True, nogil=True)
def _nearest(flow: Flow) -> int:
    best, at = FAR, -1
    for node in range(len(flow.distance)):
        if not flow.settled[node] and flow.distance[node] < best:
            best, at = flow.distance[node], node
    return at


@numba.njit(cache=True, nogil=True)
def _relax_moves(net: Network, flow: Flow, node: int) -> None:
    for pair in range(net.pair_ptr[node], net.pair_ptr[node + 1]):
        move = flow.next_move[pair]
        end = net.move_ptr[pair + 1]
        while move < end and flow.boxes[net.move_from[move]] == 0:
            move += 1
        flow.next_move[pair] = move
        if move < end:
            change = net.arc_cost[net.move_to[move]] - net.arc_cost[net.move_from[move]]
            _reach(flow, node, net.pair_node[pair], change, pair)


@numba.njit(cache=True, nogil=True)
def _relax_limits(net: Network, limits: Limits, flow: Flow, node: int) -> None:
    if limits.parent[node] >= 0 and flow.load[node] < limits.caps[node]:
        _reach(flow, node, limits.parent[node], _step_cost(limits, flow, node), UP)
    if node < len(net.pair_ptr) - 1:
        return
    for part in range(node):
        if limits.parent[part] == node and flow.load[part] > 0:
            cost = limits.floor_cost if flow.load[part] <= limits.floors[part] else 0
            _reach(flow, node, part, cost, DOWN)


@numba.njit(cache=True, nogil=True)
def _step_cost(limits: Limits, flow: Flow, node: int) -> int:
    """Cost of one more box through the node's limit: a saving below the floor."""
    return -limits.floor_cost if flow.load[node] < limits.floors[node] else 0


@numba.njit(cache=True, nogil=True)
def _reach(flow: Flow, node: int, other: int, cost: int, way: int) -> None:
    length = flow.distance[node] + cost + flow.potential[node] - flow.potential[other]
    if length < flow.distance[other]:
        flow.distance[other] = length
        flow.way[other] = way
        flow.came_from[other] = node


@numba.njit(cache=True, nogil=True)
def _room(net: Network, limits: Limits, flow: Flow, node: int) -> int:
    """Boxes that the last step of the search to this node can take at its cost."""
    way, before = flow.way[node], flow.came_from[node]
    if way >= 0:
        return flow.boxes[net.move_from[flow.next_move[way]]]
    if way == UP:
        load, floor = flow.load[before], limits.floors[before]
        return (min(floor, limits.caps[before]) if load < floor else limits.caps[before]) - load
    load, floor = flow.load[node], limits.floors[node]
    return load - floor if load > floor else load


@numba.njit(cache=True, nogil=True)
def _push(net: Network, limits: Limits, flow: Flow, source: int, end: int) -> int:
    amount = min(flow.surplus[source], -flow.surplus[end])
    node = end
    while node != source:
        amount = min(amount, _room(net, limits, flow, node))
        node = flow.came_from[node]
    flow.surplus[source] -= amount
    flow.surplus[end] += amount
    node = end
    while node != source:
        way, before = flow.way[node], flow.came_from[node]
        if way == UP:
            flow.load[before] += amount
        elif way == DOWN:
            flow.load[node] -= amount
        else:
            move = flow.next_move[way]
            flow.boxes[net.move_from[move]] -= amount
            _gain(net, flow, net.move_to[move], amount)
        node = before
    return amount


@numba.njit(cache=True, nogil=True)
def _gain(net: Network, flow: Flow, arc: int, amount: int) -> None:
    if flow.boxes[arc] == 0:  # its moves become possible again
        for at in range(net.arc_move_ptr[arc], net.arc_move_ptr[arc + 1]):
            move = net.arc_moves[at]
            pair = net.move_pair[move]
            flow.next_move[pair] = min(flow.next_move[pair], move)
    flow.boxes[arc] += amount
