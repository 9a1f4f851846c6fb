"""Every draw: solve its flow, send its boxes to their lanes, count what they hold."""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sitecast.allocate.box_classes import BoxClasses
from sitecast.allocate.flow import min_cost_flow, right_prices
from sitecast.allocate.kernel import assign_boxes, count_pieces
from sitecast.allocate.mixed import solve_capped
from sitecast.allocate.placed import PlacedFlow
from sitecast.allocate.steady_week import SteadyWeek
from sitecast.allocate.worth import CapWorth
from sitecast.errors import ConservationError
from sitecast.records.draw_boxes import DrawBoxes
from sitecast.records.week_axes import WeekAxes
from sitecast.settings import SimulatorSettings

Progress = Callable[[int, int], None]
"""Called with the number of draws done and of all draws."""
Steadied = Callable[[DrawBoxes, NDArray[np.int32]], NDArray[np.int32]]
"""From boxes and their lanes to lanes closer to the last forecast."""
First = tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int64]]
"""Of draw 0: the class of each box, its lane, and the row of the limits that keeps it out."""
NO_BOXES: First = (np.zeros(0, np.int32), np.zeros(0, np.int32), np.zeros(0, np.int64))


@dataclass(frozen=True)
class PackAxis:
    """Positions of (number of kits, portions size), kits first."""

    n_kits: NDArray[np.int64]
    """Sorted: only those that some box may have, as one placed box may hold thousands."""
    portions: NDArray[np.int64]

    def table(self) -> pd.DataFrame:
        """n_kits, portions of every position."""
        return pd.DataFrame({
            "n_kits": np.repeat(self.n_kits, len(self.portions)),
            "portions": np.tile(self.portions, len(self.n_kits)),
        })  # fmt: skip

    @property
    def first_pack(self) -> NDArray[np.int64]:
        """(most kits + 1,) first position of so many kits, -1 when there is none."""
        first = np.full(self.n_kits[-1] + 1, -1, dtype=np.int64)
        first[self.n_kits] = np.arange(len(self.n_kits)) * len(self.portions)
        return first

    def size_of(self, portions: NDArray[np.int16]) -> NDArray[np.int64]:
        """(boxes,) position of each box's portions size, -1 when it has none."""
        at = np.searchsorted(self.portions, portions).clip(max=len(self.portions) - 1)
        return np.where(self.portions[at] == portions, at, -1).astype(np.int64)


def pack_axis(axes: WeekAxes, placed: DrawBoxes, simulator: SimulatorSettings) -> PackAxis:
    """Every pack that placed boxes have or simulated ones may have."""
    owner = np.repeat(np.arange(len(placed.box_class)), np.diff(placed.item_ptr))
    of_kits = placed.items < len(axes.recipes) * len(axes.portions)
    held = np.bincount(owner[of_kits], minlength=len(placed.box_class))
    simulated = np.arange(max(simulator.box_sizes) + 1)
    sizes = np.unique(
        np.concatenate([axes.portions, simulator.portions, placed.portions]).astype(np.int64)
    )
    return PackAxis(np.union1d(simulated, held).astype(np.int64), sizes)


@dataclass(frozen=True)
class Counts:
    """What boxes at their lanes hold; leading axes as the arrays were made."""

    kits: NDArray[np.int32]
    packs: NDArray[np.int32]
    boxes: NDArray[np.int32]

    def of_draw(self, draw: int, committed: "Counts") -> "Counts":
        """Those of one draw, begun with the placed boxes: parts of the same arrays."""
        mine = Counts(self.kits[draw], self.packs[draw], self.boxes[draw])
        mine.kits[:], mine.packs[:] = committed.kits, committed.packs
        mine.boxes[:] = committed.boxes
        return mine


def empty_counts(axes: WeekAxes, packs: PackAxis, *leading: int) -> Counts:
    """Zeros: kits (…, lanes, items), packs (…, lanes, packs), boxes (…, lanes)."""
    lanes = (*leading, len(axes.lanes))
    return Counts(np.zeros((*lanes, axes.n_items), np.int32),
                  np.zeros((*lanes, len(packs.table())), np.int32),
                  np.zeros(lanes, np.int32))  # fmt: skip


def send(
    boxes: DrawBoxes, classes: BoxClasses, flow: NDArray[np.int64], axes: WeekAxes,
    packs: PackAxis, counts: Counts, steadied: Steadied | None = None,
) -> NDArray[np.int32]:  # fmt: skip
    """Split the classes' flow to single boxes and count them in; returns (boxes,) lanes.

    `flow` holds the boxes on each arc, as many of each class as `boxes` has. `counts`, without
    leading axes, is added to in place. `steadied` lets boxes trade places before.
    """
    lane = assign_boxes(
        classes.network.arc_ptr, classes.arc_lane, flow, boxes.box_class, boxes.rank
    )
    if steadied is not None:
        lane = steadied(boxes, lane)
    n_kit_items = len(axes.recipes) * len(axes.portions)
    fits = count_pieces(
        lane, boxes.item_ptr, boxes.items, packs.size_of(boxes.portions), n_kit_items,
        packs.first_pack, counts.kits, counts.packs, counts.boxes,
    )  # fmt: skip
    if not fits:
        raise ConservationError("a simulated box has a size that simulator settings do not allow")
    return lane


