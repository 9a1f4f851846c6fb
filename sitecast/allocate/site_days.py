"""Site-days and site-weeks, their caps and floors: where the limits of the network come from."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sitecast.allocate.limits import UNCAPPED, Limits, nested_limits
from sitecast.errors import SettingsError
from sitecast.records.week_axes import WeekAxes
from sitecast.records.week_record import WeekData
from sitecast.settings import CapOverride

__all__ = ["UNCAPPED", "SiteDays", "site_days"]


@dataclass(frozen=True)
class SiteDays:
    """Every (site, production date) that some lane packs on; sorted by site, then date."""

    table: pd.DataFrame
    """site (position), site_id, production_date, cap_boxes (empty = no cap), floor_boxes,
    stays_closed (not worth opening in the week)."""
    of_lane: NDArray[np.int32]
    """(lanes,) row of `table`."""
    weeks: pd.DataFrame
    """Sites with a limit for the whole week: site (position), site_id, cap_boxes, floor_boxes."""

    @cached_property
    def caps(self) -> NDArray[np.int64]:
        """(site-days,) boxes; UNCAPPED where there is no cap."""
        return _boxes(self.table["cap_boxes"])

    @property
    def week_of(self) -> NDArray[np.int64]:
        """(site-days,) row of `weeks`, -1 where the site has none."""
        return pd.Index(self.weeks["site"]).get_indexer(self.table["site"]).astype(np.int64)

    def load(self, boxes: NDArray[np.int32]) -> NDArray[np.int64]:
        """(…, site-days) boxes, from (…, lanes) boxes."""
        found = np.zeros((*boxes.shape[:-1], len(self.table)), dtype=np.int64)
        for lane, site_day in enumerate(self.of_lane):
            found[..., site_day] += boxes[..., lane]
        return found

    @property
    def node_site(self) -> NDArray[np.int64]:
        """(nodes of the limits,) position of the site, -1 for SHORT and the sink."""
        days, weeks = (of["site"].to_numpy(dtype=np.int64) for of in (self.table, self.weeks))
        return np.concatenate([days, [-1], weeks, [-1]])

    def without(self, sites: NDArray[np.int64]) -> "SiteDays":
        """The same where (positions of) sites stay closed for the week: no cap, no floor."""
        table, weeks = (_closed(of, of["site"].isin(sites)) for of in (self.table, self.weeks))
        closed = table["stays_closed"] | table["site"].isin(sites)
        return replace(self, table=table.assign(stays_closed=closed), weeks=weeks)

    def limits(self, floor_cost: int) -> Limits:
        """Caps and floors as a tree, the site-days first."""
        weeks = self.weeks
        return nested_limits(
            self.caps, _boxes(self.table["floor_boxes"]), self.week_of,
            _boxes(weeks["cap_boxes"]), _boxes(weeks["floor_boxes"]), floor_cost,
        )  # fmt: skip


def site_days(week: WeekData, axes: WeekAxes, overrides: Sequence[CapOverride]) -> SiteDays:
    """The site-days of a week with the caps that hold for it.

    A cap row kept for this menu week beats one for every week; the planner's overrides beat both.
    Without any, a catch-all site has no cap and any other site does not work (cap 0). A floor
    above its cap counts as the cap.

    Raises:
        SettingsError: an override names a site that does not exist.
    """
    keys = axes.lanes[["site", "production_date"]]
    days = keys.drop_duplicates().reset_index(drop=True)
    numbered = keys.merge(days.reset_index(names="site_day"), on=["site", "production_date"])
    days["site_id"] = axes.sites.to_numpy()[days["site"]]
    _require_known(week, overrides)
    days["cap_boxes"], days["floor_boxes"] = _limits(week, days, overrides)
    days["stays_closed"] = False
    return SiteDays(days, numbered["site_day"].to_numpy(dtype=np.int32),
                    _weeks(week, axes, days, overrides))  # fmt: skip


def _limits(
    week: WeekData, days: pd.DataFrame, overrides: Sequence[CapOverride]
) -> tuple[pd.Series, pd.Series]:
    place = ["site_id", "production_date"]
    rows = week["site_caps"]
    rows = rows[rows["menu_week"].isna() | (rows["menu_week"] == week.menu_week)]
    rows = rows.sort_values("menu_week", na_position="first").drop_duplicates(place, keep="last")
    keys = list(zip(rows["site_id"], rows["production_date"], strict=True))
    limit = dict(zip(keys, rows["cap_boxes"], strict=True))
    floor = dict(zip(keys, rows["floor_boxes"], strict=True))
    known = dict(zip(week["sites"]["site_id"], week["sites"]["is_catch_all"], strict=True))
    for override in overrides:
        if override.production_date is not None:
            limit[override.site_id, pd.Timestamp(override.production_date)] = _cap(override)
    where = list(zip(days["site_id"], days["production_date"], strict=True))
    caps = [limit.get((site, day), pd.NA if known[site] else 0) for site, day in where]
    most = pd.Series(caps, index=days.index, dtype="Int64")
    least = pd.Series([floor.get(at, 0) for at in where], index=days.index, dtype="Int64")
    return most, least.where(most.isna() | (least <= most), most).astype("int64")


def _weeks(
    week: WeekData, axes: WeekAxes, days: pd.DataFrame, overrides: Sequence[CapOverride]
) -> pd.DataFrame:
    rows = week["site_week_caps"]
    rows = rows[rows["menu_week"] == week.menu_week]
    corrected = pd.DataFrame(
        [(o.site_id, _cap(o), 0) for o in overrides if o.menu_week == week.menu_week],
        columns=["site_id", "cap_boxes", "floor_boxes"],
    )
    rows = pd.concat([rows, corrected.astype(rows[[*corrected]].dtypes)])
    both = rows.groupby("site_id", sort=False)
    floor = both["floor_boxes"].max()  # the override has none
    rows = rows.drop_duplicates("site_id", keep="last").set_index("site_id")
    most, least = rows["cap_boxes"], floor.reindex(rows.index)
    rows = rows.assign(floor_boxes=least.where(most.isna() | (least <= most), most)).reset_index()
    rows = rows.assign(site=axes.sites.get_indexer(rows["site_id"].astype(object)))
    used = rows[rows["site"].isin(days["site"])].sort_values("site")
    return used[["site", "site_id", "cap_boxes", "floor_boxes"]].reset_index(drop=True)


def _require_known(week: WeekData, overrides: Sequence[CapOverride]) -> None:
    known = set(week["sites"]["site_id"])
    for override in overrides:
        if override.site_id not in known:
            raise SettingsError(
                "a cap override names an unknown site", {"site_id": override.site_id},
                f"use one of {', '.join(sorted(known))}",
            )  # fmt: skip


def _cap(override: CapOverride) -> Any:
    return pd.NA if override.cap_boxes is None else override.cap_boxes


def _closed(limits: pd.DataFrame, here: pd.Series) -> pd.DataFrame:
    caps, floors = (limits[name].mask(here, 0) for name in ("cap_boxes", "floor_boxes"))
    return limits.assign(cap_boxes=caps, floor_boxes=floors)


def _boxes(column: pd.Series) -> NDArray[np.int64]:
    return column.fillna(UNCAPPED).to_numpy(dtype=np.int64)
