"""Prices of item caps: what one more kit of each would save in the expected week.

With a price on every capped kit the caps become costs, and the exact flow answers at which total a
week can be served *at least* (Lagrangian bound). The best prices are those with the highest bound;
since the flow is whole by itself, it is that of the linear program, but for prices in whole minor
units. They are found by cutting planes: every flow gives a plane above the bound, the next prices
are the highest point under all planes within reach of the best ones so far.

Source: Kelley (1960); box step after Marsten, Hogan & Blankenship, Operations Research 23 (1975).
"""

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog

from sitecast.allocate.flow import min_cost_flow
from sitecast.allocate.limits import Limits
from sitecast.allocate.mixed_caps import ItemCaps, flow_cost, priced_network
from sitecast.allocate.network import Network

MAX_ROUNDS = 40
TOLERANCE = 1e-5
"""Share of the bound that a further round must be able to add."""


def item_prices(
    net: Network, item_caps: ItemCaps, counts: NDArray[np.int64], limits: Limits
) -> NDArray[np.int64]:
    """(rows,) price of `per` units of each item cap, whole minor units; 0 where none is broken.

    Args:
        net: the week's network.
        item_caps: (rows, arcs) usage, and (rows,) caps.
        counts: (classes,) boxes.
        limits: caps and floors of site-days and site-weeks.
    """
    best = np.zeros(len(item_caps.caps), np.int64)
    top, excess = _plane(net, item_caps, counts, limits, best)
    planes = [(top, excess)]  # at prices p the bound is at most first + second @ p
    reach = max(1.0, float(net.arc_cost.max(initial=0)) / 8)
    for _ in range(MAX_ROUNDS):
        highest, prices = _highest(planes, best, reach)
        if highest - top <= TOLERANCE * abs(top) or (prices == best).all():
            break
        bound, excess = _plane(net, item_caps, counts, limits, prices)
        planes.append((float(bound - excess @ prices), excess))
        if bound > top:
            top, best, reach = bound, prices, reach * 2
        else:
            reach = max(1.0, reach / 2)
    return best


def _plane(
    net: Network, item_caps: ItemCaps, counts: NDArray[np.int64], limits: Limits,
    prices: NDArray[np.int64],
) -> tuple[float, NDArray[np.float64]]:  # fmt: skip
    """The bound at some prices and, as its slope, what the flow takes beyond each cap."""
    start = np.zeros(len(limits.parent), np.int64)
    priced = priced_network(net, item_caps, prices)
    boxes = min_cost_flow(priced, counts, limits, start).boxes
    excess = (item_caps.load(boxes) - item_caps.caps) / item_caps.per
    return float(flow_cost(net, limits, boxes) + excess @ prices), excess


def _highest(
    planes: list[tuple[float, NDArray[np.float64]]], best: NDArray[np.int64], reach: float
) -> tuple[float, NDArray[np.int64]]:
    """The highest bound that all planes allow within reach of the best prices, and its prices."""
    level, slope = np.array([p[0] for p in planes]), np.array([p[1] for p in planes])
    unit = max(1.0, float(np.abs(level).max()))
    near = [(None, None), *zip(np.maximum(best - reach, 0), best + reach, strict=True)]
    found = linprog(
        np.append(-1.0, np.zeros(len(best))),
        A_ub=np.column_stack([np.ones(len(level)), -slope / unit]), b_ub=level / unit,
        bounds=near, method="highs-ds",
    )  # fmt: skip
    return float(found.x[0]) * unit, np.rint(found.x[1:]).astype(np.int64)
