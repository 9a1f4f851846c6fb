"""The project's own kernel on the same boxes; unlike its peers it draws their sizes itself.

The sizes, portions and product pieces of every box are part of its time.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.peers.make_problem import draw_path
from benchmarks.peers.problem import Boxes, Problem
from sitecast.simulate.draw import DrawInput
from sitecast.simulate.kernel import empty_boxes
from sitecast.simulate.simulate_draw import keep_freed_memory, kits_of_boxes
from sitecast.simulate.slot_tables import slot_tables


def halves(problem: Problem, n: int, threads: int) -> list[DrawInput]:
    """What each thread fills: whole draws, as in the simulator."""
    with np.load(draw_path(problem.path)) as file:
        draw = DrawInput(**{name: file[name] for name in DrawInput._fields})
    boxes, first = problem.cells(n), np.zeros(len(problem.volume), np.int64)
    parts = []
    for left in range(threads, 0, -1):
        part = boxes // left
        parts.append(draw._replace(boxes=part, first_slot=first))
        boxes, first = boxes - part, first + part
    return parts


def pick_sitecast(draw: DrawInput, seed: int) -> Any:
    """Slot tables, boxes and their kits; the seed is another draw."""
    tables = slot_tables(draw.weights, draw.recipe_key)
    boxes = pick_frames(draw, seed)
    return boxes, *kits_of_boxes(draw, tables, boxes)


def pick_frames(draw: DrawInput, seed: int) -> Any:
    """What no peer does, alone."""
    keep_freed_memory()
    return empty_boxes(draw._replace(key=draw.key + np.uint64(seed)))


def by_box(kits: NDArray[np.uint16], n: int, most: int) -> NDArray[np.int64]:
    """(n, most) recipes; behind a box's size they mean nothing."""
    return kits.transpose(0, 2, 1).reshape(-1, kits.shape[1])[:n, :most].astype(np.int64)


def as_boxes(problem: Problem, draw: DrawInput, made: Any) -> tuple[Boxes, NDArray[np.int64]]:
    """The boxes that were wanted and what is in them, in the form of the peers."""
    empty, kits = made[:2]
    segment, size = draw.segment[empty.cell], empty.size.astype(np.int64)
    boxes = Boxes(problem.weights, segment, size, int(problem.sizes.max()))
    return boxes, boxes.cut(by_box(kits, len(size), boxes.most))
