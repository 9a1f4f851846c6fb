"""Compiled code: exact min-cost flow of one draw, and its boxes one by one.

The flow is solved by successive shortest paths between site-days. Every class starts at its
cheapest node (the first in site order where costs tie); while a site-day holds more than its cap,
one box moves along the cheapest chain of moves to a node with room. Node potentials keep all
chain lengths non-negative, and their gaps are the prices. Everything is whole numbers, so the
result is exact; ties go to the lower node, the lower move, so it is one result (R7). Each draw
starts afresh: a start from another draw's prices could end in another, equally good, solution.

Source: Ahuja, Magnanti & Orlin, Network Flows (1993), section 9.7.
"""

from typing import NamedTuple

import numba
import numpy as np
from numpy.typing import NDArray

from sitecast.allocate.network import Network

FAR = 2**62


class Flow(NamedTuple):
    """The state of one solve; the last node is SHORT, the last potential the sink's."""

    boxes: NDArray[np.int64]
    """(arcs,) boxes on each arc."""
    load: NDArray[np.int64]
    """(nodes,) boxes at each node."""
    next_move: NDArray[np.int64]
    """(pairs,) no move of the pair before this one has boxes to shift."""
    potential: NDArray[np.int64]
    distance: NDArray[np.int64]
    settled: NDArray[np.bool_]
    parent: NDArray[np.int64]
    """(nodes,) pair by which the search came."""
    came_from: NDArray[np.int64]


@numba.njit(cache=True, nogil=True)
def solve_flow(net: Network, counts: NDArray[np.int64], caps: NDArray[np.int64]) -> Flow:
    """Boxes per arc at least total cost, within caps; caps[-1] (SHORT) must not bind."""
    flow = _cheapest_start(net, counts, len(caps))
    for node in range(len(caps)):
        while flow.load[node] > caps[node]:
            end = _search(net, flow, caps, node)
            _push(net, flow, caps, node, end)
    return flow


@numba.njit(cache=True, nogil=True)
def right_prices(net: Network, flow: Flow) -> NDArray[np.int64]:
    """(nodes,) what one more box of cap would save at each node; exact, also where costs tie."""
    sink = len(flow.load)
    for node in range(sink):
        flow.settled[node] = False
        gap = flow.potential[sink] - flow.potential[node]
        flow.distance[node] = gap if flow.load[node] > 0 else FAR
    while True:
        node = _nearest(flow)
        if node < 0:
            break
        flow.settled[node] = True
        _relax(net, flow, node)
    prices = np.zeros(sink, np.int64)
    for node in range(sink):
        if flow.distance[node] < FAR:
            gap = flow.potential[sink] - flow.potential[node]
            prices[node] = max(0, gap - flow.distance[node])
    return prices


@numba.njit(cache=True, nogil=True)
def _cheapest_start(net: Network, counts: NDArray[np.int64], n_nodes: int) -> Flow:
    boxes, load = np.zeros(len(net.arc_node), np.int64), np.zeros(n_nodes, np.int64)
    for c in range(len(counts)):
        best = net.arc_ptr[c]
        for arc in range(best + 1, net.arc_ptr[c + 1]):
            if net.arc_cost[arc] < net.arc_cost[best]:
                best = arc
        boxes[best] = counts[c]
        load[net.arc_node[best]] += counts[c]
    return Flow(
        boxes, load, net.move_ptr[:-1].copy(), np.zeros(n_nodes + 1, np.int64),
        np.zeros(n_nodes, np.int64), np.zeros(n_nodes, np.bool_),
        np.zeros(n_nodes, np.int64), np.zeros(n_nodes, np.int64),
    )  # fmt: skip


@numba.njit(cache=True, nogil=True)
def _search(net: Network, flow: Flow, caps: NDArray[np.int64], source: int) -> int:
    """The nearest node with room, after making potentials the new distances."""
    n_nodes, best, end = len(caps), FAR, -1
    flow.distance[:] = FAR
    flow.settled[:] = False
    flow.distance[source] = 0
    while True:
        node = _nearest(flow)
        if node < 0 or flow.distance[node] >= best:
            break
        flow.settled[node] = True
        if flow.load[node] < caps[node]:
            length = flow.distance[node] + flow.potential[node] - flow.potential[n_nodes]
            if length < best:
                best, end = length, node
        _relax(net, flow, node)
    for node in range(n_nodes):
        flow.potential[node] += min(flow.distance[node], best)
    flow.potential[n_nodes] += best
    return end


@numba.njit(cache=True, nogil=True)
def _nearest(flow: Flow) -> int:
    best, at = FAR, -1
    for node in range(len(flow.distance)):
        if not flow.settled[node] and flow.distance[node] < best:
            best, at = flow.distance[node], node
    return at


