"""Box classes as a network: where each may be packed, at what cost, and why it might not be."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sitecast.allocate.explain import binding_limits
from sitecast.allocate.limits import Limits
from sitecast.allocate.mixed_fill import with_room
from sitecast.allocate.network import Network, build_network, tie_scale
from sitecast.allocate.site_days import SiteDays
from sitecast.errors import DataError
from sitecast.records.week_axes import WeekAxes
from sitecast.settings import AllocationSettings

MAX_COST = 2**41
"""Of a box on an arc of the network: so two million boxes, 2**21, add up exactly."""


@dataclass(frozen=True)
class BoxClasses:
    """The classes of a week, row by row as in SimulatedOrders["classes"]."""

    is_simulated: NDArray[np.bool_]
    network: Network
    """Costs that serve placed boxes first, times `scale`; 1 more where a box leaves its previous
    site, so that flows of equal cost move as few boxes as they can: what decides where boxes go."""
    scale: int
    """The costs of `network` for a minor unit; limits beside them are Limits.at_scale() of it."""
    money: Network
    """The same arcs, every box without a site at `short_cost`: what caps are worth."""
    arc_lane: NDArray[np.int32]
    """(arcs,) lane an arc packs on; -1 for SHORT."""
    short_cost: int
    """Price of a box that no site takes, minor units."""
    limit: NDArray[np.int64]
    """(classes,) row of `limits`: what keeps boxes of the class out."""
    limits: pd.DataFrame
    """day, region (positions), reason, binding."""
    limit_node: NDArray[np.bool_]
    """(limits, site-days) the site-days whose caps bind."""
    item_limit: NDArray[np.int64]
    """(classes,) row of `limits` where a cap on an item keeps boxes out; `limit` where none can."""

    @property
    def short_arc(self) -> NDArray[np.int64]:
        """(classes,) the arc to SHORT."""
        return self.network.arc_ptr[1:] - 1

    @property
    def arc_class(self) -> NDArray[np.int64]:
        """(arcs,) the class an arc belongs to."""
        return np.repeat(np.arange(len(self.limit)), np.diff(self.network.arc_ptr))

    def binding(self, limits: Limits, boxes: NDArray[np.int64]) -> NDArray[np.int64]:
        """(classes,) row of `limits` that keeps boxes without a site out, given (arcs,) boxes."""
        if self.item_limit is self.limit:
            return self.limit
        room = np.logical_or.reduceat(
            with_room(self.network, limits, boxes), self.network.arc_ptr[:-1]
        )
        return np.where(room, self.item_limit, self.limit)


def box_classes(
    classes: pd.DataFrame, axes: WeekAxes, days: SiteDays, settings: AllocationSettings
) -> BoxClasses:
    """Find every class's site-days and costs.

    A box pays its delivery cost, and the move cost where that site differs from its previous one;
    where costs tie, as few boxes as can be leave their previous site.
    A box without a site costs `shortfall_cost`, or just more than the dearest delivery where that
    is higher, so that no box is left over beside an idle site. A placed box without a site costs
    more than any chain of moves that ends with a simulated box without one: placed boxes go first.

    Raises:
        DataError: costs are too large to be added exactly.
    """
    day = axes.days.get_indexer(classes["delivery_date"])
    region = axes.regions.get_indexer(classes["region_id"].astype(object))
    bits = np.uint64(1) << np.arange(len(axes.sites), dtype=np.uint64)
    makes = (classes["site_set"].to_numpy(dtype=np.uint64)[:, None] & bits) > 0
    reached = axes.lane[day, region] >= 0
    usable = makes & reached
    lane = np.where(usable, axes.lane[day, region], -1)
    node = np.where(usable, days.of_lane[lane] if len(days.of_lane) else -1, -1).astype(np.int32)
    moves = _moves(classes, len(axes.sites))
    cost = axes.cost[day, region] + np.where(moves, settings.move_cost, 0)
    is_simulated = classes["is_simulated"].to_numpy(dtype=bool)
    n_nodes = len(days.table)
    short, placed_short = _short_costs(cost[usable], n_nodes + len(days.weeks), settings)
    scale = tie_scale(n_nodes)
    if scale * placed_short > MAX_COST:
        raise _too_dear(axes, settings)
    short_cost = np.where(is_simulated, short, placed_short)
    network = build_network(node, scale * cost + moves, scale * short_cost, n_nodes)
    money = build_network(node, cost, np.full(len(node), short), n_nodes)
    all_lanes = np.concatenate([lane, np.full((len(lane), 1), -1)], axis=1)
    kept = np.concatenate([usable, np.ones((len(lane), 1), dtype=bool)], axis=1)
    limit, limits, at = binding_limits(day, region, reached, node, axes, days)
    return BoxClasses(is_simulated, network, scale, money, all_lanes[kept].astype(np.int32),
                      short, limit, limits, at, limit)  # fmt: skip


def _too_dear(axes: WeekAxes, settings: AllocationSettings) -> DataError:
    """Names the largest of the costs, wherever it was written."""
    costs = {"region_sites.cost_per_box": int(axes.cost.max(initial=0))} | {
        f"allocation.{name}": int(getattr(settings, name))
        for name in ("shortfall_cost", "move_cost", "floor_cost")
    }
    largest = max(costs, key=lambda name: costs[name])
    return DataError("costs are too large to be added exactly", {largest: costs[largest]},
                     "give costs in minor units of the currency")  # fmt: skip


def _moves(classes: pd.DataFrame, n_sites: int) -> NDArray[np.bool_]:
    """(classes, sites) whether a box there leaves its previous site."""
    previous = classes["previous_site"].to_numpy(dtype=np.int64)[:, None]
    return (previous >= 0) & (previous != np.arange(n_sites))


def _short_costs(
    cost: NDArray[np.int64], n_limits: int, settings: AllocationSettings
) -> tuple[int, int]:
    """Cost of a simulated and of a placed box without a site."""
    dearest = int(cost.max(initial=0))
    short = max(settings.shortfall_cost, dearest + 1)
    return short, short + (n_limits + 2) * max(dearest, settings.floor_cost) + 1
