"""Past boxes and declared drivers of a week as arrays: one series per region and segment.

What belongs here: laying tables out by (series, week, day), and which of it was known for the
forecast of a past week. What does not: what a model makes of it (panel_features.py).
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sitecast.demand.past import day_of_week, latest_weeks, past
from sitecast.demand.volumes import nothing_known
from sitecast.records.plan import ForecastPlan
from sitecast.records.tables_drivers import CLOSED, DEMAND_DRIVERS
from sitecast.records.week_record import WeekData

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]
GROUP = ["region_id", "segment"]
USUAL = 0.5
"""A day on which the company had less than this part of its usual boxes was not a usual day."""
SURELY_GONE = 9.0
"""Who mostly has more boxes a week and has none was away: Poisson would do it once in 8,000."""


@dataclass(frozen=True)
class Panel:
    """Series by week and day of the week; the last week is the one to forecast."""

    groups: pd.DataFrame
    """region_id, segment of each series."""
    dates: NDArray[np.datetime64]
    """(weeks, days)"""
    boxes: Floats
    """(series, weeks, days); NaN where unknown, closed or of no meaning for usual days."""
    drivers: dict[str, Floats]
    """(series, weeks, days) of each driver but `closed`, known for every week."""
    closed: Flags
    """(series, days) of the week to forecast."""

    @property
    def lag(self) -> int:
        """Weeks between the last known week and the one to forecast."""
        known = np.flatnonzero(np.isfinite(self.boxes).any(axis=(0, 2)))
        return int(self.boxes.shape[1] - 1 - known[-1]) if len(known) else 1

    @property
    def known(self) -> Floats:
        """(series, weeks, days) boxes up to the last known week."""
        return self.boxes[:, : self.boxes.shape[1] - self.lag]


def read_panel(week: WeekData, plan: ForecastPlan) -> Panel:
    """Lay out what is known of a week.

    The panel's weeks are the seven-day steps back from the week to forecast, whatever they are
    called: one without boxes is a week of unknowns. Only days on which the week delivers count.

    Raises:
        DataError: there is no history.
    """
    weeks = latest_weeks(week, plan.settings.history_weeks)
    rows = past(week, "history_boxes")
    rows = rows[rows["menu_week"].isin(weeks)].reset_index(drop=True)
    if rows.empty:
        raise nothing_known(week)
    offsets = np.sort(day_of_week(week, week["delivery_days"]).to_numpy(np.int64))
    start = week["menu_weeks"].set_index("menu_week")["start_date"]
    first, last = start[weeks].min(), start[week.menu_week]
    count = int(np.ceil((last - first).days / 7)) + 1
    back = 7 * np.arange(count - 1, -1, -1)[:, None]
    dates = last.to_datetime64().astype("datetime64[D]") + (offsets - back).astype("m8[D]")
    groups = rows[GROUP].drop_duplicates().sort_values(GROUP, ignore_index=True).astype(object)
    layout = _Layout(groups, dates)
    boxes = layout.sums(rows[[*GROUP, "delivery_date"]], rows["boxes"])
    drivers = _drivers(week, layout)
    closed = drivers.pop(CLOSED, np.zeros(boxes.shape)) != 0
    known = _usual(boxes, closed, _explained(drivers, layout))
    known[:, -1] = np.nan
    return Panel(groups, dates, known, drivers, closed[:, -1])


def box_table(panel: Panel, mean: Floats, variance: Floats) -> pd.DataFrame:
    """A volume model's answer: see VolumeModel.boxes.

    Args:
        panel: its series, and the days of its last week.
        mean: (series, days) expected boxes; a day that is closed or without any has no row.
        variance: the same.
    """
    served = ~panel.closed & np.isfinite(mean) & (mean > 0)
    count = panel.dates.shape[1]
    made = panel.groups.loc[panel.groups.index.repeat(count)].reset_index(drop=True)
    made.insert(0, "delivery_date", np.tile(panel.dates[-1], len(panel.groups)))
    made = made.assign(mean_boxes=mean.ravel(), sd_boxes=np.sqrt(variance).ravel())[served.ravel()]
    return made.sort_values(["delivery_date", *GROUP], ignore_index=True)


@dataclass(frozen=True)
class _Layout:
    groups: pd.DataFrame
    dates: NDArray[np.datetime64]

    @property
    def shape(self) -> tuple[int, int, int]:
        return len(self.groups), *self.dates.shape

    def sums(self, keys: pd.DataFrame, values: "pd.Series[int]") -> Floats:
        """Values added up by series and day; rows elsewhere are left out."""
        series = pd.MultiIndex.from_frame(self.groups).get_indexer(
            pd.MultiIndex.from_frame(keys[GROUP].astype(object))
        )
        day = self.days(keys["delivery_date"])
        some = (series >= 0) & (day >= 0)
        flat = np.zeros((len(self.groups), self.dates.size))
        np.add.at(flat, (series[some], day[some]), values.to_numpy(np.float64)[some])
        return flat.reshape(self.shape)

    def days(self, dates: "pd.Series[pd.Timestamp]") -> Ints:
        """(rows,) place in the flattened dates, or -1."""
        wanted = dates.to_numpy().astype("datetime64[D]")
        flat = self.dates.ravel()
        place = np.minimum(np.searchsorted(flat, wanted), flat.size - 1)
        return np.where(flat[place] == wanted, place, -1)


def _drivers(week: WeekData, layout: _Layout) -> dict[str, Floats]:
    """Each driver laid out; a row without region or segment holds for all of them."""
    known = "demand_drivers" in week.tables
    rows = week["demand_drivers"] if known else DEMAND_DRIVERS.empty()
    found = {}
    for name, some in sorted(rows.groupby("driver", observed=True), key=lambda pair: str(pair[0])):
        values = np.zeros((len(layout.groups), layout.dates.size))
        for _, part in sorted(_by_reach(some), key=lambda pair: pair[0]):
            _fill(values, part, layout)
        found[str(name)] = values.reshape(layout.shape)
    return found


def _by_reach(rows: pd.DataFrame) -> list[tuple[int, pd.DataFrame]]:
    """What holds for more first, so that what is said of a part of it has the last word."""
    named = rows["region_id"].notna().astype(int) + 2 * rows["segment"].notna().astype(int)
    return [(int(reach), part) for reach, part in rows.groupby(named)]


def _fill(values: Floats, rows: pd.DataFrame, layout: _Layout) -> None:
    names = [name for name in GROUP if bool(rows[name].notna().iloc[0])]
    day = layout.days(rows["delivery_date"])
    rows, day = rows[day >= 0], day[day >= 0]
    if not names:
        values[:, day] = rows["value"].to_numpy(np.float64)
        return
    of_row = pd.MultiIndex.from_frame(rows[names].astype(object))
    keys, number = np.unique(of_row.to_numpy(), return_inverse=True)
    table = np.full((len(keys), values.shape[1]), np.nan)
    table[number, day] = rows["value"].to_numpy(np.float64)
    mine = pd.Index(keys).get_indexer(pd.MultiIndex.from_frame(layout.groups[names]).to_numpy())
    told = np.where((mine >= 0)[:, None], table[mine], np.nan)
    np.copyto(values, told, where=np.isfinite(told))


def _explained(drivers: dict[str, Floats], layout: _Layout) -> Flags:
    """(weeks, days) on which some driver is not what it mostly is on that day of the week."""
    found = np.zeros(layout.dates.shape, dtype=bool)
    for values in drivers.values():
        mean = values.mean(axis=0)
        found |= np.abs(mean - np.median(mean, axis=0)) > 1e-9
    return found


def _usual(boxes: Floats, closed: Flags, explained: Flags) -> Floats:
    """Boxes with NaN on closed days, and where nearly nobody or a whole series was not served.

    A low day that drivers explain stays: it teaches what they do. A series counts from its first
    box on: before, it was not there.
    """
    company = np.where(closed, 0.0, boxes).sum(axis=0)
    usual = np.array([np.median(day[day > 0]) if (day > 0).any() else 0.0 for day in company.T])
    seen = (company > 0) & ((company >= USUAL * usual) | explained) & ~closed
    total = boxes.sum(axis=2)
    typical = np.array([np.median(row[row > 0]) if (row > 0).any() else 0.0 for row in total])
    gone = (total == 0) & (typical > SURELY_GONE)[:, None]
    before = np.cumsum(total, axis=1) == 0
    return np.where(seen & ~(gone | before)[:, :, None], boxes, np.nan)
