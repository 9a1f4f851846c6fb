"""What a changed input changes: the simulator's stable stream, beside alias tables and fresh draws.

    python -m benchmarks.simulator_stream             measure, write results/simulator_stream.*
    python -m benchmarks.simulator_stream --report    the tables and picture of the last run

First the baskets of 20,000 boxes of 60 segments when one recipe gets half as popular again, leaves
the menu, or every weight moves a little; then the forecast when a day of orders comes in
(simulator_stream_days). QUICK=1 measures the middle menu alone and writes nothing. Exits with 1
when a goal is missed; the last line is the headline.
"""

import argparse
import os
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks.peers.alias_compiled import pick_with_keys
from benchmarks.peers.environments import ROOT, cache
from benchmarks.peers.make_problem import make_problem
from benchmarks.peers.ours import halves, pick_frames, pick_sitecast
from benchmarks.peers.problem import Problem
from benchmarks.simulator_stream_days import one_more_day
from benchmarks.simulator_stream_report import headline, write_report
from benchmarks.stamp import commit, machine
from sitecast.simulate.draw import DrawInput

CSV = ROOT / "benchmarks" / "results" / "simulator_stream.csv"
DAYS_CSV = CSV.with_name("simulator_stream_days.csv")
RECIPES, BOXES, DRAWS, TIMED = (40, 100, 200), 20_000, 20, 15
RANKS = (0.1, 0.5, 0.9, 1.0)
"""Of the recipe that changes, by popularity; 1 is the top."""
STREAMS = ("slots", "alias", "fresh")
Baskets = NDArray[np.int64]


@dataclass(frozen=True)
class Change:
    """New weights of the recipes that stay, by their position before."""

    what: str
    rank: float | None
    weights: NDArray[np.float64]
    stay: NDArray[np.int64]


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--report", action="store_true", help="write the last run's tables anew")
    quick = bool(os.environ.get("QUICK"))
    if parser.parse_args().report:
        rows, days = pd.read_csv(CSV), pd.read_csv(DAYS_CSV)
    else:
        fixed = {"commit": commit(), "machine": machine()}
        menus = (100,) if quick else RECIPES
        rows = pd.DataFrame([row for r in menus for row in measure(r)]).assign(**fixed)
        days = pd.DataFrame(one_more_day(quick)).assign(**fixed)
    if not quick:
        rows.to_csv(CSV, index=False, float_format="%.6g")
        days.to_csv(DAYS_CSV, index=False, float_format="%.6g")
        write_report(rows, days, CSV)
    line, missed = headline(rows, days)
    print(line)
    return int(missed)


def measure(recipes: int) -> Iterator[dict[str, Any]]:
    path = cache() / f"stream-{recipes}.npz"
    make_problem(path, recipes)
    draw = halves(Problem.load(path), BOXES, 1)[0]
    cost = costs(draw)
    for change in changes(draw):
        found = pd.DataFrame([each for d in range(DRAWS) for each in differences(draw, change, d)])
        by = found.groupby("stream")
        moved = np.sqrt(by["moved"].agg(lambda c: np.var(np.stack(list(c)), axis=0, ddof=1).mean()))
        for stream in STREAMS:
            yield {
                "recipes": recipes, "what": change.what, "rank": change.rank, "stream": stream,
                "changed": by["changed"].mean()[stream], "least": least(draw, change),
                "sd_kits": moved[stream], "ns_a_box": cost[stream],
            }  # fmt: skip


def changes(draw: DrawInput) -> list[Change]:
    """Of the same relative size in every segment."""
    weights, n = draw.weights, draw.weights.shape[1]
    by_popularity = np.argsort((weights / weights.sum(axis=1, keepdims=True)).sum(axis=0))
    of_rank = {rank: int(by_popularity[min(int(rank * n), n - 1)]) for rank in RANKS}
    everything, found = np.arange(n), []
    for rank, recipe in of_rank.items():
        liked = np.where(everything == recipe, 1.5, 1.0)
        found.append(Change("half as popular again", rank, weights * liked, everything))
    for rank in (0.5, 1.0):
        stay = np.delete(everything, of_rank[rank])
        found.append(Change("leaves the menu", rank, weights[:, stay].copy(), stay))
    noise = np.exp(np.random.default_rng(1).normal(0, 0.01, weights.shape))
    return [*found, Change("every weight moves by 1 %", None, weights * noise, everything)]


