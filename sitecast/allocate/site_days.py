"""Site-days and their caps: where the limits of the network come from."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sitecast.errors import SettingsError
from sitecast.records.week_axes import WeekAxes
from sitecast.records.week_record import WeekData
from sitecast.settings import CapOverride

UNCAPPED = 2**60


@dataclass(frozen=True)
class SiteDays:
    """Every (site, production date) that some lane packs on; sorted by site, then date."""

    table: pd.DataFrame
    """site (position), site_id, production_date, cap_boxes (empty = no cap)."""
    of_lane: NDArray[np.int32]
    """(lanes,) row of `table`."""

    @property
    def caps(self) -> NDArray[np.int64]:
        """(site-days,) boxes; UNCAPPED where there is no cap."""
        return self.table["cap_boxes"].fillna(UNCAPPED).to_numpy(dtype=np.int64)


def site_days(week: WeekData, axes: WeekAxes, overrides: Sequence[CapOverride]) -> SiteDays:
    """The site-days of a week with the caps that hold for it.

    A cap row kept for this menu week beats one for every week; the planner's overrides beat both.
    Without any, a catch-all site has no cap and any other site does not work (cap 0).

    Raises:
        SettingsError: an override names a site that does not exist.
    """
    keys = axes.lanes[["site", "production_date"]]
    days = keys.drop_duplicates().reset_index(drop=True)
    numbered = keys.merge(days.reset_index(names="site_day"), on=["site", "production_date"])
    days["site_id"] = axes.sites.to_numpy()[days["site"]]
    days["cap_boxes"] = _caps(week, days, overrides)
    return SiteDays(days, numbered["site_day"].to_numpy(dtype=np.int32))


def _caps(week: WeekData, days: pd.DataFrame, overrides: Sequence[CapOverride]) -> pd.Series:
    place = ["site_id", "production_date"]
    rows = week["site_caps"]
    rows = rows[rows["menu_week"].isna() | (rows["menu_week"] == week.menu_week)]
    rows = rows.sort_values("menu_week", na_position="first").drop_duplicates(place, keep="last")
    limit = dict(zip(zip(rows["site_id"], rows["production_date"], strict=True),
                     rows["cap_boxes"], strict=True))  # fmt: skip
    known = dict(zip(week["sites"]["site_id"], week["sites"]["is_catch_all"], strict=True))
    for override in overrides:
        if override.site_id not in known:
            raise SettingsError(
                "a cap override names an unknown site", {"site_id": override.site_id},
                f"use one of {', '.join(sorted(known))}",
            )  # fmt: skip
        cap = pd.NA if override.cap_boxes is None else override.cap_boxes
        limit[override.site_id, pd.Timestamp(override.production_date)] = cap
    where = zip(days["site_id"], days["production_date"], strict=True)
    caps = [limit.get((site, day), pd.NA if known[site] else 0) for site, day in where]
    return pd.Series(caps, index=days.index, dtype="Int64")
