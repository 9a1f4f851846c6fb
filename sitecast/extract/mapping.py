"""Column mapping: how a company's own table, column and value names become the contract's."""

import difflib
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any

import pandas as pd
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from sitecast.errors import SettingsError
from sitecast.records.contract import TEXT
from sitecast.records.tables_read import TABLES_READ
from sitecast.settings import read_yaml

AS_OF = "as_of"
_SourceName = Annotated[str, StringConstraints(pattern=r"^\w([\w $-]|\.\w)*$", max_length=128)]


class TableMapping(BaseModel):
    """Where one table of the contract comes from."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    from_: _SourceName | None = Field(None, alias="from", description="file or table name")
    columns: dict[str, str] = Field({}, description="contract column: source column")
    values: dict[str, dict[str, str]] = Field({}, description="column: {source value: value}")
    constants: dict[str, str] = Field({}, description="column: the same value in every row")


class ColumnMapping:
    """The mapping of all tables; without a file every name is the contract's own."""

    def __init__(self, tables: dict[str, TableMapping] | None = None) -> None:
        self._tables = tables or {}

    @classmethod
    def load(cls, path: Path) -> "ColumnMapping":
        """Read a mapping file.

        Raises:
            SettingsError: unreadable, or a table or column that the contract does not know; the
                nearest known name is told.
        """
        content = read_yaml(path)
        _require_known("table", content, TABLES_READ, path)
        tables = {name: _table_mapping(name, entry, path) for name, entry in content.items()}
        return cls(tables)

    def source_name(self, table: str) -> str:
        """File or database table that holds this table."""
        return self._of(table).from_ or table

    def told(self, table: str) -> str:
        """All that is said about a table: equal text, equal mapping."""
        return self._of(table).model_dump_json()

    def columns(self, table: str, available: Iterable[str]) -> dict[str, str]:
        """Contract column (or as_of) → source column, for those that the source has."""
        there, entry = set(available), self._of(table)
        named = {name: entry.columns.get(name, name) for name in _known_columns(table)}
        return {name: source for name, source in named.items()
                if source in there and name not in entry.constants}  # fmt: skip

    def apply(self, table: str, frame: pd.DataFrame) -> pd.DataFrame:
        """A source frame under the contract's names and values; other columns are left out."""
        entry = self._of(table)
        columns = self.columns(table, frame.columns)
        mapped = frame[list(columns.values())].set_axis(list(columns), axis="columns")
        for name, words in entry.values.items():
            if name in mapped:
                told = mapped[name].astype(TEXT).str.strip()
                mapped[name] = told.map(lambda word, words=words: words.get(word, word)).astype(
                    TEXT
                )
        for name, value in entry.constants.items():
            mapped[name] = pd.Series(value, index=mapped.index, dtype=TEXT)
        return mapped

    def keeps_values(self, table: str, column: str) -> bool:
        """Whether the column's values are the source's own: only then a source can filter them."""
        return column not in self._of(table).values and column not in self._of(table).constants

    def _of(self, table: str) -> TableMapping:
        return self._tables.get(table, _UNMAPPED)


_UNMAPPED = TableMapping()


def _known_columns(table: str) -> list[str]:
    return [*(column.name for column in TABLES_READ[table].columns), AS_OF]


def _table_mapping(table: str, entry: Any, path: Path) -> TableMapping:
    try:
        mapping = TableMapping.model_validate(entry if entry is not None else {})
    except ValidationError as error:
        problems = "; ".join(
            f"{'.'.join(str(part) for part in item['loc'])}: {item['msg']}"
            for item in error.errors()
        )
        raise SettingsError(
            f"wrong mapping: {problems}", {"file": str(path), "table": table},
            "an entry has the parts from, columns, values and constants",
        ) from error  # fmt: skip
    for names in (mapping.columns, mapping.values, mapping.constants):
        _require_known(f"column of {table}", names, _known_columns(table), path)
    return mapping


def _require_known(what: str, names: Iterable[str], known: Iterable[str], path: Path) -> None:
    known = list(known)
    for name in names:
        if name not in known:
            near = difflib.get_close_matches(str(name), known, n=1, cutoff=0.0)
            raise SettingsError(
                f"unknown {what}: {name}", {"file": str(path)}, f"the nearest known is {near[0]}"
            )