def differences(draw: DrawInput, change: Change, seed: int) -> Iterator[dict[str, Any]]:
    """By stream: share of the boxes with another content, (recipes,) kits more than before."""
    boxes = pick_frames(draw, seed)
    size, n = np.diff(boxes.start), draw.weights.shape[1]
    row, most = draw.weight_row[boxes.kind], int(draw.sizes.max())
    stay = change.stay
    after = draw._replace(
        weights=change.weights, recipe_key=draw.recipe_key[stay], limit=draw.limit[stay],
        left=draw.left[stay],
    )  # fmt: skip

    def alias(weights: NDArray[np.float64], keys: NDArray[np.uint64]) -> Baskets:
        return np.sort(pick_with_keys(weights, row, size, keys, most).astype(np.int64), axis=1)

    before = alias(draw.weights, boxes.key)
    pairs = {
        "slots": (slots(draw, seed), slots(after, seed)),
        "alias": (before, alias(change.weights, boxes.key)),
        "fresh": (before, alias(change.weights, ~boxes.key)),
    }
    for stream, (one, other) in pairs.items():
        named = np.sort(np.where(other < 0, -1, stay[other]), axis=1)
        kits = [np.bincount(baskets[baskets >= 0], minlength=n) for baskets in (one, named)]
        yield {"stream": stream, "changed": (one != named).any(axis=1).mean(),
               "moved": kits[1] - kits[0]}  # fmt: skip


def slots(draw: DrawInput, seed: int) -> Baskets:
    """(boxes, largest size) recipes in order, -1 in front where the box is smaller."""
    boxes, kits = pick_sitecast(draw, seed)[:2]
    column = np.arange(int(draw.sizes.max()))
    at = np.minimum(boxes.start[:-1, None] + column, len(kits) - 1)
    held = column < np.diff(boxes.start)[:, None]
    return np.sort(np.where(held, kits[at].astype(np.int64), -1), axis=1)


def least(draw: DrawInput, change: Change) -> float:
    """Kits a box × how far the chances of a pick differ (total variation), mean of the boxes.

    About the share of the boxes that changes when each pick changes as rarely as it can.
    """
    after = np.zeros_like(draw.weights)
    after[:, change.stay] = change.weights
    chances = [w / w.sum(axis=1, keepdims=True) for w in (draw.weights, after)]
    differ = np.abs(chances[1] - chances[0]).sum(axis=1) / 2
    boxes = pick_frames(draw, 0)
    return float((differ[draw.weight_row[boxes.kind]] * np.diff(boxes.start)).mean())


def costs(draw: DrawInput) -> dict[str, float]:
    """CPU ns a box by stream, tables and kits; sizes are given to all of them."""
    boxes, most = pick_frames(draw, 0), int(draw.sizes.max())
    row, size = draw.weight_row[boxes.kind], np.diff(boxes.start)

    def seconds(work: Callable[[], object]) -> float:
        start = time.process_time()
        work()
        return time.process_time() - start

    def alias() -> object:
        return pick_with_keys(draw.weights, row, size, boxes.key, most)

    pick_sitecast(draw, 0), alias()  # compile
    ours = [seconds(lambda: pick_sitecast(draw, 0)) - seconds(lambda: pick_frames(draw, 0))
            for _ in range(TIMED)]  # fmt: skip
    theirs = [seconds(alias) for _ in range(TIMED)]
    ns = [statistics.median(times) / len(boxes.key) * 1e9 for times in (ours, theirs)]
    return {"slots": ns[0], "alias": ns[1], "fresh": ns[1]}


if __name__ == "__main__":
    sys.exit(main())
