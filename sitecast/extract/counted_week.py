"""Counts of past weeks that were made before, found again by what they were made from.

A past week's orders hardly ever change, but every week of every plan needs them counted: at
200,000 boxes that is most of what an extraction does. A note holds the counts of one past week and
a hash of everything they follow from, so it is right or it is not used. Notes may be deleted at any
time.
"""

import datetime as dt
import functools
import hashlib
import json
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from sitecast.errors import Corrupt, StoreError
from sitecast.store.files import make_folder, replace_file, sha256_of, written_or_store_error
from sitecast.store.parquet import from_parquet, to_parquet


class Counts(NamedTuple):
    """What history keeps of one past week."""

    boxes: pd.DataFrame
    items: pd.DataFrame


@dataclass(frozen=True)
class CountedWeek:
    """Where the counts of one past week are noted; written whole, read checked.

    Args:
        path: a file of its own.
        content: hash of the rows of its orders and lines, and of how they are mapped.
    """

    path: Path
    content: str

    def find(self, as_of: dt.datetime) -> Counts | None:
        """What was noted, or None when it has to be counted (again).

        Args:
            as_of: knowledge time; a note serves from the moment on at which all rows were known.
        """
        try:
            head, _, body = self.path.read_bytes().partition(b"\n")
            note = json.loads(head)
            made_from, split = note["made_from"], note["bytes_of_boxes"]
            if made_from != self._made_from or note["sha256"] != sha256_of(body):
                return None
            if pd.Timestamp(as_of) < pd.Timestamp(note["known_since"]):
                return None
            return Counts(from_parquet(body[:split]), from_parquet(body[split:]))
        except (OSError, ValueError, KeyError, TypeError, Corrupt):
            return None  # not there, or damaged: the orders are

    def note(self, known_since: pd.Timestamp, counts: Counts) -> None:
        """Note counts instead of what was noted before.

        Args:
            known_since: the last moment at which one of the rows became known.
            counts: as made at or after that moment.
        """
        boxes, items = to_parquet(counts.boxes), to_parquet(counts.items)
        head = {
            "made_from": self._made_from,
            "known_since": known_since.isoformat(),
            "bytes_of_boxes": len(boxes),
            "sha256": sha256_of(boxes + items),
        }
        # A full disk stops the step that has to write, which names it.
        with suppress(StoreError), written_or_store_error(self.path):
            make_folder(self.path.parent)
            replace_file(self.path, json.dumps(head).encode() + b"\n" + boxes + items)

    @property
    def _made_from(self) -> str:
        return sha256_of(f"{_code()}:{self.content}".encode())


@functools.cache
def _code() -> str:
    """A hash of the code that reads and counts: nobody has to remember to raise a number."""
    digest = hashlib.sha256()
    here = Path(__file__).parent
    for path in sorted((*here.glob("*.py"), *(here.parent / "records").glob("*.py"))):
        digest.update(path.read_bytes())
    return digest.hexdigest()
