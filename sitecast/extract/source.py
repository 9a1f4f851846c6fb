"""What a source of input tables is, and how a location becomes one."""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import pandas as pd

from sitecast.extract.counted_week import CountedWeek
from sitecast.extract.database import DatabaseSource
from sitecast.extract.folder import FolderSource
from sitecast.extract.mapping import ColumnMapping


class Source(Protocol):
    """A place that holds the tables of the contract. Cheap to open; made anew for each use."""

    @property
    def name(self) -> str:
        """What people call it, without secrets."""

    def read(self, table: str, menu_weeks: Sequence[str] | None = None) -> pd.DataFrame | None:
        """The raw table under the contract's names; None when the source does not have it.

        Args:
            table: a name in TABLES_READ.
            menu_weeks: leave out what cannot concern these weeks, where that is cheap; rows of
                other weeks may still come. All versions of an order that was ever in one of the
                weeks come, so that an order that moved away is not seen twice.
        Returns:
            Contract columns (and as_of) that are there; text where the source has no types.
        Raises:
            DataError: the table is there but cannot be read.
            SourceUnavailable: the source does not answer.
        """

    def counted_week(self, menu_week: str) -> CountedWeek | None:
        """Where counts of a past week's orders are noted, under a hash of what the rows hold.

        None where the rows of a week do not lie by themselves, so that hashing them would take as
        long as counting them, or where there is no place for notes.
        """

    def require_unchanged(self) -> None:
        """Everything read until now belongs together; asked at the end of what needs that.

        Raises:
            SourceUnavailable: somebody changed it meanwhile; a later try reads it anew.
        """

    def fingerprints(self) -> dict[str, str]:
        """A hash of each table that is there; equal when nothing has changed."""


def open_source(
    location: str, base: Path, mapping_file: Path | None, notes: Path | None = None
) -> Source:
    """Open a folder (relative to `base`) or, for text with ://, a database by SQLAlchemy URL.

    Args:
        location: folder or URL.
        base: where relative folders begin.
        mapping_file: how the source's names become the contract's.
        notes: folder for counts of past weeks; they are counted anew each time when absent.
    Raises:
        SettingsError: no such folder, no such driver, or a wrong mapping file.
    """
    mapping = ColumnMapping.load(mapping_file) if mapping_file else ColumnMapping()
    if "://" in location:
        return DatabaseSource(location, mapping)
    return FolderSource(base / location, mapping, notes)
