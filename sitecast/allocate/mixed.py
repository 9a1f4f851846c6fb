"""Boxes to sites where items have caps of their own: no flow any more, so with a bound.

A cap on the kits of a recipe, on a line's portions or on a SKU ties boxes of different classes
together, and the network's linear program is no longer whole. Most draws break no such cap: there
the flow stands, and is exact. For the others, *prices* of the capped items are found once, for the
expected week (mixed_prices.py). They turn the caps into costs, so that an exact flow gives each
draw a lower bound, and a start that nearly keeps the caps. The boxes around the caps that are off
are then placed anew, with everything else as it is (mixed_repair.py). No cap is ever broken, and
how far the result may be from the optimum is said.

Source: Fisher, The Lagrangian relaxation method, Management Science 27 (1981).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sitecast.allocate.kernel import solve_flow
from sitecast.allocate.mixed_caps import ItemCaps, priced_network
from sitecast.allocate.mixed_prices import item_prices
from sitecast.allocate.mixed_repair import repair
from sitecast.allocate.network import Network


@dataclass(frozen=True)
class CappedFlow:
    """One draw's boxes under item caps, and how good they are."""

    boxes: NDArray[np.int64]
    """(arcs,) boxes on each arc; whole, within every cap."""
    cost: int
    """Their cost, minor units."""
    bound: int
    """No way to place the boxes costs less; minor units."""

    @property
    def gap(self) -> float:
        """Share of the cost that a better solution could save at most."""
        return (self.cost - self.bound) / self.cost if self.cost > self.bound else 0.0


@dataclass(frozen=True)
class CappedNetwork:
    """A week's network with item caps and their prices: what all its draws share."""

    plain: Network
    priced: Network
    """The same arcs and moves, each arc dearer by what it takes of the priced caps."""
    item_caps: ItemCaps
    prices: NDArray[np.int64]
    """(rows,) minor units per kit."""


def capped_network(
    net: Network, item_caps: ItemCaps, counts: NDArray[np.int64], caps: NDArray[np.int64]
) -> CappedNetwork:
    """Find the prices of a week's item caps.

    Args:
        net: box classes, told apart by what they hold of the capped items.
        item_caps: what a box on each arc takes of each item cap.
        counts: (classes,) boxes of the expected week.
        caps: (nodes,) boxes; the last (SHORT) must not bind.
    """
    prices = item_prices(net, item_caps, counts, caps)
    return CappedNetwork(net, priced_network(net, item_caps, prices), item_caps, prices)


def solve_capped(
    network: CappedNetwork, counts: NDArray[np.int64], caps: NDArray[np.int64]
) -> CappedFlow:
    """Boxes per arc within site-day caps and item caps, at nearly least cost, with a bound.

    Exact (cost = bound) where the flow without item caps breaks none of them.

    Args:
        network: of capped_network.
        counts: (classes,) boxes of the draw.
        caps: (nodes,) boxes; the last (SHORT) must not bind.
    Source:
        Rules R3, R4, R7.
    """
    plain, item_caps = network.plain, network.item_caps
    boxes = solve_flow(plain, counts, caps).boxes
    free_of_caps = int(boxes @ plain.arc_cost)
    if item_caps.keeps(boxes):
        return CappedFlow(boxes, free_of_caps, free_of_caps)
    flow = solve_flow(network.priced, counts, caps)
    bound = int(flow.boxes @ network.priced.arc_cost - network.prices @ item_caps.caps)
    boxes = repair(plain, network.priced, item_caps, network.prices, counts, caps, flow)
    return CappedFlow(boxes, int(boxes @ plain.arc_cost), max(bound, free_of_caps))
