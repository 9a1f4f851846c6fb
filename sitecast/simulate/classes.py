"""Box classes: what the allocation may not tell apart, numbered the same way in any order."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sitecast.records.tables_simulated import CLASS_BOXES, CLASSES
from sitecast.records.week_axes import WeekAxes
from sitecast.simulate.draw import DrawOutput
from sitecast.simulate.placed import PlacedOrders

_Ints = NDArray[np.int64]


@dataclass(frozen=True)
class DrawTally:
    """What is kept of a draw once its boxes are gone."""

    boxes: int
    pieces: int
    digest: int
    wanted: _Ints
    """(recipes,) kits of capped recipes that boxes would hold without caps."""
    class_place: _Ints
    class_sites: NDArray[np.uint64]
    class_boxes: _Ints

    @classmethod
    def of(cls, drawn: DrawOutput) -> "DrawTally":
        """The tally of one draw."""
        return cls(len(drawn.box_class), len(drawn.items), drawn.digest, drawn.wanted,
                   drawn.class_place, drawn.class_sites, drawn.class_boxes)  # fmt: skip


class ClassNumbers:
    """Finds the class_id of a simulated class."""

    def __init__(self, classes: pd.DataFrame, axes: WeekAxes) -> None:
        """Read the simulated classes; they are sorted by place and site set."""
        mine = classes[classes["is_simulated"]]
        day = axes.days.get_indexer(pd.DatetimeIndex(mine["delivery_date"]))
        region = axes.regions.get_indexer(mine["region_id"])
        sites = mine["site_set"].to_numpy()
        self._sets = np.unique(sites)
        self._known = self._code(day * len(axes.regions) + region, sites)
        self._ids = mine["class_id"].to_numpy()

    def find(self, place: _Ints, sites: NDArray[np.uint64]) -> _Ints:
        """(n,) class_id of each pair; -1 where there is no such class."""
        if not len(self._ids):
            return np.full(len(place), -1)
        code = self._code(place, sites.view(np.int64))
        at = np.minimum(np.searchsorted(self._known, code), len(self._known) - 1)
        return np.where(self._known[at] == code, self._ids[at], -1)

    def _code(self, place: _Ints, sites: _Ints) -> _Ints:
        return place * (len(self._sets) + 1) + np.searchsorted(self._sets, sites)


def class_table(placed: PlacedOrders, tallies: Sequence[DrawTally], axes: WeekAxes) -> pd.DataFrame:
    """All classes of the order book and of any draw, sorted by their content."""
    simulated = pd.DataFrame({
        "place": np.concatenate([tally.class_place for tally in tallies]),
        "site_set": np.concatenate([tally.class_sites for tally in tallies]).view(np.int64),
    }).drop_duplicates()  # fmt: skip
    frame = pd.concat([
        _placed_keys(placed).drop_duplicates().assign(is_simulated=False),
        simulated.assign(previous_site=-1, is_simulated=True),
    ])  # fmt: skip
    frame = frame.sort_values(["is_simulated", "place", "site_set", "previous_site"])
    place = frame["place"].to_numpy()
    return CLASSES.shaped(
        frame.assign(
            class_id=np.arange(len(frame)),
            delivery_date=axes.days[place // len(axes.regions)],
            region_id=axes.regions[place % len(axes.regions)],
        ).reset_index(drop=True)
    )


def placed_classes(placed: PlacedOrders, classes: pd.DataFrame, axes: WeekAxes) -> _Ints:
    """(boxes,) class_id of each placed box."""
    known = classes[~classes["is_simulated"]]
    day = axes.days.get_indexer(pd.DatetimeIndex(known["delivery_date"]))
    place = day * len(axes.regions) + axes.regions.get_indexer(known["region_id"])
    keys = pd.MultiIndex.from_arrays([place, known["site_set"], known["previous_site"]])
    mine = _placed_keys(placed)
    return known["class_id"].to_numpy()[keys.get_indexer(pd.MultiIndex.from_frame(mine))]


def class_boxes(tallies: Sequence[DrawTally], numbers: ClassNumbers) -> pd.DataFrame:
    """Simulated boxes by draw and class, sorted."""
    place = np.concatenate([tally.class_place for tally in tallies])
    sites = np.concatenate([tally.class_sites for tally in tallies])
    boxes = np.concatenate([tally.class_boxes for tally in tallies])
    draw = np.repeat(np.arange(len(tallies)), [len(tally.class_place) for tally in tallies])
    class_id = numbers.find(place, sites)
    order = np.lexsort((class_id, draw))
    return CLASS_BOXES.shaped(pd.DataFrame({
        "draw": draw[order], "class_id": class_id[order], "boxes": boxes[order],
    }))  # fmt: skip


def _placed_keys(placed: PlacedOrders) -> pd.DataFrame:
    return pd.DataFrame({
        "place": placed.place, "site_set": placed.sites.view(np.int64),
        "previous_site": placed.previous_site,
    })  # fmt: skip
