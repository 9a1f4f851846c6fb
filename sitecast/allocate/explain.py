"""Why a box has no site, and why a floor is missed: the limits in words."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sitecast.allocate.limits import UNCAPPED
from sitecast.allocate.site_days import SiteDays
from sitecast.records.tables_written import FLOOR_REASONS
from sitecast.records.week_axes import WeekAxes


def binding_limits(
    day: NDArray[np.int64], region: NDArray[np.int64], reached: NDArray[np.bool_],
    node: NDArray[np.int32], axes: WeekAxes, days: SiteDays,
) -> tuple[NDArray[np.int64], pd.DataFrame, NDArray[np.bool_]]:  # fmt: skip
    """What keeps boxes of each class out; classes of one place with the same site-days share it.

    Args:
        day: (classes,) position.
        region: (classes,) position.
        reached: (classes, sites) whether the site delivers there.
        node: (classes, sites) site-day that may pack the class, -1 where none.
        axes: names of days, regions and sites.
        days: names and caps of site-days and site-weeks.
    Returns:
        (classes,) the row of the limits; the limits (day, region, reason, binding); and
        (limits, site-days) the site-days whose caps bind.
    """
    frame = pd.DataFrame({"day": day, "region": region})
    for site, used in enumerate(node.T):
        frame[f"site {site}"] = used
    limit = frame.groupby(list(frame.columns), sort=True).ngroup().to_numpy(dtype=np.int64)
    first = np.unique(limit, return_index=True)[1]
    at = np.zeros((len(first), len(days.table)), dtype=bool)
    used = np.nonzero(node[first] >= 0)
    at[used[0], node[first][used]] = True
    full = _names(days)
    closed = days.table["stays_closed"].to_numpy(dtype=bool)
    words = [
        ("site_stays_closed" if closed[at[i]].all() else "cap_binds",
         "; ".join(full[site_day] for site_day in np.flatnonzero(at[i])))
        if at[i].any() else _ineligible(axes, day[c], region[c], reached[c])
        for i, c in enumerate(first)
    ]  # fmt: skip
    limits = frame.iloc[first][["day", "region"]].reset_index(drop=True)
    return limit, limits.assign(reason=[w[0] for w in words], binding=[w[1] for w in words]), at


def floor_reason(
    load: NDArray[np.int64], offered: NDArray[np.int64], floor: int, week_full: NDArray[np.bool_]
) -> str:
    """Why a floor is missed in some draws; empty when it never is.

    Args:
        load: (draws,) boxes.
        offered: (draws,) boxes that could have been packed there.
        floor: boxes.
        week_full: (draws,) whether the site's week is at its cap.
    """
    none, too_few, week_cap, costs = FLOOR_REASONS
    missed = load < floor
    if not missed.any():
        return none
    if (offered[missed] < floor).all():
        return too_few
    return week_cap if (week_full | (offered < floor))[missed].all() else costs


def _names(days: SiteDays) -> list[str]:
    """Each site-day with its cap, and with its week's where there is one."""
    weeks = days.weeks["cap_boxes"].tolist()
    week_words = [
        f", cap {weeks[at]} in the week" if at >= 0 and not pd.isna(weeks[at]) else ""
        for at in days.week_of
    ]
    caps = ["no cap" if cap == UNCAPPED else f"cap {cap}" for cap in days.caps]
    closed, dates, sites = (days.table[name] for name in
                            ("stays_closed", "production_date", "site_id"))  # fmt: skip
    words = ["stays closed this week" if shut else cap + week
             for shut, cap, week in zip(closed, caps, week_words, strict=True)]  # fmt: skip
    return [f"{date:%Y-%m-%d} at {site} ({word})"
            for date, site, word in zip(dates, sites, words, strict=True)]  # fmt: skip


def _ineligible(
    axes: WeekAxes, day: int, region: int, reached: NDArray[np.bool_]
) -> tuple[str, str]:
    if reached.any():
        sites = ", ".join(axes.sites[reached])
        return "no_site_makes_all_items", f"no site makes every item; the region is for {sites}"
    where = f"{axes.regions[region]} on {axes.days[day]:%Y-%m-%d}"
    return "no_site_reaches_region", f"no site reaches {where}"
