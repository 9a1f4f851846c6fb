"""Invented boxes to allocate: regions, days, sites of limited range, recipes, previous sites."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sitecast.allocate.limits import Limits, nested_limits

DAYS, REGIONS, RECIPES, SHORT_COST, MOVE_COST = 7, 100, 200, 2_500, 50
HUB = 0.5
"""The first site's part of all room: it makes and reaches everything."""


@dataclass(frozen=True)
class Boxes:
    """Boxes one by one, and what decides where each may go."""

    day: NDArray[np.int64]
    region: NDArray[np.int64]
    item_ptr: NDArray[np.int64]
    items: NDArray[np.int32]
    """(kits,) recipes."""
    previous: NDArray[np.int64]
    """(boxes,) site, -1 for none."""
    makes: NDArray[np.int64]
    """(recipes,) set of sites."""
    reach: NDArray[np.int64]
    """(days, regions) set of sites."""
    cost: NDArray[np.int64]
    """(regions, sites) minor units a box."""

    @property
    def sites(self) -> int:
        return self.cost.shape[1]


@dataclass(frozen=True)
class Classes:
    """Boxes collapsed: what every solver is given."""

    node: NDArray[np.int32]
    """(classes, sites) site-day, -1 where a class may not go."""
    cost: NDArray[np.int64]
    """(classes, sites) delivery, and the move off the previous site."""
    counts: NDArray[np.int64]
    caps: NDArray[np.int64]
    """(site-days,) boxes."""
    box_class: NDArray[np.int64]
    """(boxes,)"""

    @property
    def limits(self) -> Limits:
        nothing = np.zeros(0, np.int64)
        week_of = np.full(len(self.caps), -1)
        return nested_limits(self.caps, 0 * self.caps, week_of, nothing, nothing, 0)


def invent(n: int, sites: int, seed: int = 1) -> Boxes:
    """The first site makes and reaches everything; most boxes had one of their region's sites.

    A site costs up to 50 a box more than another, as much as a move: moves are for want of room.
    """
    rng = np.random.default_rng(seed)
    bits = 1 << np.arange(sites)
    makes = (rng.random((RECIPES, sites)) < 0.85) @ bits | 1
    reach = (rng.random((DAYS, REGIONS, sites)) < 0.8) @ bits | 1
    size = rng.integers(2, 5, n)
    ptr = np.concatenate([[0], np.cumsum(size)])
    popularity = 1 / np.arange(1, RECIPES + 1) ** 0.7
    items = rng.choice(RECIPES, ptr[-1], p=popularity / popularity.sum()).astype(np.int32)
    cost = rng.integers(450, 500, (REGIONS, sites))
    day, region = rng.integers(0, DAYS, n), rng.integers(0, REGIONS, n)
    previous = rng.integers(0, sites, n)
    reached = reach[day, region] >> previous & 1 == 1
    previous = np.where(reached & (rng.random(n) < 0.85), previous, -1)
    return Boxes(day, region, ptr, items, previous, makes, reach, cost)


def collapse(boxes: Boxes, room: float = 0.97) -> Classes:
    """Classes of one day, region, set of possible sites and previous site.

    `room` is the cap of all site-days together, in parts of all boxes.
    """
    sites = boxes.sites
    able = np.bitwise_and.reduceat(boxes.makes[boxes.items], boxes.item_ptr[:-1])
    able &= boxes.reach[boxes.day, boxes.region]
    key = ((boxes.day * REGIONS + boxes.region) << sites | able) * (sites + 1) + boxes.previous + 1
    used, number, counts = np.unique(key, return_inverse=True, return_counts=True)
    previous, rest = used % (sites + 1) - 1, used // (sites + 1)
    usable = rest[:, None] >> np.arange(sites) & 1 == 1
    day, region = (rest >> sites) // REGIONS, (rest >> sites) % REGIONS
    moves = (previous[:, None] >= 0) & (previous[:, None] != np.arange(sites))
    node = np.where(usable, np.arange(sites) * DAYS + day[:, None], -1).astype(np.int32)
    part = np.repeat([HUB] + [(1 - HUB) / (sites - 1)] * (sites - 1), DAYS) / DAYS
    caps = (room * len(key) * part).astype(np.int64)
    return Classes(node, boxes.cost[region] + MOVE_COST * moves, counts.astype(np.int64), caps,
                   number.ravel())  # fmt: skip
