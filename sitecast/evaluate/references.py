"""What nobody needs a model for: last week, the same week a year ago, a mean of weeks."""

import datetime as dt
from collections.abc import Sequence

import pandas as pd

from sitecast.evaluate.delivered import CELL, actual_cells
from sitecast.evaluate.measure import nothing_delivered
from sitecast.extract import Source, past_weeks, read_calendar

MEAN_WEEKS = 8
YEAR = pd.Timedelta(weeks=52)


def references(
    source: Source, as_of: dt.datetime, menu_weeks: Sequence[str]
) -> dict[str, dict[str, pd.DataFrame]]:
    """What each simple method forecasts for some weeks, knowing only what was known at as_of.

    Returns:
        menu week → method → the columns of CELL, qty. naive is the last week that had ended, and
        of which a delivery was known, at as_of; mean_8 the mean of such weeks among the last 8;
        seasonal_naive the week that began 52 weeks before, absent where nothing is known of it.
    Raises:
        DataError: no order of the past weeks was delivered by a known site.
    """
    calendar = read_calendar(source, as_of)
    weeks = past_weeks(calendar, as_of, MEAN_WEEKS)["menu_week"].tolist()
    cells = actual_cells(source, as_of, weeks) if weeks else pd.DataFrame()
    if cells.empty:
        raise nothing_delivered("the past weeks")
    # A week whose deliveries are not told yet is no week in which nothing was sold.
    known = [week for week in weeks if week in set(cells["menu_week"])]
    mean = cells.groupby(CELL, as_index=False)["qty"].sum()
    last = cells.loc[cells["menu_week"] == known[-1], [*CELL, "qty"]]
    simple = {"naive": last, "mean_8": mean.assign(qty=mean["qty"] / len(known))}
    return {
        week: {**simple, **_year_before(source, as_of, calendar, week)} for week in menu_weeks
    }  # fmt: skip


def _year_before(
    source: Source, as_of: dt.datetime, calendar: pd.DataFrame, menu_week: str
) -> dict[str, pd.DataFrame]:
    over = past_weeks(calendar, as_of, len(calendar))
    start = calendar.loc[calendar["menu_week"] == menu_week, "start_date"]
    then = over.loc[over["start_date"].isin(start - YEAR), "menu_week"].tolist()
    if not then:
        return {}
    cells = actual_cells(source, as_of, then)
    return {} if cells.empty else {"seasonal_naive": cells[[*CELL, "qty"]]}
