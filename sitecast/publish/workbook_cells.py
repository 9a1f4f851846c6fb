"""What may stand in a cell or name a sheet: text, dates and numbers as a spreadsheet takes them."""

import re
from collections.abc import Iterable
from typing import Any

import pandas as pd

LONGEST_TEXT = 32_767  # of a cell, in UTF-16 units, as Excel counts
LONGEST_NAME = 31
_DAY_0 = pd.Timestamp("1899-12-30")  # dates are days since; right from March 1900 on
_NOT_IN_XML = re.compile("[^\t\n\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_NOT_IN_NAMES = re.compile(r"[\[\]:*?/\\\t\n\ufffd]")


def cell_text(text: str) -> str:
    """A text without characters that XML forbids, cut where Excel would call the file damaged."""
    return _cut(_NOT_IN_XML.sub("\ufffd", text), LONGEST_TEXT)


def serial_days(days: pd.Series) -> pd.Series:
    """Dates as a spreadsheet counts them."""
    return (days - _DAY_0).dt.days


def sheet_names(wanted: Iterable[str], taken: Iterable[str] = ()) -> list[str]:
    r"""Names that Excel accepts: 31 characters at most, none of []:*?/\, unique in any case.

    Example:
        >>> sheet_names(["North/East", "north east", "Read me"], taken=["Read me"])
        ['North East', 'north east (2)', 'Read me (2)']
    """
    used = {name.casefold() for name in [*taken, "History"]}  # History is Excel's own
    names = []
    for text in wanted:
        base = " ".join(_NOT_IN_NAMES.sub(" ", cell_text(text)).split()).strip("' ") or "Site"
        name, number = _cut(base, LONGEST_NAME).strip("' "), 1
        while name.casefold() in used:
            number += 1
            suffix = f" ({number})"
            name = _cut(base, LONGEST_NAME - len(suffix)).strip("' ") + suffix
        used.add(name.casefold())
        names.append(name)
    return names


def _cut(text: str, most: int) -> str:
    """The text's first UTF-16 units, never half a character."""
    units = text.encode("utf-16-le")
    return text if len(units) <= 2 * most else units[: 2 * most].decode("utf-16-le", "ignore")


def widest(values: Iterable[Any]) -> int:
    """The most characters of any value; 0 without values."""
    return max((len(str(value)) for value in values), default=0)
