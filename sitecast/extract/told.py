"""Turning rows that break a rule into breaches."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from sitecast.errors import Breach
from sitecast.records.contract import key_text, value_text
from sitecast.records.tables_read import TABLES_READ

MAX_PER_RULE = 1_000


def told(
    table: str, frame: pd.DataFrame, broken: "pd.Series[bool]", column: str, rule: str, remedy: str
) -> Iterator[Breach]:
    """A breach for each row where `broken` holds."""
    rows = np.flatnonzero(broken.fillna(False).to_numpy(dtype=bool))
    contract = TABLES_READ[table]
    for row in rows[:MAX_PER_RULE].tolist():
        key, value = key_text(contract, frame, row), value_text(frame[column].iloc[row])
        yield Breach(table, column, key, value, rule, remedy)
    if len(rows) > MAX_PER_RULE:
        yield Breach(table, column, "", "", f"{len(rows) - MAX_PER_RULE} more rows: {rule}", remedy)


def told_once(
    table: str, frame: pd.DataFrame, broken: "pd.Series[bool]", column: str, rule: str, remedy: str
) -> Iterator[Breach]:
    """A breach for each different value in the rows where `broken` holds, at its first key."""
    rows = frame[broken.fillna(False).to_numpy(dtype=bool)].drop_duplicates(column)
    yield from told(table, rows, pd.Series(True, index=rows.index), column, rule, remedy)
