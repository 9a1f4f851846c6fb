"""Immutable versions of week records, and a fenced pointer to the newest (G1-G4, G10).

What belongs here: what a record is, and which versions are asked for. What does not: how versions
are kept, in a folder (folder_versions.py) or as objects (object_versions.py).
"""

import re
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from sitecast.errors import Corrupt, NotFound, Overtaken, StoreError
from sitecast.records.week_record import WeekRecord
from sitecast.store.folder_versions import FolderVersions
from sitecast.store.ledger import Ledger
from sitecast.store.object_versions import ObjectVersions
from sitecast.store.version_files import decode, encode
from sitecast.store.week_key import ASSETS, Versions, WeekKey

if TYPE_CHECKING:
    from upath import UPath

R = TypeVar("R", bound=WeekRecord)
VERSION = re.compile(r"[0-9a-f]{16}")


class WeekStore:
    """Versions of week records below one place. Safe to use from several processes at once."""

    def __init__(self, root: "Path | UPath", ledger: Ledger) -> None:
        self.root, self._ledger = root, ledger
        self._versions: Versions = (
            FolderVersions(root) if isinstance(root, Path) else ObjectVersions(root, ledger)
        )

    def begin(self, plan_id: str, menu_week: str, asset: str) -> int:
        """Start an attempt; its token fences off every attempt that began before."""
        key = WeekKey(plan_id, menu_week, asset)
        return self._ledger.next_token(key.plan_id, key.menu_week, key.asset)

    def commit(self, record: WeekRecord, token: int) -> str:
        """Store a record and point to it; returns the record's version.

        Committing the same version again writes nothing, but still moves the pointer. Where two
        attempts make the same at once, the one that comes later finds it done.

        Raises:
            Overtaken: an attempt with a higher token has moved the pointer elsewhere.
            StoreError: the store refuses; the previous version stays readable.
        """
        made = record.provenance
        key = WeekKey(made.plan_id, made.menu_week, record.asset)
        try:
            self._versions.commit(key, record.version, encode(record), token)
        except Overtaken:
            if self._versions.head(key).version != record.version:
                raise
        return record.version

    def head(self, plan_id: str, menu_week: str, record_type: type[WeekRecord]) -> str | None:
        """The newest version, or None where nothing is stored (any more)."""
        return self._versions.head(WeekKey(plan_id, menu_week, record_type.asset)).version

    def read(
        self, record_type: type[R], plan_id: str, menu_week: str, version: str | None = None
    ) -> R:
        """Read a version (the newest when none is named), every file checked against its sha256.

        Raises:
            NotFound: nothing is stored there.
            Corrupt: what lies there is not what was written.
        """
        key = WeekKey(plan_id, menu_week, record_type.asset)
        wanted = self._versions.head(key).version if version is None else version
        where = dict(vars(key))
        if wanted is None:
            raise NotFound("nothing is stored yet", where, "run the week")
        if not VERSION.fullmatch(wanted):
            raise StoreError("not a version", {**where, "version": wanted})
        files = self._versions.read(key, wanted)
        if files is None:
            raise NotFound("no such version", {**where, "version": wanted}, "run the week again")
        record = decode(record_type, files)
        made = record.provenance
        if (record.version, made.plan_id, made.menu_week) != (wanted, plan_id, menu_week):
            raise Corrupt("the manifest is not this version's", {**where, "version": wanted},
                          "run the week again")  # fmt: skip
        return record

    def delete(self, plan_id: str, menu_week: str) -> None:
        """Put a tombstone on every asset of a week; attempts under way are fenced off.

        Versions stay where they are: publications may name them.
        """
        for asset in ASSETS:
            token = self.begin(plan_id, menu_week, asset)
            self._versions.delete(WeekKey(plan_id, menu_week, asset), token)
