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

from sitecast.allocate.flow import min_cost_flow, right_prices
from sitecast.allocate.limits import Limits
from sitecast.allocate.mixed_caps import ItemCaps, flow_cost, priced_network
from sitecast.allocate.mixed_fill import fill, trim
from sitecast.allocate.mixed_prices import item_prices
from sitecast.allocate.mixed_repair import repair
from sitecast.allocate.network import Network


@dataclass(frozen=True)
class CappedFlow:
    """One draw's boxes under item caps, and how good they are."""

    boxes: NDArray[np.int64]
    """(arcs,) boxes on each arc; whole, within every cap."""
    cost: int
    """What they and missed floors cost, minor units."""
    bound: int
    """No way to place the boxes costs less; minor units."""
    right: NDArray[np.int64]
    """(nodes,) what one more box of each cap saves at the prices of the item caps."""

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
    """(rows,) minor units for `per` units of an item cap."""
    potential: NDArray[np.int64]
    """(nodes,) prices of the expected week's flow; of the priced one `priced_potential`."""
    priced_potential: NDArray[np.int64]


def capped_network(
    net: Network, item_caps: ItemCaps, counts: NDArray[np.int64], limits: Limits
) -> CappedNetwork:
    """Find the prices of a week's item caps.

    Args:
        net: box classes, told apart by what they hold of the capped items.
        item_caps: what a box on each arc takes of each item cap.
        counts: (classes,) boxes of the expected week.
        limits: caps and floors of site-days and site-weeks.
    """
    prices = item_prices(net, item_caps, counts, limits)
    priced = priced_network(net, item_caps, prices)
    start = np.zeros(len(limits.parent), np.int64)
    flows = (min_cost_flow(each, counts, limits, start) for each in (net, priced))
    return CappedNetwork(net, priced, item_caps, prices, *(flow.potential for flow in flows))


def solve_capped(network: CappedNetwork, counts: NDArray[np.int64], limits: Limits) -> CappedFlow:
    """Boxes per arc within the caps of site-days and items, at nearly least cost, with a bound.

    Exact (cost = bound) where the flow without item caps breaks none of them. A box without a site
    has none that could take it: every one is full, or has no room for an item of it.

    Args:
        network: of capped_network.
        counts: (classes,) boxes of the draw.
        limits: caps and floors, with the same uncapped nodes as those of capped_network.
    Source:
        Rules R3, R4, R7.
    """
    plain, item_caps = network.plain, network.item_caps
    flow = min_cost_flow(plain, counts, limits, network.potential)
    free_of_caps = flow_cost(plain, limits, flow.boxes)
    if item_caps.keeps(flow.boxes):
        right = right_prices(plain, limits, flow)
        return CappedFlow(flow.boxes, free_of_caps, free_of_caps, right)
    flow = min_cost_flow(network.priced, counts, limits, network.priced_potential)
    bound = flow_cost(network.priced, limits, flow.boxes) - item_caps.worth(network.prices)
    boxes = repair(plain, network.priced, item_caps, network.prices, counts, limits, flow)
    boxes = fill(plain, item_caps, limits, trim(plain, item_caps, boxes))
    return CappedFlow(boxes, flow_cost(plain, limits, boxes), max(bound, free_of_caps),
                      right_prices(network.priced, limits, flow))  # fmt: skip
