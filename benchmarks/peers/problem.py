"""The problem every peer is given: choice weights by segment, and which boxes to fill.

Needs numpy alone, since it is read in each peer's own environment.
"""

from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

Floats, Ints = NDArray[np.float64], NDArray[np.int64]


@dataclass(frozen=True)
class Boxes:
    """Boxes to fill, sorted by segment and size: the order that suits array programs best."""

    weights: Floats
    """(S, R) 0 = never chosen."""
    segment: Ints
    """(n,)"""
    size: Ints
    """(n,) distinct recipes wanted."""
    most: int
    """Largest size there is."""

    def __len__(self) -> int:
        return len(self.segment)

    def part(self, chosen: slice) -> Self:
        return replace(self, segment=self.segment[chosen], size=self.size[chosen])

    def groups(self, most_rows: int) -> list[tuple[int, slice]]:
        """Segment and rows of stretches of one segment, at most so long."""
        edges = np.flatnonzero(np.diff(self.segment, prepend=-1, append=-1))
        return [
            (int(self.segment[low]), slice(at, min(at + most_rows, high)))
            for low, high in pairwise(edges.tolist())
            for at in range(low, high, most_rows)
        ]

    def cut(self, recipes: NDArray[np.integer]) -> NDArray[np.integer]:
        """(n, most) recipes in the order chosen, -1 behind each box's size."""
        return np.where(np.arange(recipes.shape[1]) < self.size[:, None], recipes, -1)


@dataclass(frozen=True)
class Problem:
    """A menu, its segments, and where their boxes are."""

    weights: Floats
    volume: Floats
    """(C,) share of the boxes by cell."""
    cell_segment: Ints
    sizes: Ints
    size_probability: Floats
    inclusion: Floats
    """(S, K, R) exact probability that a box of sizes[k] holds the recipe."""
    path: Path

    @classmethod
    def load(cls, path: Path) -> Self:
        with np.load(path) as file:
            return cls(**{name: file[name] for name in list(cls.__dataclass_fields__)[:-1]},
                       path=path)  # fmt: skip

    def cells(self, n: int) -> Ints:
        """(C,) boxes of each cell, n in all."""
        return np.random.default_rng(n).multinomial(n, self.volume)

    def boxes(self, n: int) -> Boxes:
        """The n boxes of those cells, with sizes."""
        segment = np.sort(np.repeat(self.cell_segment, self.cells(n)))
        rng = np.random.default_rng([n, 1])
        size = rng.choice(self.sizes, len(segment), p=self.size_probability)
        order = np.lexsort([size, segment])
        return Boxes(self.weights, segment[order], size[order], int(self.sizes.max()))

    def save(self) -> None:
        names = list(self.__dataclass_fields__)[:-1]
        np.savez(self.path, **{name: getattr(self, name) for name in names})
