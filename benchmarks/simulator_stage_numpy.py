"""The whole stage as one would write it in NumPy, one case in a process.

The same week is read, drawn and written, with what each draw is asked for: kits, add-ons and site
set of every box, how many boxes of each class there are, one draw box by box. Kits are picked by
NumPy alias tables, the quickest peer that needs no compiler, and timed apart: another peer's stage
is this one with its own time in their place. It is given the calibrated weights, keeps no digests,
and no draw can be made again.
"""

import json
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks.arguments import words
from benchmarks.peers.numpy_rejection import pick_alias
from benchmarks.peers.problem import Boxes
from benchmarks.simulator_stage import Clock, store
from benchmarks.simulator_week import (
    PORTIONS,
    SEED,
    SIZE_PROBABILITY,
    SIZES,
    Size,
    bench_demand,
    bench_plan,
    bench_week,
    weights,
)  # fmt: skip
from sitecast.records.week_axes import WeekAxes, week_axes
from sitecast.records.week_record import WeekData
from sitecast.store.version_files import decode, read_files

_CELL = ["delivery_date", "region_id", "segment"]
_Ints, _Floats = NDArray[np.int64], NDArray[np.float64]


@dataclass
class Stage:
    """What is known before the draws."""

    axes: WeekAxes
    weights: _Floats
    cells: pd.DataFrame
    """mean_boxes, placed; day, region and number of the segment."""
    take_rate: _Floats
    spread: tuple[float, float, float]
    """Of the week, days, regions."""
    pick_seconds: float = 0.0
    boxes_made: int = 0
    classes: list[pd.DataFrame] = field(default_factory=list)

    def draw(self, number: int) -> tuple[_Ints, _Ints, _Ints, _Ints, _Ints]:
        """Cell, portions and kits of each box; the box of each add-on, and its product."""
        rng = np.random.default_rng([SEED, number])
        cell = np.repeat(np.arange(len(self.cells)), self._boxes(rng))
        size = rng.choice(SIZES, len(cell), p=SIZE_PROBABILITY)
        segment = self.cells["segment_number"].to_numpy()[cell]
        order = np.lexsort([size, segment])
        cell, size, segment = cell[order], size[order], segment[order]
        portions = rng.integers(0, len(PORTIONS), len(cell))
        popularity = rng.lognormal(0, 0.1, self.weights.shape[1])
        start = time.process_time()
        kits = pick_alias(Boxes(self.weights * popularity, segment, size, max(SIZES)), number)
        self.pick_seconds += time.process_time() - start
        pieces = rng.poisson(self.take_rate.sum(), len(cell))
        share = self.take_rate / self.take_rate.sum()
        product = rng.choice(len(share), pieces.sum(), p=share)
        self.boxes_made += len(cell)
        return cell, portions, kits, np.repeat(np.arange(len(cell)), pieces), product

    def count(self, number: int, drawn: tuple[_Ints, _Ints, _Ints, _Ints, _Ints]) -> None:
        """Boxes of each place and site set."""
        cell, portions, kits, box, product = drawn
        made = np.append(self.axes.item_sites, ~np.uint64(0))  # -1: no kit
        sites = made[np.where(kits < 0, -1, kits * len(PORTIONS) + portions[:, None])]
        able = np.bitwise_and.reduce(sites, axis=1)
        np.bitwise_and.at(able, box, made[len(self.axes.recipes) * len(PORTIONS) + product])
        day, region = (self.cells[name].to_numpy()[cell] for name in ("day", "region"))
        able &= self.axes.reach[day, region]
        n_sets = 1 << len(self.axes.sites)
        code = (day * len(self.axes.regions) + region) * n_sets + able.astype(np.int64)
        found, boxes = np.unique(code, return_counts=True)
        self.classes.append(pd.DataFrame({
            "draw": number, "place": found // n_sets, "site_set": found % n_sets, "boxes": boxes,
        }))  # fmt: skip

    def _boxes(self, rng: np.random.Generator) -> _Ints:
        of_week, of_day, of_region = self.spread
        day, region = self.cells["day"].to_numpy(), self.cells["region"].to_numpy()
        mu = self.cells["mean_boxes"].to_numpy() * rng.lognormal(0, of_week)
        mu = mu * rng.lognormal(0, of_day, len(self.axes.days))[day]
        mu = mu * rng.lognormal(0, of_region, len(self.axes.regions))[region]
        return np.maximum(rng.poisson(mu) - self.cells["placed"].to_numpy(), 0)


