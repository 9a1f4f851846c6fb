"""A published forecast: where it lies and which versions it is made of."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Union

if TYPE_CHECKING:
    from upath import UPath


@dataclass(frozen=True)
class Publication:
    """One immutable publication of a plan; a newer one supersedes it, nothing changes it (R9)."""

    publication_id: str
    plan_id: str
    folder: Union[Path, "UPath"]
    """Parquet and CSV of every published table, the page, a summary, and checksums."""
    page: Union[Path, "UPath"]
    """The page, one file that needs no network."""
    supersedes: str | None
    """The publication that was current before."""
    versions: Mapping[str, Mapping[str, str]]
    """menu week → asset → version."""
    created: dt.datetime
