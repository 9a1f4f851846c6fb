"""What allocation hands to the forecast: kits and boxes at every site, in every draw."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sitecast.records.week_axes import WeekAxes


@dataclass(frozen=True)
class Allocation:
    """Boxes of one menu week at their sites. Counts are whole boxes, kits or pieces.

    A *pack* is a pair (number of kits, portions size) of a box: what packaging rules ask for.
    """

    axes: WeekAxes
    kits: NDArray[np.int32]
    """(draws, lanes, items) kits and products, placed boxes included."""
    kits_committed: NDArray[np.int32]
    """(lanes, items) the part of `kits` that placed boxes hold; at most `kits` of every draw."""
    boxes: NDArray[np.int32]
    """(draws, lanes) boxes, placed ones included."""
    boxes_committed: NDArray[np.int32]
    """(lanes,) placed boxes."""
    packs: pd.DataFrame
    """n_kits, portions of every position on the pack axis."""
    box_packs: NDArray[np.int32]
    """(draws, lanes, packs) boxes, placed ones included."""
    box_packs_committed: NDArray[np.int32]
    """(lanes, packs) placed boxes."""
    tables: Mapping[str, pd.DataFrame]
    """site_load, site_week_load, capacity_value, site_openings,
    item_load, resource_load, allocation_gap, unallocated, churn, allocations
    (records/tables_written.py), and unallocated_draws: draw, reason, boxes."""


@dataclass(frozen=True)
class ConservationCheck:
    """One conservation rule, recomputed from finished tables."""

    name: str
    rule: str
    passed: bool
    detail: str
