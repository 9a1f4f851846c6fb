"""Whether the boxes of a peer are Plackett–Luce boxes: distinct recipes, exact frequencies."""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from benchmarks.peers.problem import Boxes, Problem

_LEAST_EXPECTED = 5.0
"""Smallest count for which a normal bound means something."""


@dataclass
class Frequencies:
    """Kits by segment and recipe, beside what is expected exactly."""

    found: NDArray[np.float64]
    expected: NDArray[np.float64]
    variance: NDArray[np.float64]
    broken: int
    """Boxes with a recipe twice, a forbidden one, or too few."""

    @classmethod
    def of(cls, problem: Problem, boxes: Boxes, picks: NDArray[np.integer]) -> Self:
        wanted = np.arange(picks.shape[1]) < boxes.size[:, None]
        box, column = np.nonzero(wanted)
        recipe, segment = picks[box, column], boxes.segment[box]
        fine = recipe >= 0
        shape = problem.weights.shape
        code = segment[fine] * shape[1] + recipe[fine]
        found = np.bincount(code, minlength=shape[0] * shape[1]).reshape(shape)
        kind = np.searchsorted(problem.sizes, boxes.size)
        n_sizes = len(problem.sizes)
        count = np.bincount(boxes.segment * n_sizes + kind, minlength=shape[0] * n_sizes)
        count, chance = count.reshape(shape[0], n_sizes, 1), problem.inclusion
        return cls(found.astype(float), (count * chance).sum(axis=1),
                   (count * chance * (1 - chance)).sum(axis=1),
                   _broken(problem, boxes, picks, wanted))  # fmt: skip

    def __add__(self, other: Self) -> Self:
        return type(self)(self.found + other.found, self.expected + other.expected,
                          self.variance + other.variance, self.broken + other.broken)  # fmt: skip

    def facts(self) -> dict[str, float]:
        """Size of the deviations from the exact counts in standard deviations: 1 when exact."""
        # A recipe that is nearly always in the box varies too little for a normal bound.
        usable = np.minimum(self.expected, self.variance) >= _LEAST_EXPECTED
        z = (self.found - self.expected)[usable] / np.sqrt(self.variance[usable])
        return {"cells": int(usable.sum()), "rms_z": float(np.sqrt(np.mean(z**2))),
                "max_z": float(np.abs(z).max()), "broken": self.broken}  # fmt: skip


def _broken(
    problem: Problem, boxes: Boxes, picks: NDArray[np.integer], wanted: NDArray[np.bool_]
) -> int:
    filled = np.where(wanted, picks, -1 - np.arange(picks.shape[1]))
    in_order = np.sort(filled, axis=1)
    twice = (np.diff(in_order, axis=1) == 0).any(axis=1)
    weight = problem.weights[boxes.segment[:, None], np.maximum(filled, 0)]
    return int((twice | (wanted & ((picks < 0) | (weight <= 0))).any(axis=1)).sum())


def table_of(made: Any, boxes: Boxes) -> NDArray[np.integer]:
    """A peer's answer as (n, most) recipes: an array, a frame of (box, recipe), lists."""
    if isinstance(made, np.ndarray):
        return made
    if hasattr(made, "columns"):
        box, recipe = made["box"].to_numpy(), made["recipe"].to_numpy()
    else:
        box = np.repeat(np.arange(len(boxes)), [len(kits) for kits in made])
        recipe = np.concatenate([np.asarray(kits) for kits in made])
    picks = np.full((len(boxes), boxes.most), -1)
    first = np.searchsorted(box, np.arange(len(boxes)))
    picks[box, np.arange(len(box)) - first[box]] = recipe
    return picks
