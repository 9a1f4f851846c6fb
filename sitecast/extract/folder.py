"""A folder of CSV or Parquet files as a source.

A table is one file (`orders.csv`, `orders.parquet`) or a folder of parts (`orders/*.parquet`).
Parts named after menu weeks (`orders/2026-W48.parquet`) are read only when their week is asked
for: the layout for large order books. An order that moved stands in the parts of both weeks.
"""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import pyarrow as pa

from sitecast.errors import DataError, SettingsError, SourceUnavailable
from sitecast.extract.counted_week import CountedWeek
from sitecast.extract.files import read_file
from sitecast.extract.mapping import ColumnMapping
from sitecast.records.contract import TEXT
from sitecast.records.tables_read import TABLES_READ
from sitecast.weeks import is_menu_week

Mark = tuple[str, int, int, int]
SUFFIXES = (".parquet", ".csv")
_ARROW_TEXT = {pa.string(): TEXT, pa.large_string(): TEXT}


class FolderSource:
    """Tables as files; see the module's docstring for the layout."""

    def __init__(self, folder: Path, mapping: ColumnMapping, notes: Path | None = None) -> None:
        if not folder.is_dir():
            raise SettingsError(
                "the input folder does not exist", {"folder": str(folder)},
                "correct `source` in the plan file",
            )  # fmt: skip
        self._folder, self._mapping, self._notes = folder, mapping, notes
        self._whole: dict[Path, pa.Table] = {}  # single files, asked for once per history week
        self._seen: dict[tuple[str, tuple[str, ...] | None], list[Mark]] = {}

    @property
    def name(self) -> str:
        """The folder."""
        return str(self._folder)

    def read(self, table: str, menu_weeks: Sequence[str] | None = None) -> pd.DataFrame | None:
        """The table's rows; see Source.read."""
        weeks = None if menu_weeks is None else tuple(menu_weeks)
        parts = self._parts(table)
        asked = [part for part in parts if weeks is None or _may_hold(part, weeks)]
        self._seen.setdefault((table, weeks), _marks(asked))  # before the first byte is read
        if not parts:
            return None
        if asked:
            content = _joined([self._content(part, table) for part in asked], table)
        else:
            content = read_file(parts[0], table).slice(0, 0)
        raw = content.to_pandas(types_mapper=_ARROW_TEXT.get, date_as_object=False)
        return self._mapping.apply(table, raw)

    def counted_week(self, menu_week: str) -> CountedWeek | None:
        """Known where orders and lines lie in parts by week; see Source.counted_week."""
        if self._notes is None:
            return None
        digest = hashlib.sha256()
        for table in ("orders", "order_lines"):
            parts = self._parts(table)
            asked = [part for part in parts if part.stem == menu_week]
            if not asked or not all(is_menu_week(part.stem) for part in parts):
                return None
            self._seen.setdefault((table, (menu_week,)), _marks(asked))
            digest.update(f"{self._mapping.told(table)}{_digest(asked)}".encode())
        return CountedWeek(self._notes / f"{menu_week}.counts", digest.hexdigest())

    def require_unchanged(self) -> None:
        """Every file that was read is still there as it was; see Source.require_unchanged."""
        seen, self._seen = self._seen, {}
        for (table, weeks), before in seen.items():
            parts = self._parts(table)
            if _marks([p for p in parts if weeks is None or _may_hold(p, weeks)]) != before:
                self._whole.clear()
                raise SourceUnavailable(
                    "the input changed while it was read", {"table": table, "folder": self.name},
                    "it is read again; write a file beside and rename it when it is complete",
                )  # fmt: skip

    def fingerprints(self) -> dict[str, str]:
        """sha256 of each table's files, by name and bytes."""
        found = {table: self._parts(table) for table in TABLES_READ}
        return {table: _digest(parts) for table, parts in found.items() if parts}

    def _content(self, path: Path, table: str) -> pa.Table:
        if is_menu_week(path.stem):
            return read_file(path, table)
        if path not in self._whole:
            self._whole[path] = read_file(path, table)
        return self._whole[path]

    def _parts(self, table: str) -> list[Path]:
        stem = self._folder / self._mapping.source_name(table)
        files = [path for suffix in SUFFIXES
                 if (path := stem.with_name(stem.name + suffix)).is_file()]  # fmt: skip
        inside = sorted(stem.iterdir()) if stem.is_dir() else []
        parts = [path for path in inside if path.suffix in SUFFIXES and path.name[0] != "."]
        if len(files) + bool(parts) > 1:
            raise DataError(
                "the table is there more than once", {"table": table, "name": stem.name},
                "keep one of the .parquet file, the .csv file and the folder",
            )  # fmt: skip
        return files or parts


def _may_hold(part: Path, menu_weeks: Sequence[str]) -> bool:
    return not is_menu_week(part.stem) or part.stem in menu_weeks


def _joined(contents: list[pa.Table], table: str) -> pa.Table:
    try:
        return pa.concat_tables(contents, promote_options="permissive")
    except pa.ArrowException as error:
        raise DataError(
            f"the parts of the table differ in their types: {error}", {"table": table},
            "write all parts with the same column types",
        ) from error  # fmt: skip


def _marks(parts: list[Path]) -> list[Mark]:
    """What a file is known by without reading it: another one has another mark."""
    facts = {path: path.stat() for path in parts}
    return [
        (path.name, fact.st_ino, fact.st_size, fact.st_mtime_ns) for path, fact in facts.items()
    ]


def _digest(parts: list[Path]) -> str:
    digest = hashlib.sha256()
    for path in parts:
        digest.update(f"\x1e{path.name}\x1f".encode())
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()
