"""Boxes to sites: one site for each placed box, the rest anew in every draw."""

from collections.abc import Callable

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sitecast.allocate.box_classes import BoxClasses, box_classes
from sitecast.allocate.draws import Progress, empty_counts, pack_axis, send, solve_draws
from sitecast.allocate.kernel import solve_flow
from sitecast.allocate.load_tables import allocations, site_load, unallocated
from sitecast.allocate.site_days import UNCAPPED, site_days
from sitecast.quantities import largest_remainder
from sitecast.records.allocation import Allocation
from sitecast.records.draw_boxes import DrawBoxes
from sitecast.records.plan import ForecastPlan
from sitecast.records.week_axes import week_axes
from sitecast.records.week_record import SimulatedOrders, WeekData


def allocate_orders(
    week: WeekData, simulated: SimulatedOrders, plan: ForecastPlan, placed: DrawBoxes,
    boxes_of_draw: Callable[[int], DrawBoxes], progress: Progress | None = None,
) -> Allocation:  # fmt: skip
    """Send every box of every draw to a site, at least total cost, within every cap.

    First the placed boxes get their sites, once for all draws, together with the expected
    simulated boxes; then each draw's simulated boxes in the room that is left. Both are exact.

    Args:
        week: extracted_data.
        simulated: box classes, and the boxes of draw 0 in `orders`.
        plan: number of draws, costs and cap overrides.
        placed: the placed boxes, in the order of simulated["orders"].
        boxes_of_draw: the simulated boxes of a draw; called from several threads.
        progress: called with draws done and all draws.
    Raises:
        SettingsError, DataError: an override of an unknown site; costs too large to add exactly.
    Source:
        Rules R1-R4, R7; docs/design/decisions/0002-placed-boxes-keep-one-site.md.
    """
    axes, settings = week_axes(week), plan.settings
    days = site_days(week, axes, settings.allocation.cap_overrides)
    classes = box_classes(simulated["classes"], axes, days, settings.allocation)
    packs = pack_axis(axes, placed, settings.simulator.box_sizes, settings.simulator.portions)
    caps = np.append(days.caps, UNCAPPED)
    fixed = _sites_of_placed(classes, simulated["class_boxes"], plan.draws, placed, caps)
    committed = empty_counts(axes, packs)
    lane = send(placed, classes, fixed, axes, packs, committed)
    used = np.bincount(classes.network.arc_node, fixed, len(caps)).astype(np.int64)
    results = solve_draws(plan.draws, boxes_of_draw, classes, caps - used, committed, axes, packs,
                          progress)  # fmt: skip
    name, counts = week.menu_week, results.counts
    tables = {
        "allocations": allocations(name, simulated["orders"], placed, lane, results, classes, axes),
        "site_load": site_load(name, classes, days, committed.boxes, results, fixed),
        **unallocated(name, classes, axes, results, fixed),
    }
    return Allocation(axes, counts.kits, committed.kits, counts.boxes, committed.boxes,
                      packs.table(), counts.packs, committed.packs, tables)  # fmt: skip


def _sites_of_placed(
    classes: BoxClasses, class_boxes: pd.DataFrame, n_draws: int, placed: DrawBoxes,
    caps: NDArray[np.int64],
) -> NDArray[np.int64]:  # fmt: skip
    """(arcs,) placed boxes, where the flow of placed and expected boxes sends them."""
    n_classes = len(classes.limit)
    mean = np.bincount(class_boxes["class_id"], class_boxes["boxes"], n_classes) / n_draws
    expected = largest_remainder(mean, round(float(mean.sum())))
    demand = expected + np.bincount(placed.box_class, minlength=n_classes)
    flow = solve_flow(classes.network, demand.astype(np.int64), caps)
    return np.where(classes.arc_is_placed, flow.boxes, 0)
