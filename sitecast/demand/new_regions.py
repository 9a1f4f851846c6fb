"""Boxes of regions that nobody was ever delivered to: as any region's may be, with wide draws.

A region is new when the first day on which some site reaches it (region_sites.valid_from) comes
after the last delivery known. One that could long have been served and had no box stays without.
"""

import numpy as np
import pandas as pd

from sitecast.demand.past import past
from sitecast.records.week_record import WeekData

_ALWAYS, _FOR_GOOD = pd.Timestamp("1900-01-01"), pd.Timestamp("2200-01-01")
_CELL = ["delivery_date", "segment"]


def with_new_regions(boxes: pd.DataFrame, week: WeekData) -> pd.DataFrame:
    """A volume model's answer, and boxes of regions that open and that it says nothing of.

    A new region is drawn from those known: the mean of their means, by day and segment; its
    variance is theirs and how much they differ. One known region says nothing of that: the new one
    may have twice as much, or nothing (a standard deviation of its mean).

    Args:
        boxes: delivery_date, region_id, segment, mean_boxes, sd_boxes.
        week: its region_sites say what opens, its history what is known.
    """
    opening = _opening(week)
    opening = opening[~opening["region_id"].isin(boxes["region_id"])]
    known = boxes["region_id"].nunique()
    if opening.empty or not known:
        return boxes
    cells = boxes.assign(
        square=np.square(boxes["mean_boxes"]),
        variance=np.square(boxes["sd_boxes"].fillna(np.sqrt(boxes["mean_boxes"]))),
    )
    total = cells.groupby(_CELL, as_index=False)[["mean_boxes", "square", "variance"]].sum()
    mean = total["mean_boxes"] / known
    between = (total["square"] - known * mean**2) / (known - 1) if known > 1 else mean**2
    usual = total[_CELL].assign(
        mean_boxes=mean, sd_boxes=np.sqrt(total["variance"] / known + between.clip(lower=0.0))
    )
    new = opening.merge(usual, how="cross")
    served = new["delivery_date"].between(new["first"], new["last"])
    return pd.concat([boxes, new.loc[served, list(boxes.columns)]], ignore_index=True)


def _opening(week: WeekData) -> pd.DataFrame:
    """region_id, first, last day of being reached, of regions first reached after what is known."""
    history = past(week, "history_boxes")
    reached = week["region_sites"]
    first = reached["valid_from"].fillna(_ALWAYS)
    last = reached["valid_to"].fillna(_FOR_GOOD)
    spans = reached[["region_id"]].astype(object).assign(first=first, last=last)
    spans = spans.groupby("region_id", as_index=False).agg({"first": "min", "last": "max"})
    if history.empty:
        return spans.iloc[:0]
    return spans[spans["first"] > history["delivery_date"].max()]
