"""Placed boxes: which keep their site for good, and the one site of each of the others."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sitecast.allocate.box_classes import BoxClasses
from sitecast.allocate.flow import min_cost_flow
from sitecast.allocate.limits import Limits
from sitecast.allocate.mixed import CappedNetwork, capped_network, solve_capped
from sitecast.allocate.mixed_caps import ItemCaps
from sitecast.quantities import largest_remainder
from sitecast.records.draw_boxes import DrawBoxes
from sitecast.records.plan import ForecastPlan
from sitecast.records.week_axes import WeekAxes
from sitecast.records.week_record import SimulatedOrders, WeekData


@dataclass(frozen=True)
class PlacedFlow:
    """Where placed boxes go, and what that leaves to others."""

    final: NDArray[np.int64]
    """(arcs,) boxes whose site is final."""
    final_load: NDArray[np.int64]
    """(site-days,) the same by site-day."""
    soft: NDArray[np.int64]
    """(classes,) boxes whose site may still change."""
    boxes: NDArray[np.int64]
    """(arcs,) all placed boxes, the final ones included."""
    soft_limits: Limits
    """What final boxes leave to all others."""
    room: Limits
    """What placed boxes leave to simulated ones, at the scale of BoxClasses.network."""
    potential: NDArray[np.int64]
    """(nodes,) prices of the expected week, at that scale."""
    limit: NDArray[np.int64]
    """(classes,) row of BoxClasses.limits that keeps placed boxes out."""
    capped: CappedNetwork | None
    """Item caps as placed boxes leave them to simulated ones; None where no cap is in reach."""
    scale: int
    """Of BoxClasses."""

    def item_prices(self) -> NDArray[np.float64] | float:
        """(rows,) what `per` units of each item cap save in the expected week, minor units."""
        return 0.0 if self.capped is None else self.capped.prices / self.scale


def final_arcs(
    week: WeekData, plan: ForecastPlan, table: pd.DataFrame, classes: BoxClasses, axes: WeekAxes
) -> NDArray[np.bool_]:
    """(arcs,) whether an arc leads placed boxes to a site they may no longer leave.

    That is the order book's site, once the delivery is inside `frozen_lead_days` or its cut-off
    has passed, as long as that site can still pack the box.
    """
    days = week["delivery_days"].drop_duplicates("delivery_date").set_index("delivery_date")
    cutoff = days["cutoff_at"].reindex(axes.days)
    as_of = pd.Timestamp(plan.as_of)
    lead = (axes.days - as_of.tz_convert("UTC").tz_localize(None).normalize()).days
    frozen = (lead <= plan.settings.allocation.frozen_lead_days) | (cutoff <= as_of).to_numpy()
    day = axes.days.get_indexer(table["delivery_date"])
    previous = table["previous_site"].to_numpy(dtype=np.int64)
    held = np.where(~classes.is_simulated & frozen[day], previous, -1)[classes.arc_class]
    site = np.append(axes.lanes["site"].to_numpy(dtype=np.int64), -2)[classes.arc_lane]
    return held == site


@dataclass(frozen=True)
class FinalBoxes:
    """Placed boxes, apart: those whose site is final, and the others."""

    boxes: NDArray[np.int64]
    """(arcs,) boxes whose site is final."""
    load: NDArray[np.int64]
    """(site-days,) the same by site-day."""
    soft: NDArray[np.int64]
    """(classes,) boxes whose site may still change."""


def final_boxes(
    week: WeekData, plan: ForecastPlan, table: pd.DataFrame, placed: DrawBoxes,
    classes: BoxClasses, axes: WeekAxes,
) -> FinalBoxes:  # fmt: skip
    """Tell final boxes from the others, given SimulatedOrders["classes"]."""
    counts = np.bincount(placed.box_class, minlength=len(classes.limit)).astype(np.int64)
    held = np.where(final_arcs(week, plan, table, classes, axes), counts[classes.arc_class], 0)
    soft = counts - np.bincount(classes.arc_class, held, len(counts)).astype(np.int64)
    return FinalBoxes(held, _by_site_day(classes, held, len(classes.limit_node.T)), soft)


def flow_of_placed(
    week: WeekData, simulated: SimulatedOrders, plan: ForecastPlan, placed: DrawBoxes,
    classes: BoxClasses, axes: WeekAxes, limits: Limits, item_caps: ItemCaps | None = None,
) -> PlacedFlow:  # fmt: skip
    """Send placed boxes where the exact flow of placed and expected boxes wants them.

    Boxes whose site is final keep it, whatever the caps. Under `item_caps`, the flow is as near to
    the cheapest one as solve_capped() comes.
    """
    final = final_boxes(week, plan, simulated["classes"], placed, classes, axes)
    held, soft, soft_limits = final.boxes, final.soft, limits.less(final.load)
    scaled = soft_limits.at_scale(classes.scale)
    simulated_boxes, network = simulated["class_boxes"], classes.network
    if item_caps is None:
        demand = soft + expected_boxes(simulated_boxes, len(soft), plan.draws)
        nothing = np.zeros(len(limits.parent), np.int64)
        flow = min_cost_flow(network, demand, scaled, nothing)
        sent, potential, capped = flow.boxes, flow.potential, None
    else:
        demand = soft + evenly_expected(simulated_boxes, len(soft), plan.draws)
        capped = capped_network(network, item_caps.less(held), demand, scaled)
        sent, potential = solve_capped(capped, demand, scaled).boxes, capped.potential
        to_sites = held + np.where(classes.is_simulated[classes.arc_class], 0, sent)
        capped = replace(capped, item_caps=item_caps.less(to_sites))
    boxes = held + np.where(classes.is_simulated[classes.arc_class], 0, sent)
    room = limits.less(_by_site_day(classes, boxes, len(final.load))).at_scale(classes.scale)
    return PlacedFlow(held, final.load, soft, boxes, soft_limits, room, potential,
                      classes.binding(soft_limits, sent), capped, classes.scale)  # fmt: skip


def expected_boxes(class_boxes: pd.DataFrame, n_classes: int, n_draws: int) -> NDArray[np.int64]:
    """(classes,) mean simulated boxes, as whole numbers of the same total."""
    mean = np.bincount(class_boxes["class_id"], class_boxes["boxes"], n_classes) / n_draws
    return largest_remainder(mean, round(float(mean.sum()))).astype(np.int64)


def evenly_expected(class_boxes: pd.DataFrame, n_classes: int, n_draws: int) -> NDArray[np.int64]:
    """(classes,) mean simulated boxes, whole; right to one box for classes in a row, too.

    Fine classes expect a fraction of a box each: the largest fractions alone would say nothing of
    how many boxes hold an item.
    """
    total = np.bincount(class_boxes["class_id"], class_boxes["boxes"], n_classes).cumsum()
    return np.diff(np.rint(total / n_draws), prepend=0.0).astype(np.int64)


def _by_site_day(classes: BoxClasses, boxes: NDArray[np.int64], n_days: int) -> NDArray[np.int64]:
    """(site-days,) boxes, those without a site left out."""
    return np.bincount(classes.network.arc_node, boxes, n_days + 1)[:n_days].astype(np.int64)
