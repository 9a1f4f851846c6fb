"""Compiled code: every way to move a box between two nodes, cheapest first.

Moves are counted, filled in by pair of nodes, and sorted by change of cost within their pair. They
are filled in class by class, so a sort that keeps the order of equals leaves ties in class order.
"""

import numba
import numpy as np
from numpy.typing import NDArray

Int32s = NDArray[np.int32]
Int64s = NDArray[np.int64]


def sorted_moves(
    arc_ptr: Int64s, arc_node: Int32s, arc_cost: Int64s, n_nodes: int
) -> tuple[Int64s, Int64s, Int32s, Int32s, Int32s]:
    """The moves of a network.

    Args:
        arc_ptr: (classes + 1,) first arc of each class.
        arc_node: (arcs,) the node an arc enters.
        arc_cost: (arcs,) minor units.
        n_nodes: nodes that arcs enter.
    Returns:
        pairs: node left × n_nodes + node entered, ascending; of those with moves.
        move_ptr: (pairs + 1,) first move of each pair.
        move_from, move_to: (moves,) arcs, by pair, change of cost, class.
        move_pair: (moves,) position in `pairs`.
    """
    sizes = _count(arc_ptr, arc_node, n_nodes)
    pairs = np.flatnonzero(sizes)
    first = np.cumsum(sizes) - sizes
    move_ptr = np.append(first[pairs], sizes.sum())
    filled = _fill(arc_ptr, arc_node, first, int(move_ptr[-1]), n_nodes)
    return pairs, move_ptr, *_sort(move_ptr, *filled, arc_cost)


@numba.njit(cache=True, nogil=True)
def moves_by_arc(move_from: Int32s, n_arcs: int) -> tuple[Int64s, Int32s]:
    """(arcs + 1,) first entry of each arc, and (moves,) the moves that leave it, ascending."""
    ptr = np.zeros(n_arcs + 1, np.int64)
    for arc in move_from:
        ptr[arc + 1] += 1
    for arc in range(n_arcs):
        ptr[arc + 1] += ptr[arc]
    at, moves = ptr[:-1].copy(), np.empty(len(move_from), np.int32)
    for move in range(len(move_from)):
        arc = move_from[move]
        moves[at[arc]] = move
        at[arc] += 1
    return ptr, moves


@numba.njit(cache=True, nogil=True)
def _count(arc_ptr: Int64s, arc_node: Int32s, n_nodes: int) -> Int64s:
    sizes = np.zeros(n_nodes * n_nodes, np.int64)
    for c in range(len(arc_ptr) - 1):
        for a in range(arc_ptr[c], arc_ptr[c + 1]):
            for b in range(arc_ptr[c], arc_ptr[c + 1]):
                if a != b:
                    sizes[arc_node[a] * n_nodes + arc_node[b]] += 1
    return sizes


@numba.njit(cache=True, nogil=True)
def _fill(
    arc_ptr: Int64s, arc_node: Int32s, first: Int64s, n_moves: int, n_nodes: int
) -> tuple[Int32s, Int32s]:
    at = first.copy()
    move_from, move_to = np.empty(n_moves, np.int32), np.empty(n_moves, np.int32)
    for c in range(len(arc_ptr) - 1):
        for a in range(arc_ptr[c], arc_ptr[c + 1]):
            for b in range(arc_ptr[c], arc_ptr[c + 1]):
                if a != b:
                    pair = arc_node[a] * n_nodes + arc_node[b]
                    move_from[at[pair]], move_to[at[pair]] = a, b
                    at[pair] += 1
    return move_from, move_to


@numba.njit(cache=True, nogil=True)
def _sort(
    move_ptr: Int64s, move_from: Int32s, move_to: Int32s, arc_cost: Int64s
) -> tuple[Int32s, Int32s, Int32s]:
    by_from, by_to = np.empty_like(move_from), np.empty_like(move_to)
    by_pair = np.empty(len(move_from), np.int32)
    for pair in range(len(move_ptr) - 1):
        start, end = move_ptr[pair], move_ptr[pair + 1]
        change = arc_cost[move_to[start:end]] - arc_cost[move_from[start:end]]
        order = _order(change)
        for k in range(end - start):
            by_from[start + k] = move_from[start + order[k]]
            by_to[start + k] = move_to[start + order[k]]
            by_pair[start + k] = pair
    return by_from, by_to, by_pair


@numba.njit(cache=True, nogil=True)
def _order(values: Int64s) -> Int64s:
    """Positions by value, equals in their order; by counting where values are dense."""
    least = values.min()
    span = values.max() - least + 1
    if span > 4 * len(values) + 1_000:
        return np.argsort(values, kind="mergesort")
    at = np.zeros(span + 1, np.int64)
    for value in values:
        at[value - least + 1] += 1
    for step in range(span):
        at[step + 1] += at[step]
    order = np.empty(len(values), np.int64)
    for k in range(len(values)):
        order[at[values[k] - least]] = k
        at[values[k] - least] += 1
    return order
