"""Reads tables of a source as they were known at a moment, and collects what is wrong in them."""

import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from sitecast.errors import Breach, DataError
from sitecast.extract.cells import MEANT
from sitecast.extract.convert import Converted, convert
from sitecast.extract.mapping import AS_OF
from sitecast.extract.source import Source
from sitecast.records.contract import TableContract, key_text
from sitecast.records.tables_read import TABLES_READ

MAX_PER_COLUMN = 1_000
Rows = Callable[[pd.DataFrame], "pd.Series[bool]"]


@dataclass(frozen=True)
class Known:
    """One table as known at as_of: every row, in the contract's dtypes (or their nullable kin)."""

    contract: TableContract
    frame: pd.DataFrame
    converted: Converted

    def breaches(self, rows: pd.DataFrame) -> list[Breach]:
        """Everything wrong with these rows of the frame, missing columns included."""
        told = self.converted.breaches(self.contract)
        told += _conversion_breaches(self.contract, rows, self.converted)
        seen = {(breach.column, breach.key) for breach in told}
        return told + [
            breach
            for breach in self.contract.breaches(rows)
            if breach.column not in self.converted.missing
            and (breach.column, breach.key) not in seen
        ]

    @property
    def sound(self) -> pd.DataFrame:
        """The rows in which every cell could be read; for history, where bad rows are left out."""
        bad: set[int] = set()
        for values in self.converted.faults.values():
            bad.update(values.index)
        return self.frame[~self.frame.index.isin(list(bad))] if bad else self.frame


class TableReader:
    """Reads tables one by one; `breaches` grows, `broken` names tables not fit to compare with.

    A table that cannot be read becomes a breach as well, so that one error lists everything;
    with `strict` it stops the reader instead.
    """

    def __init__(self, source: Source, as_of: dt.datetime, *, strict: bool = False) -> None:
        self._source, self._as_of, self._strict = source, as_of, strict
        self.breaches: list[Breach] = []
        self.broken: set[str] = set()

    def known(self, table: str, menu_weeks: Sequence[str] | None = None) -> Known:
        """A table as known at as_of, not yet checked; without rows when the source lacks it."""
        contract = TABLES_READ[table]
        raw = self._raw(contract, menu_weeks)
        if raw is None:
            return Known(contract, contract.empty(), Converted(contract.empty(), {}, ()))
        converted = convert(contract, raw)
        if converted.missing:
            self.broken.add(table)
        return Known(contract, known_rows(contract, converted.frame, self._as_of), converted)

    def _raw(
        self, contract: TableContract, menu_weeks: Sequence[str] | None
    ) -> pd.DataFrame | None:
        name = contract.name
        try:
            raw = self._source.read(name, menu_weeks)
        except DataError as error:
            if self._strict:
                raise
            self.broken.add(name)
            self.tell(error.breaches or [unreadable(error, name)])
            return None
        if raw is None and not contract.optional:
            self.broken.add(name)
            remedy = f"add {name}: {contract.description}"
            self._tell(Breach(name, "", "", "", "table is missing", remedy))
        return raw

    def check(self, known: Known, rows: pd.DataFrame) -> pd.DataFrame:
        """Note everything wrong with these rows; returns them in the order of the key."""
        for breach in known.breaches(rows):
            self._tell(breach)
        return rows.sort_values(list(known.contract.key), kind="stable").reset_index(drop=True)

    def table(
        self, table: str, keep: Rows | None = None, menu_weeks: Sequence[str] | None = None
    ) -> pd.DataFrame:
        """The checked rows of a table that `keep` chooses."""
        known = self.known(table, menu_weeks)
        rows = known.frame if keep is None else known.frame[keep(known.frame)]
        return self.check(known, rows)

    def tell(self, breaches: Iterable[Breach]) -> None:
        """Note breaches that were found elsewhere."""
        for breach in breaches:
            self._tell(breach)

    def _tell(self, breach: Breach) -> None:
        if breach not in self.breaches:
            self.breaches.append(breach)


def read_known(
    source: Source, table: str, as_of: dt.datetime, menu_weeks: Sequence[str] | None = None
) -> pd.DataFrame:
    """The rows of a table known at as_of in which every cell could be read.

    Raises:
        DataError: the table is there, but cannot be read as a table.
    """
    return TableReader(source, as_of, strict=True).known(table, menu_weeks).sound


def unreadable(error: DataError, table: str = "") -> Breach:
    """An error about a whole table as a breach."""
    place = str(error.where.get("file", ""))
    remedy = error.remedy or "correct the table"
    return Breach(str(error.where.get("table", table)), "", place, "", error.problem, remedy)


def known_rows(contract: TableContract, frame: pd.DataFrame, as_of: dt.datetime) -> pd.DataFrame:
    """Rows known at as_of, of several rows for one key the latest.

    A row without as_of was always known; an order is not known before it was created; a line whose
    latest row says a quantity of 0 was taken out of its order. Two rows for one key with the same
    as_of both stay: the contract's check then names the key.
    """
    moment = pd.Timestamp(as_of)
    if AS_OF in frame:
        frame = frame[~(frame[AS_OF] > moment)]
        since = frame[AS_OF].fillna(pd.Timestamp(0, tz="UTC"))
        keys = [frame[name] for name in contract.key]
        frame = frame[since == since.groupby(keys, dropna=False).transform("max")]
        if contract.name == "order_lines" and "quantity" in frame:
            frame = frame[~((frame["quantity"] == 0) & frame[AS_OF].notna()).fillna(False)]
    if "created_at" in frame:
        frame = frame[~(frame["created_at"] > moment)]
    return frame


def _conversion_breaches(
    contract: TableContract, rows: pd.DataFrame, converted: Converted
) -> list[Breach]:
    found = []
    for name, values in converted.faults.items():
        values = values[values.index.isin(rows.index)]
        places = rows.index.get_indexer(values.index)
        meant = MEANT["instant" if name == AS_OF else contract[name].kind]
        for place, value in zip(places[:MAX_PER_COLUMN], values, strict=False):
            key = key_text(contract, rows, int(place))
            found.append(Breach(contract.name, name, key, repr(value)[:200], f"must be {meant}",
                                "correct the value"))  # fmt: skip
        if len(values) > MAX_PER_COLUMN:
            more = f"{len(values) - MAX_PER_COLUMN} more values must be {meant}"
            found.append(Breach(contract.name, name, "", "", more, "correct the values"))
    return found


def rows_of(frame: pd.DataFrame, mask: "pd.Series[bool] | np.ndarray") -> pd.DataFrame:
    """Rows where the mask holds; an empty cell in the mask counts as false."""
    return frame[pd.Series(mask, index=frame.index).fillna(False).astype(bool)]
