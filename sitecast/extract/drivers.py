"""Drivers of demand: of the week, checked, and of the weeks before it, as far as they are sound."""

import pandas as pd

from sitecast.extract.calendar import WeekDates
from sitecast.extract.reader import Known, TableReader, rows_of


def read_drivers(
    reader: TableReader, dates: WeekDates, calendar: Known, history: pd.DataFrame
) -> pd.DataFrame:
    """Drivers from the first week of the history to the week itself.

    A bad row of a past week is left out, as in the history: it must not stop this week.
    """
    weeks = calendar.sound
    starts = weeks.set_index("menu_week")["start_date"]
    first = starts[starts.index.isin(history["menu_week"].unique())].min()
    between = (weeks["start_date"] >= first) & (weeks["start_date"] < dates.start)
    past = weeks.loc[between, "menu_week"].tolist()
    known = reader.known("demand_drivers", [*past, dates.menu_week])
    mine = (known.frame["menu_week"] == dates.menu_week).fillna(False).astype(bool)
    checked = reader.check(known, rows_of(known.frame, mine))
    sound = known.sound
    before = rows_of(sound, sound["menu_week"].isin(past).fillna(False).astype(bool))
    before = before.dropna(subset=["menu_week", "delivery_date", "driver", "value"])
    before = before.drop_duplicates(list(known.contract.key))
    joined = pd.concat([before, checked], ignore_index=True) if len(before) else checked
    return joined.sort_values(list(known.contract.key), kind="stable", ignore_index=True)
