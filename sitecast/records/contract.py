"""How a table is declared: columns with type, unit, description and rules; checking in one pass.

What belongs here: the declaration words (`text`, `count`, `amount`, `day`, …), the `TableContract`
and its check. What does not: the tables themselves (tables_read.py, tables_written.py) and rules
that span tables (extract/cross_checks.py).
"""

import functools
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import pandas as pd

from sitecast.errors import Breach

Kind = Literal["text", "count", "amount", "day", "instant", "flag", "json"]
TEXT = pd.StringDtype("pyarrow", na_value=np.nan)
DTYPES: dict[Kind, Any] = {
    "text": TEXT,
    "count": "int64",
    "amount": "float64",
    "day": "datetime64[ms]",
    "instant": "datetime64[us, UTC]",
    "flag": "bool",
    "json": TEXT,
}
NULLABLE_DTYPES: dict[Kind, Any] = {**DTYPES, "count": "Int64", "flag": "boolean"}
MAX_COUNT = 2**53


@dataclass(frozen=True)
class Column:
    """One column: its name, kind, meaning, unit and bounds."""

    name: str
    kind: Kind
    description: str
    unit: str = ""
    optional: bool = False
    nullable: bool = False
    minimum: float | None = None
    maximum: float | None = None
    above: float | None = None
    values: tuple[str, ...] = ()
    default: Any = None

    @property
    def dtype(self) -> Any:
        """The pandas dtype of a checked column."""
        return (NULLABLE_DTYPES if self.nullable else DTYPES)[self.kind]

    @property
    def rules(self) -> str:
        """The bounds in words, for the dictionary and for remedies."""
        bounds = (("at least", self.minimum), ("above", self.above), ("at most", self.maximum))
        words = [f"{word} {bound:,.16g}" for word, bound in bounds if bound is not None]
        words += [f"one of {', '.join(self.values)}"] if self.values else []
        return "; ".join(words)


@dataclass(frozen=True)
class TableContract:
    """One table: its name, meaning, key and columns."""

    name: str
    description: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    optional: bool = False

    def __getitem__(self, column: str) -> Column:
        return self._by_name[column]

    @functools.cached_property
    def _by_name(self) -> dict[str, Column]:
        return {column.name: column for column in self.columns}

    @functools.cached_property
    def schema(self) -> Any:
        """The pandera schema that checks this table."""
        import pandera.pandas as pa  # slow to import, and only needed where data is checked

        return pa.DataFrameSchema(
            {column.name: _pandera_column(pa, column) for column in self.columns},
            name=self.name,
            strict=False,
        )

    def empty(self) -> pd.DataFrame:
        """A table of this contract without rows."""
        return pd.DataFrame({c.name: pd.Series(dtype=c.dtype) for c in self.columns})

    def shaped(self, frame: pd.DataFrame) -> pd.DataFrame:
        """The contract's columns in its order and dtypes; for frames we computed ourselves."""
        columns = {c.name: frame[c.name].astype(c.dtype) for c in self.columns}
        return pd.DataFrame(columns, copy=False)  # not copied into blocks: tables can be big

    def allowing_empty(self, frame: pd.DataFrame) -> "TableContract":
        """The contract with every column nullable that has empty cells in a frame."""
        columns = (
            replace(column, nullable=column.nullable or bool(frame[column.name].isna().any()))
            for column in self.columns
        )
        return replace(self, columns=tuple(columns))

    def breaches(self, frame: pd.DataFrame) -> list[Breach]:
        """Every broken rule of one table whose columns already have the declared dtypes."""
        import pandera.errors

        found = _key_breaches(self, frame)
        try:
            self.schema.validate(frame, lazy=True)
        except pandera.errors.SchemaErrors as error:
            found += [_as_breach(self, frame, case) for case in _cases(error)]
        return found


def key_text(table: TableContract, frame: pd.DataFrame, row: int) -> str:
    """The key of a row in words: `order_id=7, line_no=1`."""
    present = [name for name in table.key if name in frame.columns]
    return ", ".join(f"{name}={value_text(frame[name].iloc[row])}" for name in present)


def value_text(value: object) -> str:
    """A cell in words: days and moments as ISO 8601, `empty`, or its first 200 letters."""
    if pd.isna(value):
        return "empty"
    if isinstance(value, pd.Timestamp):
        return value.isoformat() if value.tzinfo else value.date().isoformat()
    return str(value)[:200]


def text(name: str, description: str, **more: Any) -> Column:
    """An id or a name."""
    return Column(name, "text", description, **more)


def count(name: str, description: str, unit: str = "", **more: Any) -> Column:
    """A whole number; at least 0 unless said otherwise."""
    return Column(name, "count", description, unit, **{"minimum": 0, "maximum": MAX_COUNT} | more)


def amount(name: str, description: str, unit: str = "", **more: Any) -> Column:
    """A finite quantity; at least 0 unless said otherwise."""
    return Column(name, "amount", description, unit, **{"minimum": 0} | more)


def day(name: str, description: str, **more: Any) -> Column:
    """A plain date."""
    return Column(name, "day", description, **more)


def instant(name: str, description: str, **more: Any) -> Column:
    """A moment in UTC."""
    return Column(name, "instant", description, "UTC", **more)


def flag(name: str, description: str, **more: Any) -> Column:
    """True or false."""
    return Column(name, "flag", description, **more)


def json_text(name: str, description: str, **more: Any) -> Column:
    """A small JSON object as text."""
    return Column(name, "json", description, **more)


def _pandera_column(pa: Any, column: Column) -> Any:
    checks = [pa.Check.ge(column.minimum)] if column.minimum is not None else []
    checks += [pa.Check.gt(column.above)] if column.above is not None else []
    checks += [pa.Check.le(column.maximum)] if column.maximum is not None else []
    checks += [pa.Check.isin(column.values)] if column.values else []
    if column.kind == "amount":
        finite = pa.Check(lambda values: np.isfinite(values), name="finite", error="finite")
        checks = [finite, *checks]
    return pa.Column(None, checks, nullable=column.nullable, description=column.rules)


def _cases(error: Any) -> Iterable[dict[str, Any]]:
    columns = ["column", "check", "failure_case", "index"]
    return error.failure_cases[columns].drop_duplicates(["column", "index"]).to_dict("records")


def _as_breach(table: TableContract, frame: pd.DataFrame, case: dict[str, Any]) -> Breach:
    name = str(case["column"] if case["column"] in table._by_name else case["failure_case"])
    column = table._by_name.get(name)
    row = None if pd.isna(case["index"]) else int(frame.index.get_loc(case["index"]))
    key = "" if row is None else key_text(table, frame, row)
    if column is None or row is None:
        return Breach(table.name, name, key, "", "column is missing", f"add the column {name}")
    if pd.isna(case["failure_case"]):
        return Breach(table.name, name, key, "empty", "must not be empty", f"give {name} a value")
    rule = f"must be {column.rules or 'finite'}"
    return Breach(
        table.name, name, key, value_text(case["failure_case"]), rule, "correct the value"
    )


def _key_breaches(table: TableContract, frame: pd.DataFrame) -> list[Breach]:
    present = [name for name in table.key if name in frame.columns]
    if not present:
        return []
    again = np.flatnonzero(frame.duplicated(present, keep="first").to_numpy())
    remedy = "keep one row per key"
    return [
        Breach(table.name, "+".join(present), key_text(table, frame, row), "", "key stands twice",
               remedy)
        for row in again.tolist()
    ]  # fmt: skip