@dataclass(frozen=True)
class DrawResults:
    """All draws: counts with draws as leading axis, and what the flow says of the limits."""

    counts: Counts
    wanted: NDArray[np.bool_]
    """(draws, nodes) whether one more box would have come, had the cap allowed it."""
    offered: NDArray[np.int64]
    """(draws, site-days) boxes that each could have packed."""
    short: NDArray[np.int32]
    """(draws, limits) simulated boxes that no site takes."""
    first_class: NDArray[np.int32]
    """(boxes of draw 0,) their classes."""
    first_lane: NDArray[np.int32]
    """(boxes of draw 0,) their lanes, -1 for none."""
    first_limit: NDArray[np.int64]
    """(boxes of draw 0,) row of BoxClasses.limits that keeps each out, had it no lane."""
    cost: NDArray[np.int64]
    """(draws,) delivery, moves and shortfall of the simulated boxes, minor units."""
    gap: NDArray[np.float64]
    """(draws,) share of the cost that better sites could save at most; 0 = exact."""


class _Offers:
    """Counts the boxes that site-days with a floor could have packed."""

    def __init__(self, classes: BoxClasses, placed: PlacedFlow) -> None:
        node, limits = classes.network.arc_node, placed.soft_limits
        n_days = len(placed.final_load)
        asked = (limits.floors > 0) | (limits.floors[limits.parent] > 0)
        arcs = np.flatnonzero(np.append(asked[:n_days], False)[node])
        self._node, self._class = node[arcs], classes.arc_class[arcs]
        self._final = placed.final_load

    def of(self, demand: NDArray[np.int64]) -> NDArray[np.int64]:
        """(site-days,) boxes, from the (classes,) boxes whose site is not final."""
        free = np.bincount(self._node, demand[self._class], len(self._final))
        return free.astype(np.int64) + self._final


def solve_draws(
    n_draws: int, boxes_of_draw: Callable[[int], DrawBoxes], classes: BoxClasses,
    placed: PlacedFlow, committed: Counts, worth: CapWorth, axes: WeekAxes, packs: PackAxis,
    progress: Progress | None, require: Callable[[NDArray[np.int32]], None],
    steady_week: SteadyWeek | None = None,
) -> DrawResults:  # fmt: skip
    """Solve draw after draw on every core; the result does not depend on their number (R7).

    Every draw starts from the prices of the expected week, so none depends on another. `committed`
    counts the placed boxes, part of each; `worth` is filled in; `require` may raise at kits.
    """
    counts = empty_counts(axes, packs, n_draws)
    offers = _Offers(classes, placed)
    wanted = np.zeros(worth.right.shape, np.bool_)
    offered = np.zeros((n_draws, len(placed.final_load)), np.int64)
    short = np.zeros((n_draws, len(classes.limits)), np.int32)
    cost, gap = np.zeros(n_draws, np.int64), np.zeros(n_draws)

    def solve(draw: int) -> First:
        boxes = boxes_of_draw(draw)
        demand = np.bincount(boxes.box_class, minlength=len(classes.limit)).astype(np.int64)
        sent, right, gap[draw] = _sent(demand, classes, placed)
        wanted[draw], cost[draw] = right >= placed.scale, sent @ classes.money.arc_cost
        offered[draw] = offers.of(demand + placed.soft)
        limit = classes.binding(placed.room, sent)
        np.add.at(short[draw], limit, sent[classes.short_arc].astype(np.int32))
        mine = counts.of_draw(draw, committed)
        steadied = partial(steady_week.of_draw, draw, committed.kits) if steady_week else None
        lane = send(boxes, classes, sent, axes, packs, mine, steadied)
        require(mine.kits)
        worth.judge(draw, demand + placed.soft, classes, placed)
        return (boxes.box_class, lane, limit[boxes.box_class]) if draw == 0 else NO_BOXES

    first = NO_BOXES
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        for draw, result in enumerate(pool.map(solve, range(n_draws))):
            first = result if draw == 0 else first
            if progress:
                progress(draw + 1, n_draws)
    return DrawResults(counts, wanted | (worth.right > 0), offered, short, *first, cost, gap)


def _sent(
    demand: NDArray[np.int64], classes: BoxClasses, placed: PlacedFlow
) -> tuple[NDArray[np.int64], NDArray[np.int64], float]:
    """(arcs,) simulated boxes, (nodes,) what one more box of cap saves, and the optimality gap.

    Costs are at the scale of the network; simulated boxes have no previous site, so without ties.
    """
    if placed.capped is None:
        flow = min_cost_flow(classes.network, demand, placed.room, placed.potential)
        return flow.boxes, right_prices(classes.network, placed.room, flow), 0.0
    solved = solve_capped(placed.capped, demand, placed.room)
    return solved.boxes, solved.right, solved.gap