@numba.njit(cache=True, nogil=True)
def _relax(net: Network, flow: Flow, node: int) -> None:
    for pair in range(net.pair_ptr[node], net.pair_ptr[node + 1]):
        other = net.pair_node[pair]
        move = flow.next_move[pair]
        end = net.move_ptr[pair + 1]
        while move < end and flow.boxes[net.move_from[move]] == 0:
            move += 1
        flow.next_move[pair] = move
        if move == end or flow.settled[other]:
            continue
        change = net.arc_cost[net.move_to[move]] - net.arc_cost[net.move_from[move]]
        length = flow.distance[node] + change + flow.potential[node] - flow.potential[other]
        if length < flow.distance[other]:
            flow.distance[other] = length
            flow.parent[other] = pair
            flow.came_from[other] = node


@numba.njit(cache=True, nogil=True)
def _push(net: Network, flow: Flow, caps: NDArray[np.int64], source: int, end: int) -> None:
    amount = min(flow.load[source] - caps[source], caps[end] - flow.load[end])
    node = end
    while node != source:
        move = flow.next_move[flow.parent[node]]
        amount = min(amount, flow.boxes[net.move_from[move]])
        node = flow.came_from[node]
    flow.load[source] -= amount
    flow.load[end] += amount
    node = end
    while node != source:
        move = flow.next_move[flow.parent[node]]
        flow.boxes[net.move_from[move]] -= amount
        _gain(net, flow, net.move_to[move], amount)
        node = flow.came_from[node]


@numba.njit(cache=True, nogil=True)
def _gain(net: Network, flow: Flow, arc: int, amount: int) -> None:
    if flow.boxes[arc] == 0:  # its moves become possible again
        for at in range(net.arc_move_ptr[arc], net.arc_move_ptr[arc + 1]):
            move = net.arc_moves[at]
            pair = net.move_pair[move]
            flow.next_move[pair] = min(flow.next_move[pair], move)
    flow.boxes[arc] += amount


@numba.njit(cache=True, nogil=True)
def assign_boxes(
    arc_ptr: NDArray[np.int64], arc_lane: NDArray[np.int32], boxes: NDArray[np.int64],
    box_class: NDArray[np.int32], rank: NDArray[np.uint64],
) -> NDArray[np.int32]:  # fmt: skip
    """(boxes,) lane of each box, -1 for SHORT; in a split class low ranks go to the first site."""
    only = np.full(len(arc_ptr) - 1, -1, np.int64)
    split = np.zeros(len(arc_ptr) - 1, np.bool_)
    for c in range(len(only)):
        for arc in range(arc_ptr[c], arc_ptr[c + 1]):
            if boxes[arc] > 0:
                split[c] = only[c] >= 0
                only[c] = arc
    lane = np.empty(len(box_class), np.int32)
    n_split = 0
    for b in range(len(box_class)):
        lane[b] = arc_lane[only[box_class[b]]]
        n_split += split[box_class[b]]
    members = np.empty(n_split, np.int64)
    at = 0
    for b in range(len(box_class)):
        if split[box_class[b]]:
            members[at] = b
            at += 1
    _split_by_rank(arc_ptr, arc_lane, boxes, box_class, rank, members, lane)
    return lane


@numba.njit(cache=True, nogil=True)
def _split_by_rank(
    arc_ptr: NDArray[np.int64], arc_lane: NDArray[np.int32], boxes: NDArray[np.int64],
    box_class: NDArray[np.int32], rank: NDArray[np.uint64],
    members: NDArray[np.int64], lane: NDArray[np.int32],
) -> None:  # fmt: skip
    by_rank = members[np.argsort(rank[members], kind="mergesort")]
    arc_of = arc_ptr[:-1].copy()
    left = boxes.copy()
    for b in by_rank:
        c = box_class[b]
        while left[arc_of[c]] == 0:
            arc_of[c] += 1
        left[arc_of[c]] -= 1
        lane[b] = arc_lane[arc_of[c]]


@numba.njit(cache=True, nogil=True)
def count_pieces(
    lane: NDArray[np.int32], item_ptr: NDArray[np.int64], items: NDArray[np.int32],
    size: NDArray[np.int64], n_kit_items: int, n_sizes: int,
    kits: NDArray[np.int32], packs: NDArray[np.int32], boxes: NDArray[np.int32],
) -> bool:  # fmt: skip
    """Add allocated boxes to kits (lanes, items), packs (lanes, packs) and boxes (lanes,).

    A pack's position is number of kits × n_sizes + position of the box's portions size. False
    when a box lies outside the pack axis.
    """
    for b in range(len(lane)):
        at = lane[b]
        if at < 0:
            continue
        n_kits = 0
        for piece in range(item_ptr[b], item_ptr[b + 1]):
            item = items[piece]
            kits[at, item] += 1
            n_kits += item < n_kit_items
        pack = n_kits * n_sizes + size[b]
        if size[b] < 0 or pack >= packs.shape[1]:
            return False
        packs[at, pack] += 1
        boxes[at] += 1
    return True
