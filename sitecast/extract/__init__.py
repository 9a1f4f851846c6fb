"""Input: from a company's files or database to the checked tables of one menu week."""

from sitecast.extract.calendar import moment_before, past_weeks, read_calendar
from sitecast.extract.check_data import check_data
from sitecast.extract.database import DatabaseSource
from sitecast.extract.extract_week import extract_week
from sitecast.extract.folder import FolderSource
from sitecast.extract.implausible import implausible
from sitecast.extract.mapping import ColumnMapping
from sitecast.extract.reader import read_known
from sitecast.extract.source import Source, open_source
from sitecast.records.matching import positions

__all__ = [
    "ColumnMapping",
    "DatabaseSource",
    "FolderSource",
    "Source",
    "check_data",
    "extract_week",
    "implausible",
    "moment_before",
    "open_source",
    "past_weeks",
    "positions",
    "read_calendar",
    "read_known",
]  # fmt: skip