def prepared(week: WeekData, size: Size) -> Stage:
    axes = week_axes(week)
    placed = week["orders"].groupby(_CELL).size().rename("placed")
    cells = bench_demand(size).boxes.astype({"region_id": object, "segment": object})
    cells = cells.join(placed, on=_CELL).fillna({"placed": 0}).astype({"placed": int})
    cells["day"] = axes.days.get_indexer(pd.DatetimeIndex(cells["delivery_date"]))
    cells["region"] = axes.regions.get_indexer(cells["region_id"])
    cells["segment_number"] = cells["segment"].str[1:].astype(int)
    rates = week["products"].set_index("product_id")["take_rate"].reindex(axes.products)
    spreads = bench_plan(1).settings.simulator.uncertainty
    return Stage(axes, weights(size.recipes, size.segments), cells, rates.to_numpy(np.float64),
                 (spreads.total_cv, spreads.day_cv, spreads.region_cv))  # fmt: skip


def detailed(stage: Stage, week: WeekData, drawn: tuple[_Ints, ...]) -> dict[str, pd.DataFrame]:
    """The order book and the first draw, box by box."""
    cell, portions, kits, box, product = drawn
    name = np.char.add("slot-", np.arange(len(cell)).astype(str)).astype(object)
    orders = stage.cells.iloc[cell][_CELL].reset_index(drop=True)
    orders = orders.assign(box_id=name, portions=np.array(PORTIONS)[portions])
    at, column = np.nonzero(kits >= 0)
    items = stage.axes.items()["item_id"].to_numpy()
    chosen = items[kits[at, column] * len(PORTIONS) + portions[at]]
    added = items[len(stage.axes.recipes) * len(PORTIONS) + product]
    lines = pd.DataFrame({"box_id": name[np.concatenate([at, box])],
                          "item_id": np.concatenate([chosen, added])})  # fmt: skip
    lines = lines.groupby(["box_id", "item_id"], sort=False).size().rename("quantity")
    book = week["orders"][["order_id", *_CELL, "portions"]].rename(columns={"order_id": "box_id"})
    booked = week["order_lines"][["order_id", "item_id", "quantity"]]
    return {"orders": pd.concat([book, orders], ignore_index=True),
            "order_lines": pd.concat([booked.rename(columns={"order_id": "box_id"}),
                                      lines.reset_index()], ignore_index=True)}  # fmt: skip


def simulate(week: WeekData, size: Size) -> tuple[Stage, dict[str, pd.DataFrame]]:
    stage = prepared(week, size)
    tables = {}
    for number in range(size.draws):
        drawn = stage.draw(number)
        stage.count(number, drawn)
        if number == 0:
            tables = detailed(stage, week, drawn)
    return stage, {**tables, "class_boxes": pd.concat(stage.classes, ignore_index=True)}


def write(tables: dict[str, pd.DataFrame], folder: Path) -> None:
    for name, table in tables.items():
        table.to_parquet(folder / f"{name}.parquet", index=False)


def main() -> None:
    case = json.loads(words(__doc__, 1)[0])
    size, clock = Size(**{name: n for name, n in case.items() if name != "threads"}), Clock()
    with tempfile.TemporaryDirectory() as folder:
        read = Path(folder, "read")
        store(bench_week(size), read)
        week = clock("read", lambda: decode(WeekData, read_files(read)))
        stage, tables = clock("simulate", simulate, week, size)
        clock("write", write, tables, Path(folder))
    print(json.dumps({
        "boxes_made": stage.boxes_made, "cpu_seconds": sum(clock.cpu.values()),
        "pick_cpu_seconds": stage.pick_seconds, "wall_seconds": clock.wall,
    }))  # fmt: skip


if __name__ == "__main__":
    main()
