"""The network of one week: class → site-day or SHORT, and every way to move a box between two.

A box class offers its boxes to a few nodes (its site-days, and last the node SHORT, which takes
any number). A *move* shifts boxes of one class from one of its nodes to another. Moves are sorted
once per week, so that each draw only has to walk along them.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sitecast.allocate.moves import moves_by_arc, sorted_moves


class Network(NamedTuple):
    """Flat arrays, so that compiled code can read them. Node n_nodes - 1 is SHORT."""

    arc_ptr: NDArray[np.int64]
    """(classes + 1,) class c owns arcs arc_ptr[c]:arc_ptr[c + 1], in site order, SHORT last."""
    arc_node: NDArray[np.int32]
    """(arcs,) the node an arc enters."""
    arc_cost: NDArray[np.int64]
    """(arcs,) cost of a box on it, minor units."""
    pair_ptr: NDArray[np.int64]
    """(nodes + 1,) pairs that leave a node."""
    pair_node: NDArray[np.int32]
    """(pairs,) the node a pair enters."""
    move_ptr: NDArray[np.int64]
    """(pairs + 1,) moves of a pair, by change of cost, then by class."""
    move_from: NDArray[np.int32]
    """(moves,) arc that loses the box."""
    move_to: NDArray[np.int32]
    """(moves,) arc that gains it."""
    move_pair: NDArray[np.int32]
    """(moves,) the pair a move belongs to."""
    arc_move_ptr: NDArray[np.int64]
    """(arcs + 1,) entries of arc_moves."""
    arc_moves: NDArray[np.int32]
    """(moves,) the moves that leave an arc."""


class Flow(NamedTuple):
    """The state of one solve; nodes as in Limits, the sink last."""

    boxes: NDArray[np.int64]
    """(arcs,) boxes on each arc."""
    load: NDArray[np.int64]
    """(nodes,) boxes that go on from each node."""
    surplus: NDArray[np.int64]
    """(nodes,) boxes that arrive beyond those that go on; all 0 when solved."""
    next_move: NDArray[np.int64]
    """(pairs,) no move of the pair before this one has boxes to shift."""
    potential: NDArray[np.int64]
    distance: NDArray[np.int64]
    settled: NDArray[np.bool_]
    way: NDArray[np.int64]
    """(nodes,) pair by which the search came, or UP or DOWN the tree of limits."""
    came_from: NDArray[np.int64]


def tie_scale(n_nodes: int) -> int:
    """By what to multiply all costs, so that 1 more on some arcs decides only where costs tie.

    What turns one flow into a cheaper one splits into chains that pass each node at most once, and
    a chain takes or leaves one such arc per node: beyond n_nodes + 1, the number of boxes does not
    matter. So the sums are exact, however many boxes there are.

    Args:
        n_nodes: number of site-days, SHORT not counted.
    """
    return n_nodes + 2


def build_network(
    node: NDArray[np.int32], cost: NDArray[np.int64], short_cost: NDArray[np.int64], n_nodes: int
) -> Network:
    """Sort a week's classes into a network.

    Args:
        node: (classes, sites) site-day a class may use at each site; -1 where it may not.
        cost: (classes, sites) cost per box there, minor units.
        short_cost: (classes,) cost of a box that no site takes.
        n_nodes: number of site-days, SHORT not counted.
    """
    short = np.full((len(node), 1), n_nodes, dtype=np.int32)
    node = np.concatenate([node, short], axis=1)
    cost = np.concatenate([cost, short_cost[:, None]], axis=1)
    used = node >= 0
    arc_ptr = np.concatenate([[0], np.cumsum(used.sum(axis=1))]).astype(np.int64)
    arc_node, arc_cost = node[used].astype(np.int32), cost[used].astype(np.int64)
    pairs, move_ptr, move_from, move_to, move_pair = sorted_moves(
        arc_ptr, arc_node, arc_cost, n_nodes + 1
    )
    leaving = np.searchsorted(pairs // (n_nodes + 1), np.arange(n_nodes + 2))
    arc_move_ptr, arc_moves = moves_by_arc(move_from, len(arc_node))
    return Network(
        arc_ptr, arc_node, arc_cost, leaving.astype(np.int64),
        (pairs % (n_nodes + 1)).astype(np.int32), move_ptr.astype(np.int64), move_from, move_to,
        move_pair, arc_move_ptr, arc_moves,
    )  # fmt: skip
