"""Writes the problem file: the weights and cells of an invented week, as the library has them."""

from pathlib import Path

import numpy as np

from benchmarks.peers.problem import Problem
from benchmarks.simulator_week import (
    PORTIONS,
    SIZE_PROBABILITY,
    SIZES,
    Size,
    bench_demand,
    bench_plan,
    bench_week,
)  # fmt: skip
from sitecast.records.week_axes import week_axes
from sitecast.simulate import simulate_orders
from sitecast.simulate.blueprint import blueprint_of
from sitecast.simulate.choice import inclusion_probabilities


def make_problem(path: Path, recipes: int) -> None:
    """Beside the problem lies what our kernel is given for it: `<name>-draw.npz`."""
    size = Size(boxes=100_000, recipes=recipes, draws=1, regions=5, placed=0.0)
    week, demand = bench_week(size), bench_demand(size)
    simulated = simulate_orders(week, demand, bench_plan(1), threads=1)
    draw = blueprint_of(week, week_axes(week), simulated.tables).draw_input(0)
    np.savez(draw_path(path), **draw._asdict())
    customers = draw.weight_row[: len(draw.weight_row) // 2]
    weights = draw.weights[customers[:: len(PORTIONS)]]
    inclusion = [[inclusion_probabilities(row, kits) for kits in SIZES] for row in weights]
    volume = demand.boxes["mean_boxes"].to_numpy()
    cell_segment = demand.boxes["segment"].str[1:].astype(int)
    Problem(weights, volume / volume.sum(), cell_segment.to_numpy(), np.array(SIZES),
            np.array(SIZE_PROBABILITY), np.array(inclusion), path).save()  # fmt: skip


def draw_path(path: Path) -> Path:
    return path.with_name(f"{path.stem}-draw.npz")
