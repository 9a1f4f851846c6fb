"""Box classes told apart by the capped items in their boxes."""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import csr_array

from sitecast.allocate.item_limits import ItemLimits
from sitecast.records.draw_boxes import DrawBoxes
from sitecast.records.week_record import SimulatedOrders

Keys = NDArray[np.int64]
"""(classes, 1 + resources) class as simulated, then the units of each resource in a box."""


@dataclass(frozen=True)
class BoxSource:
    """The boxes of a week: what allocate_orders() is given."""

    simulated: SimulatedOrders
    placed: DrawBoxes
    boxes_of_draw: Callable[[int], DrawBoxes]


@dataclass(frozen=True)
class SeenBoxes:
    """Notes what boxes hold of the capped items while their draws are solved."""

    source: BoxSource
    units: NDArray[np.int64]
    """(resources, items) what a piece takes of each resource with a cap."""
    seen: dict[int, tuple[Keys, NDArray[np.int64]]] = field(default_factory=dict)
    """Draw → distinct keys and the boxes of each."""

    def noted(self) -> BoxSource:
        """The same boxes, each draw noted when it is asked for."""
        return replace(self.source, boxes_of_draw=self._noted)

    def _noted(self, draw: int) -> DrawBoxes:
        boxes = self.source.boxes_of_draw(draw)
        keys, counts = np.unique(held_keys(boxes, self.units), axis=0, return_counts=True)
        self.seen[draw] = (keys, counts)
        return boxes

    def _note(self, draw: int) -> None:
        if draw not in self.seen:
            self._noted(draw)

    def split(self, caps: ItemLimits, n_draws: int) -> tuple[BoxSource, NDArray[np.int64]]:
        """The boxes in classes that hold the same of each capped item whose cap is in reach.

        Draws that have not been asked for are noted first.

        Returns:
            the boxes, and (classes, resources) units in a box of each class; 0 for an item of
            which no draw has more kits than any of its caps.
        """
        with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
            list(pool.map(self._note, range(n_draws)))
        placed = held_keys(self.source.placed, self.units)
        draws = [(draw, *self.seen[draw]) for draw in sorted(self.seen)]
        totals = [counts @ keys[:, 1:] for _, keys, counts in draws]
        most = np.max(totals, axis=0) + placed[:, 1:].sum(axis=0)
        in_reach = np.zeros(len(most) + 1, dtype=np.int64)
        in_reach[0] = 1
        in_reach[1 + caps.items[caps.caps < most[caps.items]]] = 1
        keys = np.concatenate([placed, *(of for _, of, _ in draws)]) * in_reach
        numbers = _Numbers(np.unique(keys, axis=0), self.units, in_reach)
        keys = numbers.keys
        boxes = pd.DataFrame({
            "draw": np.repeat([draw for draw, _, _ in draws], [len(n) for _, _, n in draws]),
            "class_id": np.concatenate([numbers.find(of * in_reach) for _, of, _ in draws]),
            "boxes": np.concatenate([counts for _, _, counts in draws]),
        })  # fmt: skip
        old = self.source.simulated
        classes = old["classes"].iloc[keys[:, 0]].reset_index(drop=True)
        classes = classes.assign(class_id=np.arange(len(keys)))
        tables = {**old.tables, "classes": classes, "class_boxes": boxes}
        source = BoxSource(
            SimulatedOrders(old.provenance, tables),
            numbers.of_boxes(self.source.placed),
            lambda draw: numbers.of_boxes(self.source.boxes_of_draw(draw)),
        )
        return source, keys[:, 1:]


def held_keys(boxes: DrawBoxes, units: NDArray[np.int64]) -> Keys:
    """(boxes, 1 + resources) class of each box, then its units of each resource."""
    shape = (len(boxes.box_class), units.shape[1])
    pieces = np.ones(len(boxes.items), dtype=np.int64)
    held = csr_array((pieces, boxes.items, boxes.item_ptr), shape=shape) @ units.T
    return np.column_stack([boxes.box_class.astype(np.int64), held])


def row_numbers(keys: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """(rows,) equal numbers for equal rows, from 0; and the first row of each number.

    Column by column, by hashing: far quicker than sorting whole rows.
    """
    number = np.zeros(len(keys), dtype=np.int64)
    for column in keys.T:
        values = pd.factorize(column)[0].astype(np.int64)
        number = pd.factorize(number * (int(values.max(initial=0)) + 1) + values)[0]
    return number, np.unique(number, return_index=True)[1]


@dataclass(frozen=True)
class _Numbers:
    keys: Keys
    units: NDArray[np.int64]
    in_reach: NDArray[np.int64]
    """(1 + resources,) 1 for what tells classes apart, 0 for other columns of the keys."""

    def find(self, keys: Keys) -> NDArray[np.int64]:
        """(rows,) row of each key."""
        index = pd.MultiIndex.from_arrays(list(self.keys.T))
        return index.get_indexer(pd.MultiIndex.from_arrays(list(keys.T))).astype(np.int64)

    def of_boxes(self, boxes: DrawBoxes) -> DrawBoxes:
        """The boxes in the finer classes."""
        keys = held_keys(boxes, self.units) * self.in_reach
        some, at = np.unique(keys, axis=0, return_inverse=True)
        return replace(boxes, box_class=self.find(some)[at.reshape(-1)].astype(np.int32))
