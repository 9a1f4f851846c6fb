"""Which sites to open when opening one costs money: exact, by flows alone.

With every set of open sites the rest is a flow. What a site saves is least when all others are open
and most when only the sure ones are (sinks of one network are substitutes), so two flows tell of
most sites whether they are worth their cost; the others are tried both ways.

Source: Gale & Politof, Discrete Applied Mathematics 3 (1981); Granot & Veinott, Mathematics of
Operations Research 10 (1985).
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from sitecast.allocate.kernel import solve_flow
from sitecast.allocate.network import Network


@dataclass(frozen=True)
class OpenSites:
    """The sites worth opening and what the boxes then cost."""

    is_open: NDArray[np.bool_]
    """(sites,)"""
    cost: float
    """Opening and mean cost of the boxes, minor units."""
    flows: int
    """Sets of open sites that were solved."""


def choose_open_sites(
    net: Network, counts: NDArray[np.int64], caps: NDArray[np.int64],
    node_site: NDArray[np.int64], opening_cost: NDArray[np.int64],
) -> OpenSites:  # fmt: skip
    """Open the sites that make the boxes of all draws cheapest on average.

    Args:
        net: the week's network.
        counts: (draws, classes) boxes; one row for the expected week alone.
        caps: (nodes,) boxes when the site is open; the last (SHORT) must not bind.
        node_site: (nodes - 1,) site of each site-day.
        opening_cost: (sites,) minor units for the week; at least 0, and 0 for a site that is open
            anyway.
    """
    search = _Search(net, counts, caps, node_site, opening_cost)
    search.try_both(opening_cost == 0, opening_cost > 0)
    return OpenSites(search.best, search.least, len(search.known))


@dataclass
class _Search:
    net: Network
    counts: NDArray[np.int64]
    caps: NDArray[np.int64]
    node_site: NDArray[np.int64]
    opening_cost: NDArray[np.int64]
    known: dict[bytes, float] = field(default_factory=dict)
    best: NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, bool))
    least: float = np.inf

    def boxes_cost(self, is_open: NDArray[np.bool_]) -> float:
        """Mean cost of the boxes, opening not counted."""
        key = is_open.tobytes()
        if key not in self.known:
            caps = np.append(np.where(is_open[self.node_site], self.caps[:-1], 0), self.caps[-1])
            flows = (solve_flow(self.net, counts, caps).boxes for counts in self.counts)
            total = sum(int(boxes @ self.net.arc_cost) for boxes in flows)
            self.known[key] = total / len(self.counts)
        return self.known[key]

    def try_both(self, sure: NDArray[np.bool_], maybe: NDArray[np.bool_]) -> None:
        """Search all sets between `sure` and `sure | maybe`."""
        everything = self.boxes_cost(sure | maybe)
        if everything + self.opening_cost[sure].sum() >= self.least:
            return
        for site in np.flatnonzero(maybe):
            one = np.arange(len(sure)) == site
            price = self.opening_cost[site]
            if self.boxes_cost(sure) - self.boxes_cost(sure | one) <= price:
                return self.try_both(sure, maybe & ~one)  # never worth it
            if self.boxes_cost((sure | maybe) & ~one) - everything >= price:
                return self.try_both(sure | one, maybe & ~one)  # always worth it
        if not maybe.any():
            self.best, self.least = sure, everything + float(self.opening_cost[sure].sum())
            return
        first = np.arange(len(sure)) == np.flatnonzero(maybe)[0]
        self.try_both(sure | first, maybe & ~first)
        self.try_both(sure, maybe & ~first)
