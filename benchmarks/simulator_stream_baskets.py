"""Baskets before and after a change of the weights, by stream; and what each stream costs.

Streams: our slot tables; alias tables with a stream of counters per box, as ours has; and alias
tables with other counters after the change.
"""

import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import permutations
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks.peers.alias_compiled import pick_with_keys
from benchmarks.peers.environments import cache
from benchmarks.peers.make_problem import make_problem
from benchmarks.peers.ours import by_box, halves, pick_frames, pick_sitecast
from benchmarks.peers.problem import Problem
from sitecast.simulate.draw import UNCAPPED, DrawInput
from sitecast.simulate.volumes import keys_of

RECIPES, BOXES, DRAWS, TIMED = (40, 100, 200), 20_000, 20, 15
RANKS = (0.1, 0.5, 0.9, 1.0)
"""Of the recipe that changes, by popularity; 1 is the top."""
MENUS, MENU_BOXES, LEAVES = range(30, 201), 5_000, "leaves the menu"
STREAMS = ("slots", "alias", "fresh")
Ints = Baskets = NDArray[np.int64]


@dataclass(frozen=True)
class Change:
    """New weights of the recipes that stay, by their position before."""

    what: str
    rank: float | None
    weights: NDArray[np.float64]
    stay: NDArray[np.int64]


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
                "changed": by["changed"].mean()[stream], "least": found["least"].mean(),
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
        found.append(Change(LEAVES, rank, weights[:, stay].copy(), stay))
    noise = np.exp(np.random.default_rng(1).normal(0, 0.01, weights.shape))
    return [*found, Change("every weight moves by 1 %", None, weights * noise, everything)]


def differences(draw: DrawInput, change: Change, seed: int) -> Iterator[dict[str, Any]]:
    """By stream: share of the boxes with another content, (recipes,) kits more than before."""
    boxes = pick_frames(draw, seed)
    size, n = boxes.size.astype(np.int64), draw.weights.shape[1]
    row, most = draw.weight_row[boxes.kind], int(draw.sizes.max())
    stay = change.stay
    after = draw._replace(
        weights=change.weights, recipe_key=draw.recipe_key[stay], limit=draw.limit[stay],
        left=draw.left[stay],
    )  # fmt: skip

    def alias(weights: NDArray[np.float64], keys: NDArray[np.uint64]) -> Baskets:
        return np.sort(pick_with_keys(weights, row, size, keys, most).astype(np.int64), axis=1)

    whole = np.zeros_like(draw.weights)
    whole[:, stay] = change.weights
    before = alias(draw.weights, boxes.key)
    bound = least(draw, whole, row, before)
    pairs = {
        "slots": (slots(draw, seed), slots(after, seed)),
        "alias": (before, alias(change.weights, boxes.key)),
        "fresh": (before, alias(change.weights, ~boxes.key)),
    }
    for stream, (one, other) in pairs.items():
        named = np.sort(np.where(other < 0, -1, stay[other]), axis=1)
        kits = [np.bincount(baskets[baskets >= 0], minlength=n) for baskets in (one, named)]
        yield {"stream": stream, "changed": (one != named).any(axis=1).mean(),
               "moved": kits[1] - kits[0], "least": bound}  # fmt: skip


def slots(draw: DrawInput, seed: int) -> Baskets:
    """(boxes, largest size) recipes in order, -1 in front where the box is smaller."""
    _, kits, got = pick_sitecast(draw, seed)[:3]
    most = int(draw.sizes.max())
    return np.sort(
        np.where(np.arange(most) < got[:, None], by_box(kits, len(got), most), -1), axis=1
    )


def least(draw: DrawInput, after: NDArray[np.float64], row: Ints, held: Baskets) -> float:
    """Share of the boxes that changes at least, whatever the stream; estimated from `held`.

    Baskets before and after, each with the chances of its weights, cannot be equal more often than
    the total variation between the two allows: the mean of (1 - chance after / chance before)+.
    """
    unlike = np.zeros(len(held))
    size = (held >= 0).sum(axis=1)
    for k in np.unique(size):
        some = np.flatnonzero(size == k)
        one, other = (_chance(w, row[some], held[some, -k:]) for w in (draw.weights, after))
        unlike[some] = np.maximum(1 - other / one, 0)
    return float(unlike.mean())


def _chance(weights: NDArray[np.float64], row: Ints, held: Baskets) -> NDArray[np.float64]:
    """(boxes,) that the box holds these recipes, in any order."""
    weight = weights[row[:, None], held]
    total, chance = weights.sum(axis=1)[row][:, None], np.zeros(len(held))
    for order in permutations(range(held.shape[1])):
        picked = weight[:, order]
        rest = total - np.cumsum(picked, axis=1) + picked
        chance += np.divide(picked, rest, out=np.zeros_like(rest), where=picked > 0).prod(axis=1)
    return chance


def any_menu() -> pd.DataFrame:
    """The middle recipe leaves menus of 30 to 200: a segment without a diet each, one draw."""
    path = cache() / f"stream-{RECIPES[0]}.npz"
    make_problem(path, RECIPES[0])
    draw, rows = halves(Problem.load(path), MENU_BOXES, 1)[0], []
    names = keys_of(0, "", "slots of recipes", [f"r{i}" for i in range(max(MENUS))])
    for n in MENUS:
        weights = np.exp(np.random.default_rng(n).normal(0, 0.9, (1, n)))
        some = draw._replace(
            weights=weights, weight_row=np.zeros_like(draw.weight_row), recipe_key=names[:n],
            limit=np.ones(n, np.int64), left=np.full(n, UNCAPPED),
        )  # fmt: skip
        change = next(c for c in changes(some) if c.what == LEAVES)
        found = pd.DataFrame(differences(some, change, 0)).set_index("stream")
        rows.append({"recipes": n, **found.loc["slots", ["changed", "least"]]})
    return pd.DataFrame(rows)


def costs(draw: DrawInput) -> dict[str, float]:
    """CPU ns a box by stream, tables and kits; sizes are given to all of them."""
    boxes, most = pick_frames(draw, 0), int(draw.sizes.max())
    row, size = draw.weight_row[boxes.kind], boxes.size.astype(np.int64)

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
