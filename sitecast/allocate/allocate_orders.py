"""Boxes to sites: one site for each placed box, the rest anew in every draw."""

from collections.abc import Callable
from functools import partial

import numpy as np
from numpy.typing import NDArray

from sitecast.allocate.box_classes import BoxClasses, box_classes
from sitecast.allocate.box_tables import allocations, unallocated
from sitecast.allocate.draws import (
    Counts,
    PackAxis,
    Progress,
    empty_counts,
    pack_axis,
    send,
    solve_draws,
)
from sitecast.allocate.item_limits import CapBroken, ItemLimits, item_limits
from sitecast.allocate.item_split import BoxSource, SeenBoxes
from sitecast.allocate.item_tables import final_load, item_tables
from sitecast.allocate.item_words import with_item_limits
from sitecast.allocate.load_tables import load_tables
from sitecast.allocate.openings import Openings, choose_openings
from sitecast.allocate.placed import PlacedFlow, flow_of_placed
from sitecast.allocate.site_days import SiteDays, site_days
from sitecast.allocate.steady_week import SteadyWeek, steady_week
from sitecast.allocate.worth import no_worth_yet
from sitecast.records.allocation import Allocation
from sitecast.records.draw_boxes import DrawBoxes
from sitecast.records.plan import ForecastPlan
from sitecast.records.tables_written import CHURN
from sitecast.records.week_axes import WeekAxes, week_axes
from sitecast.records.week_record import SimulatedOrders, SiteForecast, WeekData


def allocate_orders(
    week: WeekData, simulated: SimulatedOrders, plan: ForecastPlan, placed: DrawBoxes,
    boxes_of_draw: Callable[[int], DrawBoxes], progress: Progress | None = None,
    previous: SiteForecast | None = None,
) -> Allocation:  # fmt: skip
    """Send every box of every draw to a site, at least total cost, within every cap.

    Placed boxes get one site for all draws; then each draw's boxes go where room is left. Exact,
    but where a cap on an item is in the way of the exact answer in some draw: then all is solved
    again in classes that tell boxes with capped items apart, as near to the optimum as the table
    allocation_gap says.

    Args:
        week: extracted_data.
        simulated: box classes, and the boxes of draw 0 in `orders`.
        plan: number of draws, costs and cap overrides.
        placed: the placed boxes, in the order of simulated["orders"].
        boxes_of_draw: the simulated boxes of a draw; called from several threads.
        progress: told after each draw.
        previous: the last published forecast of the week, to stay close to at no cost.
    Raises:
        SettingsError, DataError: an override of an unknown site; costs too large to add exactly.
    Source:
        Rules R1-R4, R7; docs/design/decisions, 0002 and the later ones about allocation.
    """
    axes = week_axes(week)
    days = site_days(week, axes, plan.settings.allocation.cap_overrides)
    openings = choose_openings(week, simulated, plan, placed, axes, days)
    days, caps = days.without(openings.closed), item_limits(week, axes)
    job = partial(_allocate, week, plan, axes, days, openings, caps, progress, previous)
    seen = SeenBoxes(BoxSource(simulated, placed, boxes_of_draw), caps.units)
    try:
        return job(seen.noted() if len(caps.table) else seen.source)
    except CapBroken:
        finer = seen.split(caps, plan.draws)
    return job(*finer)


def _allocate(
    week: WeekData, plan: ForecastPlan, axes: WeekAxes, days: SiteDays, openings: Openings,
    caps: ItemLimits, progress: Progress | None, previous: SiteForecast | None,
    source: BoxSource, held: NDArray[np.int64] | None = None,
) -> Allocation:  # fmt: skip
    """All draws, under the caps of items where the (classes, items) kits `held` are given.

    Raises:
        CapBroken: a draw breaks one where `held` is not given.
    """
    simulated, placed, settings = source.simulated, source.placed, plan.settings.allocation
    classes, of_items = box_classes(simulated["classes"], axes, days, settings), None
    if held is not None:
        classes = with_item_limits(classes, caps, held, days)
        of_items = caps.of_network(classes.network, days, held)
    limits = days.limits(settings.floor_cost)
    fixed = flow_of_placed(week, simulated, plan, placed, classes, axes, limits, of_items)
    packs = pack_axis(axes, placed, plan.settings.simulator)
    steady = steady_week(week, simulated, plan, previous, placed, fixed, axes, caps.units)
    committed, lane = _send_placed(placed, classes, fixed, axes, packs, steady)
    worth = no_worth_yet(limits, fixed, plan.draws, settings.value_draws)
    final = final_load(caps, placed, lane, fixed, committed.kits)
    require = partial(caps.require, final)
    results = solve_draws(plan.draws, source.boxes_of_draw, classes, fixed, committed, worth, axes,
                          packs, progress, require, steady)  # fmt: skip
    name, counts = week.menu_week, results.counts
    boxes = allocations(name, simulated["orders"], placed, lane, fixed, results, classes, axes)
    tables = {"allocations": boxes, **unallocated(name, classes, axes, results, fixed)}
    tables |= load_tables(name, classes, days, limits, fixed, committed.boxes, results, worth)
    tables |= openings.tables(name, classes, fixed, results, limits, days)
    tables |= item_tables(name, caps, final, fixed, committed.kits, results)
    tables["churn"] = steady.churn(name, counts.kits) if steady else CHURN.empty()
    return Allocation(axes, counts.kits, committed.kits, counts.boxes, committed.boxes,
                      packs.table(), counts.packs, committed.packs, tables)  # fmt: skip


def _send_placed(
    placed: DrawBoxes, classes: BoxClasses, fixed: PlacedFlow, axes: WeekAxes, packs: PackAxis,
    steady: SteadyWeek | None,
) -> tuple[Counts, NDArray[np.int32]]:  # fmt: skip
    """What the placed boxes hold, and (placed boxes,) their lanes."""
    committed = empty_counts(axes, packs)
    trade = steady.of_placed if steady else None
    return committed, send(placed, classes, fixed.boxes, axes, packs, committed, trade)
