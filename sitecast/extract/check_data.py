"""All breaches of a source, in whole tables and in each week: what `sitecast check-data` lists."""

import datetime as dt
from collections.abc import Iterator, Sequence

import pandas as pd

from sitecast.errors import Breach, DataError
from sitecast.extract.checks_calendar import calendar_breaches
from sitecast.extract.extract_week import extract_week
from sitecast.extract.implausible import implausible
from sitecast.extract.reader import TableReader, unreadable
from sitecast.extract.source import Source
from sitecast.extract.told import told_once
from sitecast.records.plan import ForecastPlan
from sitecast.records.tables_read import TABLES_READ
from sitecast.settings import PlanSettings


def check_data(
    source: Source, settings: PlanSettings, as_of: dt.datetime, menu_weeks: Sequence[str]
) -> list[Breach]:
    """Everything wrong with a source, each breach once; what only looks wrong is a warning.

    Args:
        source: where the tables lie.
        settings: the plan's settings; a plan that names unknown ids is a breach too.
        as_of: knowledge time.
        menu_weeks: weeks to check as extract_week would; tables are checked whole besides.
    """
    found = _whole_tables(source, as_of)
    plan = ForecastPlan("check-data", as_of, tuple(menu_weeks), "", settings, {})
    for menu_week in menu_weeks:
        try:
            found += implausible(extract_week(source, plan, menu_week))
        except DataError as error:
            found += error.breaches or (unreadable(error),)
    return list(dict.fromkeys(found))


def _whole_tables(source: Source, as_of: dt.datetime) -> list[Breach]:
    reader = TableReader(source, as_of)
    weeks: pd.Index | None = None
    for table in TABLES_READ:
        known = reader.known(table)
        frame = reader.check(known, known.frame)
        if table == "menu_weeks" and table not in reader.broken:
            weeks = pd.Index(frame["menu_week"].dropna())
            reader.tell(calendar_breaches(frame))
        elif weeks is not None and "menu_week" in frame:
            reader.tell(_unknown_weeks(table, frame, weeks))
    return reader.breaches


def _unknown_weeks(table: str, frame: pd.DataFrame, weeks: pd.Index) -> Iterator[Breach]:
    unknown = frame["menu_week"].notna() & ~frame["menu_week"].isin(weeks)
    return told_once(table, frame, unknown, "menu_week", "week not in the calendar",
                     "correct it, or add the week to menu_weeks")  # fmt: skip
