"""The snapshot of one menu week: every table it needs, checked, as known at the plan's as_of."""

from collections.abc import Sequence

from sitecast.errors import DataError
from sitecast.extract.calendar import past_weeks, week_dates
from sitecast.extract.cross_checks import cross_breaches
from sitecast.extract.history import history_tables
from sitecast.extract.reader import TableReader
from sitecast.extract.source import Source
from sitecast.extract.week_tables import read_week_tables
from sitecast.records.plan import ForecastPlan
from sitecast.records.tables_history import TABLES_HISTORY
from sitecast.records.tables_read import TABLES_READ
from sitecast.records.week_record import Provenance, WeekData

_GOLDEN = 0.618  # multiples of it spread evenly, however many there are


def extract_week(source: Source, plan: ForecastPlan, menu_week: str) -> WeekData:
    """Read one week.

    Args:
        source: where the tables lie.
        plan: its as_of decides what was known, its settings what must be there.
        menu_week: the week; rows of other weeks are neither read into it nor held against it.
    Returns:
        Every table of the contract but usage_actuals (optional ones that are absent have no
        rows), and the tables of records/tables_history.py for the past weeks. Sorted by key.
    Raises:
        DataError: something is wrong; lists every breach (R12).
        SourceUnavailable: the source does not answer, or somebody changes it at this moment.
    """
    try:
        return _extracted(source, plan, menu_week)
    finally:  # also where it breaks the contract: half a file looks like a wrong one
        source.require_unchanged()


def _extracted(source: Source, plan: ForecastPlan, menu_week: str) -> WeekData:
    reader = TableReader(source, plan.as_of)
    calendar = reader.known("menu_weeks")
    if "menu_weeks" in reader.broken:
        raise _refused(reader, menu_week)
    dates = week_dates(calendar.frame, menu_week, source)
    past = past_weeks(calendar.frame, plan.as_of, plan.settings.history_weeks)
    weeks = _turned(past["menu_week"].tolist(), plan.menu_weeks, menu_week)
    history = history_tables(source, plan.as_of, weeks)
    week = read_week_tables(reader, dates, calendar, history)
    reader.tell(cross_breaches(week, plan.settings, reader.broken))
    if reader.breaches:
        raise _refused(reader, menu_week)
    tables = {name: TABLES_READ[name].shaped(frame) for name, frame in week.tables.items()}
    tables |= {name: TABLES_HISTORY[name].shaped(frame) for name, frame in history.items()}
    return WeekData(_provenance(plan, menu_week), tables)


def _turned(past: list[str], planned: Sequence[str], menu_week: str) -> list[str]:
    """Past weeks, beginning elsewhere for each week of the plan; the order changes no number.

    Weeks that run side by side then find noted what the others have counted.
    """
    place = planned.index(menu_week) if menu_week in planned else 0
    start = int(place * _GOLDEN % 1 * len(past))
    return past[start:] + past[:start]


def _provenance(plan: ForecastPlan, menu_week: str) -> Provenance:
    return Provenance(
        plan.plan_id, menu_week, plan.as_of.isoformat(), plan.seed, plan.code_version, {}
    )


def _refused(reader: TableReader, menu_week: str) -> DataError:
    many = len(reader.breaches)
    return DataError(
        f"the week's input breaks the data contract in {many} place{'s' * (many != 1)}",
        {"menu_week": menu_week}, "correct the input and run the week again", reader.breaches,
    )  # fmt: skip
