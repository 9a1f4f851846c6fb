"""Quantities as whole numbers of 2^-20 base_uom, so that sums are exact in any order (R11)."""

from collections.abc import Mapping
from typing import TypeAlias

import numpy as np
import pandas as pd

from sitecast.records.tables_changes import FORECAST_CHANGES

KEY = ["site_id", "need_date", "sku_id"]
UNITS = 2**20
"""Units in one base_uom: a millionth of a gram or a piece. A float holds 2^53 of them exactly."""
Need: TypeAlias = "pd.Series[int]"
"""int64 units by site_id, need_date and sku_id."""


def in_units(forecast: pd.DataFrame) -> Need:
    """Mean quantities of a site_forecast, rounded to whole units."""
    units = np.rint(forecast["qty_mean"].to_numpy(np.float64) * UNITS).astype(np.int64)
    return pd.Series(units, pd.MultiIndex.from_frame(forecast[KEY]))


def difference(now: Need, before: Need) -> Need:
    """What `now` has more; a cell that one of them lacks is 0 there."""
    index = now.index.union(before.index)
    return now.reindex(index, fill_value=0) - before.reindex(index, fill_value=0)


def changes_table(
    parts: Mapping[str, Need], plan_from: str, plan_to: str, menu_week: str
) -> pd.DataFrame:
    """The table forecast_changes, from the units that each cause changes."""
    rows = [
        part[part != 0].rename("units").rename_axis(KEY).reset_index().assign(cause=cause)
        for cause, part in parts.items()
    ]
    if not rows:
        return FORECAST_CHANGES.empty()
    frame = pd.concat(rows, ignore_index=True)
    frame = frame.assign(
        delta=frame["units"] / UNITS, plan_from=plan_from, plan_to=plan_to, menu_week=menu_week
    )
    frame = FORECAST_CHANGES.shaped(frame)
    return frame.sort_values(list(FORECAST_CHANGES.key), ignore_index=True)
