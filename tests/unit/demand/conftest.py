from collections.abc import Callable

import pandas as pd
import pytest
from worlds import WEEK, small_week

from sitecast.records.contract import DTYPES
from sitecast.records.tables_history import HISTORY_BOXES, HISTORY_ITEMS, HISTORY_MENU
from sitecast.records.tables_read import TABLES_READ
from sitecast.records.week_record import WeekData

PAST = ("2026-W46", "2026-W47")
STARTS = {"2026-W46": "2026-11-14", "2026-W47": "2026-11-21", WEEK: "2026-11-28"}
Rows = list[tuple[object, ...]]


def box_rows(week: str, offset: int, region: str, segment: str, boxes: int, kits: int = 2,
             portions: int = 2) -> tuple[object, ...]:  # fmt: skip
    date = pd.Timestamp(STARTS[week]) + pd.Timedelta(days=offset)
    return (week, date, region, segment, portions, kits, boxes, 0)


@pytest.fixture(scope="session")
def week_with_history() -> Callable[..., WeekData]:
    """The small week without box_forecast, with a history given row by row."""

    def make(
        boxes: Rows = (), items: Rows = (), past_menu: Rows = (), **tables: pd.DataFrame
    ) -> WeekData:
        calendar = pd.DataFrame({"menu_week": list(STARTS), "start_date": list(STARTS.values())})
        calendar["end_date"] = pd.to_datetime(calendar["start_date"]) + pd.Timedelta(days=6)
        empty = {"box_forecast": TABLES_READ["box_forecast"].empty()}
        week = small_week(menu_weeks=calendar.astype({"start_date": DTYPES["day"]}),
                          **{**empty, **tables})  # fmt: skip
        history = {
            contract.name: contract.shaped(pd.DataFrame(rows, columns=names(contract)))
            for contract, rows in ((HISTORY_BOXES, list(boxes)), (HISTORY_ITEMS, list(items)),
                                   (HISTORY_MENU, [(*row, pd.NA, 0, 0.0) for row in past_menu]))
        }  # fmt: skip
        return WeekData(week.provenance, {**week.tables, **history})

    return make


def names(contract):
    return [column.name for column in contract.columns]
