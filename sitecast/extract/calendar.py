"""The calendar of menu weeks, and what a week's dates are."""

import datetime as dt
import difflib
from dataclasses import dataclass

import pandas as pd

from sitecast.errors import Breach, DataError
from sitecast.extract.checks_calendar import calendar_breaches
from sitecast.extract.reader import TableReader
from sitecast.extract.source import Source


@dataclass(frozen=True)
class WeekDates:
    """First and last delivery date of a menu week."""

    menu_week: str
    start: pd.Timestamp
    end: pd.Timestamp


def read_calendar(source: Source, as_of: dt.datetime) -> pd.DataFrame:
    """The table menu_weeks as known at as_of, checked, in the order of dates.

    Raises:
        DataError: a row is wrong, or weeks overlap; lists every breach.
    """
    reader = TableReader(source, as_of)
    calendar = reader.table("menu_weeks")
    if not reader.broken:
        reader.tell(calendar_breaches(calendar))
    if reader.breaches:
        raise DataError(
            "the calendar of menu weeks is wrong", {"source": source.name},
            "correct menu_weeks", reader.breaches,
        )  # fmt: skip
    return calendar.sort_values("start_date").reset_index(drop=True)


def week_dates(calendar: pd.DataFrame, menu_week: str, source: Source) -> WeekDates:
    """The dates of one week.

    Raises:
        DataError: the calendar does not have the week; names the nearest one that it has.
    """
    rows = calendar[(calendar["menu_week"] == menu_week).fillna(False)]
    rows = rows.dropna(subset=["start_date", "end_date"])
    if rows.empty:
        known = calendar["menu_week"].dropna().tolist()
        near = difflib.get_close_matches(menu_week, known, n=1, cutoff=0.0)
        remedy = "add it to menu_weeks" + (f"; the nearest week there is {near[0]}" if near else "")
        breach = Breach("menu_weeks", "menu_week", "", menu_week, "week without dates", remedy)
        raise DataError(
            "the calendar does not have this week",
            {"menu_week": menu_week, "source": source.name},
            remedy,
            [breach],
        )
    first = rows.iloc[0]
    return WeekDates(menu_week, first["start_date"], first["end_date"])


def past_weeks(calendar: pd.DataFrame, as_of: dt.datetime, most: int) -> pd.DataFrame:
    """The latest weeks (at most `most`) that had ended before as_of, oldest first."""
    known = calendar.dropna(subset=["menu_week", "start_date", "end_date"])
    today = pd.Timestamp(as_of).tz_localize(None).normalize()
    return known[known["end_date"] < today].sort_values("start_date").tail(most)


def moment_before(start: pd.Timestamp, lead_days: int) -> dt.datetime:
    """Midnight (UTC) so many days before a week's first date: as_of of a past plan.

    Example:
        >>> moment_before(pd.Timestamp("2026-11-28"), 8).isoformat()
        '2026-11-20T00:00:00+00:00'
    """
    return (start.tz_localize("UTC") - pd.Timedelta(days=lead_days)).to_pydatetime()
