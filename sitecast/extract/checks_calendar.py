"""Rules of the calendar: weeks that do not overlap, delivery days inside their one week."""

from collections.abc import Iterator

import pandas as pd

from sitecast.errors import Breach
from sitecast.weeks import is_menu_week


def calendar_breaches(calendar: pd.DataFrame, menu_week: str | None = None) -> Iterator[Breach]:
    """Weeks with a malformed key, that end before they start, or that overlap.

    Args:
        calendar: every known row of menu_weeks.
        menu_week: tell only what concerns this week; all weeks when None.
    """
    known = calendar.dropna(subset=["menu_week", "start_date", "end_date"])
    known = known.sort_values("start_date")
    rows = list(known[["menu_week", "start_date", "end_date"]].itertuples(index=False, name=None))
    for key, start, end in rows:
        if menu_week not in (None, key):
            continue
        if not is_menu_week(key):
            yield _breach(key, "menu_week", key, "must look like 2026-W48", "write the key like it")
        if end < start:
            yield _breach(key, "end_date", _day(end), "ends before it starts", "correct the dates")
        for other, other_start, other_end in rows:
            if other != key and start <= other_end and other_start <= end:
                yield _breach(key, "start_date", _day(start), f"overlaps with {other}",
                              "give each date to one week")  # fmt: skip


def delivery_day_breaches(
    days: pd.DataFrame, all_days: pd.DataFrame, menu_week: str, start: pd.Timestamp,
    end: pd.Timestamp,
) -> Iterator[Breach]:  # fmt: skip
    """No delivery day at all, a day outside the week, a day that two weeks claim."""
    if days.empty:
        yield Breach("delivery_days", "menu_week", "", menu_week, "the week has no delivery day",
                     "add the week's delivery days")  # fmt: skip
    shared = all_days[(all_days["menu_week"] != menu_week).fillna(False)]
    others = dict(zip(shared["delivery_date"], shared["menu_week"], strict=True))
    for date in days["delivery_date"].dropna():
        key = f"delivery_date={_day(date)}"
        if not start <= date <= end:
            rule = f"lies outside {menu_week} ({_day(start)} to {_day(end)})"
            yield Breach("delivery_days", "delivery_date", key, _day(date), rule,
                         "correct the date or the calendar")  # fmt: skip
        if date in others:
            yield Breach(
                "delivery_days",
                "delivery_date",
                key,
                _day(date),
                f"belongs to {others[date]} too",
                "give each date to one week",
            )


def _breach(menu_week: str, column: str, value: str, rule: str, remedy: str) -> Breach:
    return Breach("menu_weeks", column, f"menu_week={menu_week}", value, rule, remedy)


def _day(date: pd.Timestamp) -> str:
    return date.date().isoformat()
