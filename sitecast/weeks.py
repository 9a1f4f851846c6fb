"""Menu weeks: the key's form, and nothing about dates (those come from the calendar table)."""

import difflib
import re
from collections.abc import Iterable

from sitecast.errors import SettingsError

_MENU_WEEK = re.compile(r"[0-9]{4}-W(0[1-9]|[1-4][0-9]|5[0-3])")


def is_menu_week(key: str) -> bool:
    """Whether `key` has the form of a menu week, such as 2026-W48."""
    return _MENU_WEEK.fullmatch(key) is not None


def checked_menu_week(key: str, known: Iterable[str] = ()) -> str:
    """Return `key` when it is a well-formed menu week (and one of `known`, where given).

    Raises:
        SettingsError: naming the nearest valid key.
    """
    calendar = sorted(known)
    if is_menu_week(key) and (not calendar or key in calendar):
        return key
    near = difflib.get_close_matches(key, calendar, n=1, cutoff=0.0)
    hint = f"the nearest known week is {near[0]}" if near else "write it like 2026-W48"
    raise SettingsError("not a known menu week", {"menu_week": key}, hint)
