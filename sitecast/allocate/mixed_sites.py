"""Which sites to open when opening one costs money: exact, by flows alone.

With every set of open sites the rest is a flow. What a site saves is least when all others are open
and most when only the sure ones are (sinks of one network are substitutes), so two flows tell of
most sites whether they are worth their cost; the others are tried both ways.

Source: Gale & Politof, Discrete Applied Mathematics 3 (1981); Granot & Veinott, Mathematics of
Operations Research 10 (1985).
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sitecast.allocate.flow import min_cost_flow
from sitecast.allocate.limits import Limits
from sitecast.allocate.mixed_caps import flow_cost
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
    saved: NDArray[np.float64]
    """(sites, draws) what each draw costs less with the site open than without it, its opening not
    counted, the other sites as chosen; 0 for sites that are open anyway."""


def choose_open_sites(
    net: Network, counts: NDArray[np.integer[Any]], limits: Limits, node_site: NDArray[np.int64],
    opening_cost: NDArray[np.int64],
) -> OpenSites:  # fmt: skip
    """Open the sites that make the boxes of all draws cheapest on average.

    Args:
        net: the week's network.
        counts: (draws, classes) boxes; one row for the expected week alone. Every set of sites
            solves each of them, from the prices of their mean.
        limits: caps and floors while a site is open; a closed one has caps of 0 and no floor.
        node_site: (nodes,) site of each site-day and site-week; -1 for SHORT and the sink.
        opening_cost: (sites,) minor units for the week; at least 0, and 0 for a site that is open
            anyway.
    """
    of_site = node_site == np.arange(len(opening_cost))[:, None]
    asked = limits.floor_cost * (of_site @ limits.floors)
    mean = np.rint(counts.mean(axis=0)).astype(np.int64)
    search = _Search(net, mean, counts, limits, of_site, opening_cost + asked)
    search.try_both(opening_cost == 0, opening_cost > 0)
    saved = np.zeros((len(opening_cost), len(counts)))
    for site in np.flatnonzero(opening_cost):
        one = np.arange(len(opening_cost)) == site
        with_it, without = (
            search.costs(sites) for sites in (search.best | one, search.best & ~one)
        )
        saved[site] = without - with_it - asked[site]
    return OpenSites(search.best, search.least, len(search.known), saved)


@dataclass
class _Search:
    net: Network
    mean: NDArray[np.int64]
    """(classes,) boxes of a typical draw: its prices are near to those of the others."""
    counts: NDArray[np.integer[Any]]
    limits: Limits
    of_site: NDArray[np.bool_]
    """(sites, nodes)"""
    price: NDArray[np.int64]
    """(sites,) opening and the whole floor missed, so that another open site never costs more."""
    known: dict[bytes, NDArray[np.float64]] = field(default_factory=dict)
    best: NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, bool))
    least: float = np.inf

    def boxes_cost(self, is_open: NDArray[np.bool_]) -> float:
        """Mean cost of the boxes, less what floors save; `price` of open sites not counted."""
        return float(self.costs(is_open).mean())

    def costs(self, is_open: NDArray[np.bool_]) -> NDArray[np.float64]:
        """(draws,) the same of each draw."""
        key = is_open.tobytes()
        if key not in self.known:
            closed, old = np.any(self.of_site[~is_open], axis=0), self.limits
            limits = old._replace(caps=np.where(closed, 0, old.caps),
                                  floors=np.where(closed, 0, old.floors))  # fmt: skip
            asked = limits.floor_cost * int(limits.floors.sum())
            start = np.zeros(len(old.parent), np.int64)
            start = min_cost_flow(self.net, self.mean, limits, start).potential
            flows = (min_cost_flow(self.net, row.astype(np.int64), limits, start).boxes
                     for row in self.counts)  # fmt: skip
            costs = [flow_cost(self.net, limits, boxes) - asked for boxes in flows]
            self.known[key] = np.array(costs, dtype=np.float64)
        return self.known[key]

    def try_both(self, sure: NDArray[np.bool_], maybe: NDArray[np.bool_]) -> None:
        """Search all sets between `sure` and `sure | maybe`."""
        everything = self.boxes_cost(sure | maybe)
        if everything + self.price[sure].sum() >= self.least:
            return
        for site in np.flatnonzero(maybe):
            one = np.arange(len(sure)) == site
            if self.boxes_cost(sure) - self.boxes_cost(sure | one) <= self.price[site]:
                return self.try_both(sure, maybe & ~one)  # never worth it
            if self.boxes_cost((sure | maybe) & ~one) - everything >= self.price[site]:
                return self.try_both(sure | one, maybe & ~one)  # always worth it
        if not maybe.any():
            self.best, self.least = sure, everything + float(self.price[sure].sum())
            return
        first = np.arange(len(sure)) == np.flatnonzero(maybe)[0]
        self.try_both(sure | first, maybe & ~first)
        self.try_both(sure, maybe & ~first)
