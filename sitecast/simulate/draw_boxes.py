"""Boxes as arrays: any draw made again from what is stored, and the order book likewise."""

import weakref
from dataclasses import dataclass

import numpy as np

from sitecast.errors import Corrupt, NotFound
from sitecast.records.draw_boxes import DrawBoxes
from sitecast.records.week_axes import WeekAxes, week_axes
from sitecast.records.week_record import SimulatedOrders, WeekData
from sitecast.simulate.blueprint import Blueprint, blueprint_of
from sitecast.simulate.classes import ClassNumbers
from sitecast.simulate.placed import placed_orders


@dataclass(frozen=True)
class _Prepared:
    week: "weakref.ref[WeekData]"
    axes: WeekAxes
    blueprint: Blueprint
    numbers: ClassNumbers


# Reading the tables takes as long as several draws: remembered while the record lives.
_PREPARED: dict[int, _Prepared] = {}


def boxes_of_draw(week: WeekData, simulated: SimulatedOrders, draw: int) -> DrawBoxes:
    """The simulated boxes of one draw, made again bit by bit.

    Args:
        week: the input tables the draws were simulated from.
        simulated: their record, as computed or as read from the store.
        draw: number of the draw, from 0.
    Returns:
        Boxes in the order of cells and slots; placed ones are not among them.
    Raises:
        NotFound: there is no such draw.
        Corrupt: what comes out is not what was simulated.
    """
    ready = _prepare(week, simulated)
    where = {"menu_week": simulated.menu_week, "draw": draw}
    if not 0 <= draw < ready.blueprint.draws:
        raise NotFound("no such draw", where, f"there are {ready.blueprint.draws}, numbered from 0")
    drawn = ready.blueprint.run(draw)
    class_id = ready.numbers.find(drawn.class_place, drawn.class_sites)
    stored = simulated["draw_digests"]["digest"].to_numpy().view(np.uint64)[draw]
    if drawn.digest != stored or (class_id < 0).any():
        raise Corrupt(
            "the draw made again differs from the one simulated", where,
            "simulate the week again from the same extracted_data",
        )  # fmt: skip
    sizes = ready.axes.portions[drawn.portions]
    return DrawBoxes(class_id[drawn.box_class].astype(np.int32), drawn.rank, drawn.item_ptr,
                     drawn.items, sizes.astype(np.int16))  # fmt: skip


def placed_boxes(week: WeekData, simulated: SimulatedOrders) -> DrawBoxes:
    """The order book in the form of a draw, in the order of the table orders.

    Raises:
        Corrupt: the record holds other placed boxes than the week.
    """
    placed = placed_orders(week, week_axes(week))
    orders = simulated["orders"]
    known = orders[~orders["is_simulated"]]
    if known["box_id"].tolist() != placed.orders["order_id"].tolist():
        raise Corrupt(
            "the simulated record holds another order book than the week",
            {"menu_week": simulated.menu_week}, "simulate the week again",
        )  # fmt: skip
    return DrawBoxes(
        known["class_id"].to_numpy(np.int32), placed.ranks(), placed.item_ptr, placed.items,
        placed.orders["portions"].to_numpy(np.int16),
    )  # fmt: skip


def _prepare(week: WeekData, simulated: SimulatedOrders) -> _Prepared:
    known = _PREPARED.get(id(simulated))
    if known is None or known.week() is not week:
        axes = week_axes(week)
        blueprint = blueprint_of(week, axes, simulated.tables)
        numbers = ClassNumbers(simulated["classes"], axes)
        known = _Prepared(weakref.ref(week), axes, blueprint, numbers)
        _PREPARED[id(simulated)] = known
        weakref.finalize(simulated, _PREPARED.pop, id(simulated), None)
    return known
