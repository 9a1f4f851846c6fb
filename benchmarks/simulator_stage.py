"""One measurement of the whole stage in a process: `python -m benchmarks.simulator_stage '{…}'`.

Reads the week's record from disk, simulates it, writes the result; prints CPU and wall seconds,
memory, and what a loop of Generator.choice needs for a sample of the same boxes. Making the week up
and compiling are outside the time.
"""

import json
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.arguments import words
from benchmarks.peers.loops import pick_choice
from benchmarks.peers.problem import Boxes
from benchmarks.peers.runner import forget_peak, memory
from benchmarks.simulator_week import (
    SEED,
    SIZE_PROBABILITY,
    SIZES,
    Size,
    bench_demand,
    bench_plan,
    bench_week,
    weights,
)  # fmt: skip
from sitecast.records.demand_forecast import DemandForecast
from sitecast.records.week_record import SimulatedOrders, WeekData, WeekRecord
from sitecast.simulate import boxes_of_draw, simulate_orders
from sitecast.store.version_files import decode, encode, read_files

_LOOPED, _LOOPS, _AGAIN = 1_000, 5, 10


class Clock:
    """CPU and wall seconds by part."""

    def __init__(self) -> None:
        self.cpu: dict[str, float] = {}
        self.wall = 0.0

    def __call__(self, part: str, work: Callable[..., Any], *arguments: Any) -> Any:
        wall, cpu = time.perf_counter(), time.process_time()
        done = work(*arguments)
        self.cpu[part] = time.process_time() - cpu
        self.wall += time.perf_counter() - wall
        return done


def main() -> None:
    case = json.loads(words(__doc__, 1)[0])
    threads = case.pop("threads")
    print(json.dumps(measure(Size(**case), threads)))


def measure(size: Size, threads: int) -> dict[str, float]:
    demand, plan = bench_demand(size), bench_plan(size.draws)
    small = Size(100, 10, 1, segments=3, regions=2)
    simulate_orders(bench_week(small), bench_demand(small), bench_plan(1))  # compile
    clock, looped = Clock(), loop(size, demand)
    with tempfile.TemporaryDirectory() as folder:
        read, written = Path(folder, "read"), Path(folder, "written")
        store(bench_week(size), read)
        before = memory()["VmRSS"]
        forget_peak()
        week = clock("read", lambda: decode(WeekData, read_files(read)))
        simulated = clock("simulate", simulate_orders, week, demand, plan, None, threads)
        clock("write", store, simulated, written)
        peak = memory()["VmHWM"]
        stored = sum(file.stat().st_size for file in written.iterdir())
    looped += loop(size, demand)  # before and after, since the machine has other work
    made = int(simulated["draw_digests"]["boxes"].sum())
    return {
        "boxes_made": made, "cpu_seconds": sum(clock.cpu.values()), "wall_seconds": clock.wall,
        **{f"{part}_cpu_seconds": seconds for part, seconds in clock.cpu.items()},
        "again_seconds_per_draw": again(week, simulated, size.draws),
        "loop_seconds_per_box": statistics.median(looped), "peak_mib": peak / 2**20,
        "added_mib": (peak - before) / 2**20, "stored_mib": stored / 2**20,
    }  # fmt: skip


def store(record: WeekRecord, place: Path) -> None:
    place.mkdir()
    for name, data in encode(record).items():
        (place / name).write_bytes(data)


def again(week: WeekData, simulated: SimulatedOrders, draws: int) -> float:
    """CPU seconds to make one draw again from what is stored."""
    boxes_of_draw(week, simulated, 0)
    some = range(min(draws, _AGAIN))
    start = time.process_time()
    for draw in some:
        boxes_of_draw(week, simulated, draw)
    return (time.process_time() - start) / len(some)


def loop(size: Size, demand: DemandForecast) -> list[float]:
    """Seconds per box, several times: kits only, no products, sites, classes or tables."""
    rng = np.random.default_rng(SEED)
    volume = demand.boxes.groupby("segment")["mean_boxes"].sum().to_numpy()
    segment = rng.choice(size.segments, _LOOPED, p=volume / volume.sum())
    kits = rng.choice(SIZES, _LOOPED, p=SIZE_PROBABILITY)
    boxes = Boxes(weights(size.recipes, size.segments), segment, kits, max(SIZES))
    seconds = []
    for _ in range(_LOOPS):
        start = time.process_time()
        pick_choice(boxes, SEED)
        seconds.append((time.process_time() - start) / _LOOPED)
    return seconds


if __name__ == "__main__":
    main()
