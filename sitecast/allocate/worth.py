"""What caps are worth: in every draw anew, with all boxes free that may still change their site."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sitecast.allocate.box_classes import BoxClasses
from sitecast.allocate.flow import cap_values, left_prices, min_cost_flow, right_prices
from sitecast.allocate.limits import UNCAPPED, Limits
from sitecast.allocate.placed import PlacedFlow

LOWER, HIGHER = (-10, -20), (10, 20)
CHANGES = LOWER + HIGHER
"""Changes of a cap, %, each direction away from the present cap."""


@dataclass(frozen=True)
class CapWorth:
    """Prices and values of caps, draw by draw, in minor units."""

    right: NDArray[np.int64]
    """(draws, nodes) saving by one more box of cap."""
    left: NDArray[np.int64]
    """(draws, nodes) cost of one less."""
    caps: NDArray[np.int64]
    """(site-days, changes) changed caps."""
    values: NDArray[np.int64]
    """(value draws, site-days, changes, 2) boxes and minor units that the changed cap saves."""
    soft_caps: NDArray[np.int64]
    """(site-days, changes) what changed caps leave to boxes whose site is not final."""

    def judge(
        self, draw: int, demand: NDArray[np.int64], classes: BoxClasses, placed: PlacedFlow
    ) -> None:
        """Solve a draw of (classes,) boxes at least money, and note what its caps are worth."""
        net, limits = classes.money, placed.soft_limits
        flow = min_cost_flow(net, demand, limits, placed.potential // placed.scale)
        self.right[draw] = right_prices(net, limits, flow)
        self.left[draw] = left_prices(net, limits, flow)
        if draw < len(self.values):
            split = len(LOWER)
            parts = (self.soft_caps[:, :split], self.soft_caps[:, split:])
            values = [cap_values(net, limits, flow, caps.copy()) for caps in parts]
            self.values[draw] = np.concatenate(values, axis=1)


def no_worth_yet(limits: Limits, placed: PlacedFlow, n_draws: int, value_draws: int) -> CapWorth:
    """Zeros for all draws, and the changed caps."""
    n_days, nodes = len(placed.final_load), len(limits.parent)
    now = limits.caps[:n_days, None]
    changed = (now * (100 + np.array(CHANGES)) + 50) // 100
    caps = np.where(now == UNCAPPED, now, changed)
    left = (caps - placed.final_load[:, None]).clip(min=0)
    soft = np.where(now == UNCAPPED, now, left)
    shape = (min(value_draws, n_draws), n_days, len(CHANGES), 2)
    zeros = np.zeros((n_draws, nodes), np.int64)
    return CapWorth(zeros, zeros.copy(), caps, np.zeros(shape, np.int64), soft)
