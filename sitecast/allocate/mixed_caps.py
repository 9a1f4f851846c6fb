"""Caps on items rather than boxes: what a box takes of them, and a network that pays for it."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from sitecast.allocate.limits import Limits, through_nodes
from sitecast.allocate.moves import moves_by_arc, sorted_moves
from sitecast.allocate.network import Network


@dataclass(frozen=True)
class ItemCaps:
    """Caps that several box classes share, one per row: an item at a site, on a day or in a week.

    The unit of a row is its own (kits, portions, a SKU's base_uom); usage and cap agree in it.
    """

    usage: csr_array
    """(rows, arcs) whole units that a box on the arc takes; none on arcs to SHORT."""
    caps: NDArray[np.int64]
    """(rows,) units; at least 0."""
    per: NDArray[np.int64]
    """(rows,) units that a price is for: those of a small piece, so that whole prices are fine."""

    def load(self, boxes: NDArray[np.int64]) -> NDArray[np.int64]:
        """(rows,) units that boxes on the arcs take."""
        return self.usage @ boxes

    def keeps(self, boxes: NDArray[np.int64]) -> bool:
        """Whether boxes on the arcs break no cap."""
        return bool((self.load(boxes) <= self.caps).all())

    def less(self, boxes: NDArray[np.int64]) -> "ItemCaps":
        """What (arcs,) boxes leave of the caps; never below 0."""
        return replace(self, caps=(self.caps - self.load(boxes)).clip(min=0))

    def worth(self, prices: NDArray[np.int64]) -> int:
        """What all caps are worth at (rows,) prices, rounded up; minor units."""
        return -int((-prices * self.caps // self.per).sum())


def item_caps(
    net: Network, held: NDArray[np.int64], item: NDArray[np.int64], nodes: NDArray[np.bool_],
    caps: NDArray[np.int64], per: NDArray[np.int64] | None = None,
) -> ItemCaps:  # fmt: skip
    """Tie caps to the arcs of a network.

    Args:
        net: box classes that hold the same of every capped item.
        held: (classes, items) whole units of each item in a box: kits of a recipe, portions that
            a line makes, a quantity of a SKU.
        item: (rows,) the item that a cap limits, a column of `held`.
        nodes: (rows, site-days + 1) that share the cap: one, or all of a site; never SHORT.
        caps: (rows,) units; at least 0.
        per: (rows,) units that a price is for; 1 when absent.
    """
    owner = np.repeat(np.arange(len(held)), np.diff(net.arc_ptr))
    arcs = [np.flatnonzero(on[net.arc_node] & (held[owner, i] > 0))
            for i, on in zip(item, nodes, strict=True)]  # fmt: skip
    ends = np.cumsum([0, *map(len, arcs)])
    columns = np.concatenate([np.zeros(0, np.int64), *arcs])
    units = held[owner[columns], np.repeat(item, np.diff(ends))]
    usage = csr_array((units, columns, ends), shape=(len(caps), len(owner)))
    return ItemCaps(usage, caps, np.ones_like(caps) if per is None else per)


def node_load(net: Network, limits: Limits, boxes: NDArray[np.int64]) -> NDArray[np.int64]:
    """(nodes,) boxes that pass each node of the limits, from (arcs,) boxes."""
    entering = np.bincount(net.arc_node, boxes, len(net.pair_ptr) - 1).astype(np.int64)
    return through_nodes(limits.parent, entering)


def flow_cost(net: Network, limits: Limits, boxes: NDArray[np.int64]) -> int:
    """What (arcs,) boxes cost, missed floors included; minor units."""
    missed = (limits.floors - node_load(net, limits, boxes)).clip(min=0)
    return int(boxes @ net.arc_cost + limits.floor_cost * missed.sum())


def priced_network(net: Network, caps: ItemCaps, prices: NDArray[np.int64]) -> Network:
    """The network where an arc also pays for what its boxes take; moves are sorted anew.

    Args:
        net: the week's network.
        caps: what arcs take of each item cap.
        prices: (rows,) minor units for `per` units; at least 0. An arc pays whole minor units,
            rounded down, so that a bound from these costs holds.
    """
    row = np.repeat(np.arange(len(prices)), np.diff(caps.usage.indptr))
    paid = caps.usage.data * prices[row] // caps.per[row]
    more = np.zeros(len(net.arc_cost), np.int64)
    np.add.at(more, caps.usage.indices, paid)
    cost = net.arc_cost + more
    _, _, move_from, move_to, _ = sorted_moves(
        net.arc_ptr, net.arc_node, cost, len(net.pair_ptr) - 1
    )
    return net._replace(
        arc_cost=cost, move_from=move_from, move_to=move_to,
        arc_moves=moves_by_arc(move_from, len(cost))[1],
    )  # fmt: skip
