"""Every draw: solve its flow, send its boxes to their lanes, count what they hold."""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sitecast.allocate.box_classes import BoxClasses
from sitecast.allocate.kernel import assign_boxes, count_pieces, right_prices, solve_flow
from sitecast.errors import ConservationError
from sitecast.records.draw_boxes import DrawBoxes
from sitecast.records.week_axes import WeekAxes

Progress = Callable[[int, int], None]
"""Called with the number of draws done and of all draws."""


@dataclass(frozen=True)
class PackAxis:
    """Positions of (number of kits, portions size), kits first."""

    max_kits: int
    portions: NDArray[np.int64]

    def table(self) -> pd.DataFrame:
        """n_kits, portions of every position."""
        n_kits = np.arange(self.max_kits + 1)
        return pd.DataFrame({
            "n_kits": np.repeat(n_kits, len(self.portions)),
            "portions": np.tile(self.portions, len(n_kits)),
        })  # fmt: skip

    def size_of(self, portions: NDArray[np.int16]) -> NDArray[np.int64]:
        """(boxes,) position of each box's portions size, -1 when it has none."""
        at = np.searchsorted(self.portions, portions).clip(max=len(self.portions) - 1)
        return np.where(self.portions[at] == portions, at, -1).astype(np.int64)


def pack_axis(
    axes: WeekAxes, placed: DrawBoxes, box_sizes: tuple[int, ...], portions: tuple[int, ...]
) -> PackAxis:
    """Every pack that placed boxes have or simulated ones may have."""
    owner = np.repeat(np.arange(len(placed.box_class)), np.diff(placed.item_ptr))
    held = np.bincount(owner[placed.items < len(axes.recipes) * len(axes.portions)])
    sizes = np.unique(np.concatenate([axes.portions, portions, placed.portions]).astype(np.int64))
    return PackAxis(max(*box_sizes, 0, int(held.max(initial=0))), sizes)


@dataclass(frozen=True)
class Counts:
    """What boxes at their lanes hold; leading axes as the arrays were made."""

    kits: NDArray[np.int32]
    packs: NDArray[np.int32]
    boxes: NDArray[np.int32]


def empty_counts(axes: WeekAxes, packs: PackAxis, *leading: int) -> Counts:
    """Zeros: kits (…, lanes, items), packs (…, lanes, packs), boxes (…, lanes)."""
    lanes = (*leading, len(axes.lanes))
    return Counts(np.zeros((*lanes, axes.n_items), np.int32),
                  np.zeros((*lanes, len(packs.table())), np.int32),
                  np.zeros(lanes, np.int32))  # fmt: skip


def send(
    boxes: DrawBoxes, classes: BoxClasses, flow: NDArray[np.int64], axes: WeekAxes,
    packs: PackAxis, counts: Counts,
) -> NDArray[np.int32]:  # fmt: skip
    """Split the classes' flow to single boxes and count them in; returns (boxes,) lanes.

    `flow` holds the boxes on each arc, as many of each class as `boxes` has. `counts`, without
    leading axes, is added to in place.
    """
    lane = assign_boxes(
        classes.network.arc_ptr, classes.arc_lane, flow, boxes.box_class, boxes.rank
    )
    n_kit_items, n_sizes = len(axes.recipes) * len(axes.portions), len(packs.portions)
    fits = count_pieces(
        lane, boxes.item_ptr, boxes.items, packs.size_of(boxes.portions), n_kit_items, n_sizes,
        counts.kits, counts.packs, counts.boxes,
    )  # fmt: skip
    if not fits:
        raise ConservationError("a simulated box has a size that simulator settings do not allow")
    return lane


@dataclass(frozen=True)
class DrawResults:
    """All draws: counts with draws as leading axis, and what the flow says of the limits."""

    counts: Counts
    prices: NDArray[np.int64]
    """(draws, nodes) saving by one more box of cap, SHORT last."""
    short: NDArray[np.int32]
    """(draws, limits) simulated boxes that no site takes."""
    first_class: NDArray[np.int32]
    """(boxes of draw 0,) their classes."""
    first_lane: NDArray[np.int32]
    """(boxes of draw 0,) their lanes, -1 for none."""


def solve_draws(
    n_draws: int, boxes_of_draw: Callable[[int], DrawBoxes], classes: BoxClasses,
    caps: NDArray[np.int64], committed: Counts, axes: WeekAxes, packs: PackAxis,
    progress: Progress | None,
) -> DrawResults:  # fmt: skip
    """Solve draw after draw on every core; the result does not depend on their number (R7).

    `caps` is the room that placed boxes leave at each node; `committed` counts those boxes, which
    are part of every draw.
    """
    counts = empty_counts(axes, packs, n_draws)
    prices = np.zeros((n_draws, len(caps)), np.int64)
    short = np.zeros((n_draws, len(classes.limits)), np.int32)

    def solve(draw: int) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        boxes = boxes_of_draw(draw)
        demand = np.bincount(boxes.box_class, minlength=len(classes.limit)).astype(np.int64)
        flow = solve_flow(classes.network, demand, caps)
        prices[draw] = right_prices(classes.network, flow)
        np.add.at(short[draw], classes.limit, flow.boxes[classes.short_arc].astype(np.int32))
        mine = Counts(counts.kits[draw], counts.packs[draw], counts.boxes[draw])
        mine.kits[:], mine.packs[:] = committed.kits, committed.packs
        mine.boxes[:] = committed.boxes
        lane = send(boxes, classes, flow.boxes, axes, packs, mine)
        nothing = np.zeros(0, np.int32)
        return (boxes.box_class, lane) if draw == 0 else (nothing, nothing)

    first = (np.zeros(0, np.int32), np.zeros(0, np.int32))
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        for draw, result in enumerate(pool.map(solve, range(n_draws))):
            first = result if draw == 0 else first
            if progress:
                progress(draw + 1, n_draws)
    return DrawResults(counts, prices, short, *first)
