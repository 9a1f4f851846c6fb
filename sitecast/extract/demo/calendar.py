"""The demo company's weeks: Saturday to Friday, named after the ISO week of their Saturday."""

import datetime as dt
from dataclasses import dataclass

import pandas as pd

AS_OF = dt.datetime(2026, 11, 20, 6, tzinfo=dt.UTC)
FIRST_PLANNED = dt.date(2026, 11, 28)
HISTORY_WEEKS = 8
FUTURE_WEEKS = 13
MENU_OPENS_BEFORE = dt.timedelta(days=35)
CUTOFF_BEFORE = dt.timedelta(days=2, hours=13)
BOOKED = (0.97, 0.70, 0.35, 0.12, 0.03)
"""Share of a week's orders that is already placed: the week now being packed, then the next."""


@dataclass(frozen=True)
class DemoWeek:
    """One menu week."""

    key: str
    start: dt.date
    booked: float
    """Share of its orders placed by AS_OF; 1 for the history."""
    volume: float
    """Boxes relative to an ordinary week."""
    planned: bool
    """It lies after the week that is being packed at AS_OF."""

    @property
    def opens_at(self) -> pd.Timestamp:
        """When customers may order."""
        return pd.Timestamp(self.start - MENU_OPENS_BEFORE, tz="UTC") + pd.Timedelta(hours=9)


def demo_weeks() -> tuple[DemoWeek, ...]:
    """History, the week being packed, and the future, in order."""
    return tuple(_week(number) for number in range(-HISTORY_WEEKS - 1, FUTURE_WEEKS))


def delivery_dates(week: DemoWeek, n_days: int) -> list[dt.date]:
    """The week's delivery dates."""
    return [week.start + dt.timedelta(days=day) for day in range(n_days)]


def menu_weeks_table(weeks: tuple[DemoWeek, ...]) -> pd.DataFrame:
    """The table menu_weeks."""
    return pd.DataFrame({
        "menu_week": [week.key for week in weeks],
        "start_date": [week.start for week in weeks],
        "end_date": [week.start + dt.timedelta(days=6) for week in weeks],
        "menu_opens_at": [week.opens_at for week in weeks],
    })  # fmt: skip


def delivery_days_table(weeks: tuple[DemoWeek, ...], weights: tuple[float, ...]) -> pd.DataFrame:
    """The table delivery_days."""
    table = pd.DataFrame(
        [
            (week.key, date, weight)
            for week in weeks
            for date, weight in zip(delivery_dates(week, len(weights)), weights, strict=True)
        ],
        columns=["menu_week", "delivery_date", "weight"],
    )
    midnight = pd.to_datetime(table["delivery_date"]).dt.tz_localize("UTC")
    return table.assign(cutoff_at=midnight - CUTOFF_BEFORE)


def _week(number: int) -> DemoWeek:
    start = FIRST_PLANNED + dt.timedelta(weeks=number)
    year, week, _ = start.isocalendar()
    ahead = number + 1
    booked = 1.0 if ahead < 0 else BOOKED[ahead] if ahead < len(BOOKED) else 0.0
    return DemoWeek(f"{year}-W{week:02d}", start, booked, _volume(start, number), number >= 0)


def _volume(start: dt.date, number: int) -> float:
    """Slow growth, a dip after Christmas, and the January rush."""
    growth = 1.0 + 0.004 * number
    if (start.month, start.day) >= (12, 22):
        return growth * 0.78
    return growth * (1.08 if start.month == 1 else 1.0)
