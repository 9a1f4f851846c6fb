"""The history tables of a week, with the dates of their weeks."""

import pandas as pd

from sitecast.records.tables_history import TABLES_HISTORY
from sitecast.records.week_record import WeekData


def past(week: WeekData, table: str) -> pd.DataFrame:
    """A history table; without rows when the week was extracted without history."""
    return week.tables[table] if table in week.tables else TABLES_HISTORY[table].empty()


def latest_weeks(week: WeekData, most: int, table: str = "history_boxes") -> list[str]:
    """The last past weeks with a row in a history table, oldest first."""
    known = week["menu_weeks"].sort_values("start_date")["menu_week"]
    sold = set(past(week, table)["menu_week"])
    return [key for key in known if key in sold][-most:]


def day_of_week(week: WeekData, frame: pd.DataFrame) -> "pd.Series[int]":
    """Days between the start of a row's menu week and its delivery date."""
    starts = week["menu_weeks"].set_index("menu_week")["start_date"]
    return (frame["delivery_date"] - frame["menu_week"].map(starts)).dt.days
