"""The order simulator: placed orders verbatim, the rest of the forecast drawn many times."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd

from sitecast.records.demand_forecast import DemandForecast
from sitecast.records.plan import ForecastPlan
from sitecast.records.tables_simulated import CAPPED_RECIPES, DRAW_DIGESTS
from sitecast.records.week_axes import WeekAxes, week_axes
from sitecast.records.week_record import Provenance, SimulatedOrders, WeekData
from sitecast.simulate.blueprint import Blueprint, blueprint_of
from sitecast.simulate.boxes import box_tables
from sitecast.simulate.cells import cell_tables
from sitecast.simulate.choice_weights import choice_tables
from sitecast.simulate.classes import (
    ClassNumbers,
    DrawTally,
    class_boxes,
    class_table,
    placed_classes,
)  # fmt: skip
from sitecast.simulate.placed import PlacedOrders, placed_orders

Progress = Callable[[int, int], None]
"""Called with the draws done and their total."""
THREADS = 2


def simulate_orders(
    week: WeekData,
    demand: DemandForecast,
    plan: ForecastPlan,
    progress: Progress | None = None,
    threads: int = THREADS,
) -> SimulatedOrders:
    """Simulate the boxes of one menu week, plan.draws times.

    Args:
        week: input tables of the week.
        demand: expected boxes (placed ones included), choices, box sizes, portions.
        plan: seed, number of draws, and the simulator's constraints.
        progress: told after every draw.
        threads: draws made at once; the result does not depend on it, memory does.
    Returns:
        The tables of records/tables_simulated.py.
    Raises:
        DataError: the forecast or the order book names what the week does not have, or a segment
            has boxes and nothing to put into them.
    Source:
        Plackett–Luce choice by slot tables and rejection; SplitMix64 counters. Rules R1, R7, R8.
    """  # fmt: skip
    axes, placed = week_axes(week), placed_orders(week, week_axes(week))
    tables = {
        **cell_tables(placed.orders, demand, axes, plan, week, threads),
        **choice_tables(week, demand, axes, plan, placed.kits_of(axes)),
    }
    blueprint = blueprint_of(week, axes, tables)
    tallies = _all_draws(blueprint, progress, threads)
    classes = class_table(placed, tallies, axes)
    numbers = ClassNumbers(classes, axes)
    tables |= {
        "classes": classes,
        "class_boxes": class_boxes(tallies, numbers),
        "capped_recipes": _capped(tallies, tables["recipe_rules"]),
        "draw_digests": _digests(tallies),
        **_detailed(placed, classes, numbers, blueprint, tables["cells"], axes),
    }
    return SimulatedOrders(_provenance(week, plan), dict(sorted(tables.items())))


def _all_draws(blueprint: Blueprint, progress: Progress | None, threads: int) -> list[DrawTally]:
    """Tallies in the order of the draws; boxes live only while their draw is counted."""
    tallies = []
    with ThreadPoolExecutor(threads) as pool:
        run = pool.map(lambda draw: DrawTally.of(blueprint.run(draw)), range(blueprint.draws))
        for tally in run:
            tallies.append(tally)
            if progress is not None:
                progress(len(tallies), blueprint.draws)
    return tallies


def _detailed(
    placed: PlacedOrders, classes: pd.DataFrame, numbers: ClassNumbers, blueprint: Blueprint,
    cells: pd.DataFrame, axes: WeekAxes,
) -> dict[str, pd.DataFrame]:  # fmt: skip
    drawn = blueprint.run(0)
    drawn_class = numbers.find(drawn.class_place, drawn.class_sites)[drawn.box_class]
    return box_tables(placed, placed_classes(placed, classes, axes), cells, drawn, drawn_class,
                      blueprint.draw_input(0), axes)  # fmt: skip


def _capped(tallies: list[DrawTally], rules: pd.DataFrame) -> pd.DataFrame:
    capped = np.flatnonzero(rules["kits_left"].notna())
    some = rules.iloc[np.tile(capped, len(tallies))].reset_index(drop=True)
    wanted = [tally.wanted[capped] for tally in tallies]
    return CAPPED_RECIPES.shaped(some.assign(
        draw=np.repeat(np.arange(len(tallies)), len(capped)), kits_wanted=np.concatenate(wanted)
    ))  # fmt: skip


def _digests(tallies: list[DrawTally]) -> pd.DataFrame:
    return DRAW_DIGESTS.shaped(pd.DataFrame({
        "draw": np.arange(len(tallies)),
        "boxes": [tally.boxes for tally in tallies],
        "pieces": [tally.pieces for tally in tallies],
        "digest": np.array([tally.digest for tally in tallies], dtype=np.uint64).view(np.int64),
    }))  # fmt: skip


def _provenance(week: WeekData, plan: ForecastPlan) -> Provenance:
    made_from = week.provenance
    return Provenance(made_from.plan_id, made_from.menu_week, made_from.as_of, plan.seed,
                      made_from.code_version, {"extracted_data": week.version})  # fmt: skip
