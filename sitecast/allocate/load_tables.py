"""Tables about limits: load of site-days and site-weeks, and what other caps would change."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sitecast.allocate.box_classes import BoxClasses
from sitecast.allocate.box_tables import short_of_placed
from sitecast.allocate.draws import DrawResults
from sitecast.allocate.explain import floor_reason
from sitecast.allocate.limits import UNCAPPED, Limits, through_nodes
from sitecast.allocate.placed import PlacedFlow
from sitecast.allocate.site_days import SiteDays
from sitecast.allocate.worth import CHANGES, CapWorth
from sitecast.records.quantiles import draw_summary
from sitecast.records.tables_written import CAPACITY_VALUE, SITE_LOAD, SITE_WEEK_LOAD


@dataclass(frozen=True)
class _Passing:
    """Boxes that pass each node of the limits."""

    load: NDArray[np.int64]
    """(draws, nodes) boxes."""
    offered: NDArray[np.int64]
    """(draws, nodes) boxes that could have passed."""
    committed: NDArray[np.int64]
    """(nodes,) placed boxes."""
    final: NDArray[np.int64]
    """(nodes,) placed boxes whose site is final."""


def load_tables(
    menu_week: str, classes: BoxClasses, days: SiteDays, limits: Limits, placed: PlacedFlow,
    committed: NDArray[np.int32], results: DrawResults, worth: CapWorth,
) -> dict[str, pd.DataFrame]:  # fmt: skip
    """site_load, site_week_load and capacity_value.

    A box that no site takes counts in equal parts against the site-days it could have used, each
    of them full or in a full week.
    """
    passing = _Passing(*(
        through_nodes(limits.parent, boxes) for boxes in (
            days.load(results.counts.boxes), results.offered,
            days.load(committed), placed.final_load)
    ))  # fmt: skip
    n_days = len(days.table)
    day, week = np.arange(n_days), np.arange(n_days + 1, len(limits.parent) - 1)
    short = results.short.mean(axis=0) + short_of_placed(classes, placed)
    parts = classes.limit_node / classes.limit_node.sum(axis=1).clip(min=1)[:, None]
    shared = (short[:, None] * parts).sum(axis=0)
    rows = [
        pd.concat([frame.drop(columns=["cap_boxes", "floor_boxes"]).reset_index(drop=True),
                   _against_limits(nodes, limits, passing, results, worth)], axis=1)
        .assign(menu_week=menu_week)
        for frame, nodes in ((days.table, day), (days.weeks, week))
    ]  # fmt: skip
    return {
        "site_load": SITE_LOAD.shaped(rows[0].assign(boxes_unallocated=shared)),
        "site_week_load": SITE_WEEK_LOAD.shaped(rows[1]),
        "capacity_value": _capacity_value(menu_week, days, worth),
    }


def _against_limits(
    nodes: NDArray[np.int64], limits: Limits, passing: _Passing, results: DrawResults,
    worth: CapWorth,
) -> pd.DataFrame:  # fmt: skip
    caps, floors, load = limits.caps[nodes], limits.floors[nodes], passing.load[:, nodes]
    parent = limits.parent[nodes]
    parent_full = passing.load[:, parent] >= limits.caps[parent]
    over = (passing.final[nodes] - caps).clip(min=0)
    full = (load >= caps) & (caps > 0)  # a closed date is not a day that is too full
    # Beside final boxes over the cap, one box of cap more or less changes nothing.
    right, left = (np.where(over > 0, 0, price[:, nodes]) for price in (worth.right, worth.left))
    missing = (floors - load).clip(min=0)
    return pd.DataFrame({
        "boxes_committed": passing.committed[nodes],
        **draw_summary(np.sort(load.T, axis=1), "boxes_"),
        "cap_boxes": pd.array(np.where(caps == UNCAPPED, -1, caps), dtype="Int64"),
        "floor_boxes": floors,
        "over_cap_frozen": over,
        "p_over_cap": (full & results.wanted[:, nodes]).mean(axis=0),
        "p_binds": (right > 0).mean(axis=0),
        "shadow_price": right.mean(axis=0),
        "shadow_price_left": left.mean(axis=0),
        "p_below_floor": (missing > 0).mean(axis=0),
        "boxes_below_floor": missing.mean(axis=0),
        "floor_reason": [
            floor_reason(load[:, at], passing.offered[:, node], floors[at], parent_full[:, at])
            for at, node in enumerate(nodes)
        ],
    }).assign(cap_boxes=lambda frame: frame["cap_boxes"].where(caps != UNCAPPED))  # fmt: skip


def _capacity_value(menu_week: str, days: SiteDays, worth: CapWorth) -> pd.DataFrame:
    """A row for each change of each cap above 0, the present cap included."""
    if not len(worth.values):
        return CAPACITY_VALUE.empty()
    capped = np.flatnonzero((days.caps != UNCAPPED) & (days.caps > 0))
    now = days.table.iloc[capped].drop(columns="cap_boxes")
    mean = worth.values.mean(axis=0)[capped]
    parts = [now.assign(change_pct=0, cap_boxes=days.caps[capped], boxes_saved=0, money_saved=0)]
    parts += [
        now.assign(change_pct=change, cap_boxes=worth.caps[capped, at],
                   boxes_saved=mean[:, at, 0], money_saved=mean[:, at, 1])
        for at, change in enumerate(CHANGES)
    ]  # fmt: skip
    frame = pd.concat(parts).sort_values(["site", "production_date", "change_pct"])
    return CAPACITY_VALUE.shaped(frame.assign(menu_week=menu_week).reset_index(drop=True))
