"""Immutable versions of week records on disk, and a fenced pointer to the newest (G1–G4, G10).

    <root>/<plan_id>/<menu_week>/<asset>/v/<version>/<table>.parquet + manifest.json
                                        /HEAD   {"version": …, "token": …}; a null is a tombstone
                                        /.lock  held while HEAD moves

A version is written beside, fsynced and renamed; HEAD is replaced in one step, under the lock, and
never by an attempt that began before the one that wrote it.
"""

import json
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from sitecast.errors import Corrupt, NotFound, Overtaken, StoreError
from sitecast.records.plan import checked_plan_id
from sitecast.records.week_record import WEEK_RECORDS, WeekRecord
from sitecast.store.files import (
    locked,
    make_folder,
    rename_into_place,
    replace_file,
    write_beside,
    written_or_store_error,
)  # fmt: skip
from sitecast.store.ledger import Ledger
from sitecast.store.version_files import MANIFEST, decode, encode, read_files
from sitecast.weeks import checked_menu_week

R = TypeVar("R", bound=WeekRecord)
VERSION = re.compile(r"[0-9a-f]{16}")
ASSETS = tuple(record.asset for record in WEEK_RECORDS)


@dataclass(frozen=True)
class Head:
    """Where a pointer stands; version is None after a deletion."""

    version: str | None
    token: int


class WeekStore:
    """Versions of week records below one folder. Safe to use from several processes at once."""

    def __init__(self, root: Path, ledger: Ledger) -> None:
        self.root, self._ledger = root, ledger

    def begin(self, plan_id: str, menu_week: str, asset: str) -> int:
        """Start an attempt; its token fences off every attempt that began before."""
        self._folder(plan_id, menu_week, asset)
        return self._ledger.next_token(plan_id, menu_week, asset)

    def commit(self, record: WeekRecord, token: int) -> str:
        """Store a record and point HEAD to it; returns the record's version.

        Committing the same version again writes nothing, but still moves HEAD.

        Raises:
            Overtaken: an attempt with a higher token has moved HEAD already.
            StoreError: the disk refuses; the previous version stays readable.
        """
        made = record.provenance
        folder = self._folder(made.plan_id, made.menu_week, record.asset)
        files = encode(record)
        try:
            with written_or_store_error(folder):
                self._commit(folder, record.version, files, token)
        except StoreError:
            # The winner clears away what older attempts wrote beside: say why it is gone.
            self._refuse_overtaken(folder, token)
            raise
        return record.version

    def head(self, plan_id: str, menu_week: str, record_type: type[WeekRecord]) -> str | None:
        """The newest version, or None where nothing is stored (any more)."""
        return self._head(self._folder(plan_id, menu_week, record_type.asset)).version

    def read(
        self, record_type: type[R], plan_id: str, menu_week: str, version: str | None = None
    ) -> R:
        """Read a version (the newest when none is named), every file checked against its sha256.

        Raises:
            NotFound: nothing is stored there.
            Corrupt: what lies there is not what was written.
        """
        asset = record_type.asset
        folder = self._folder(plan_id, menu_week, asset)
        wanted = self._head(folder).version if version is None else version
        where = {"plan_id": plan_id, "menu_week": menu_week, "asset": asset}
        if wanted is None:
            raise NotFound("nothing is stored yet", where, "run the week")
        if not VERSION.fullmatch(wanted):
            raise StoreError("not a version", {**where, "version": wanted})
        place = folder / "v" / wanted
        if not (place / MANIFEST).is_file():
            raise NotFound("no such version", {**where, "version": wanted}, "run the week again")
        record = decode(record_type, read_files(place))
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
            folder = self._folder(plan_id, menu_week, asset)
            with written_or_store_error(folder), locked(folder / ".lock"):
                self._move_head(folder, Head(None, token))

    def _commit(self, folder: Path, version: str, files: dict[str, bytes], token: int) -> None:
        self._refuse_overtaken(folder, token)
        make_folder(folder / "v")
        place, beside = folder / "v" / version, None
        if not _is_intact(place):
            beside = write_beside(folder / "tmp", str(token), files)
        with locked(folder / ".lock"):
            self._refuse_overtaken(folder, token)
            if beside is not None and not _is_intact(place):
                if place.exists():  # bit rot: keep it for whoever asks, but out of the way
                    place.rename(beside.with_name(f"{beside.name}-corrupt"))
                rename_into_place(beside, place)
            self._move_head(folder, Head(version, token))
            _clear_older_attempts(folder / "tmp", token)

    def _refuse_overtaken(self, folder: Path, token: int) -> None:
        newest = self._head(folder).token
        if newest > token:
            raise Overtaken(
                "a newer attempt has stored this week already",
                {"folder": folder.name, "token": token, "newest": newest},
                "nothing to do: the newer attempt's result stands",
            )

    def _move_head(self, folder: Path, head: Head) -> None:
        content = {"version": head.version, "token": head.token}
        replace_file(folder / "HEAD", json.dumps(content).encode())

    def _head(self, folder: Path) -> Head:
        try:
            content = json.loads((folder / "HEAD").read_bytes())
            return Head(content["version"], int(content["token"]))
        except FileNotFoundError:
            return Head(None, 0)
        except (ValueError, KeyError, TypeError) as error:
            raise Corrupt("the pointer is damaged", {"path": str(folder / "HEAD")},
                          "remove the file HEAD and run the week again") from error  # fmt: skip

    def _folder(self, plan_id: str, menu_week: str, asset: str) -> Path:
        if asset not in ASSETS:
            raise StoreError("not an asset of the store", {"asset": asset}, ", ".join(ASSETS))
        root = self.root.resolve()
        folder = root / checked_plan_id(plan_id) / checked_menu_week(menu_week) / asset
        if folder.resolve() != folder:
            raise StoreError("a symbolic link leads out of the store", {"path": str(folder)})
        return folder


def _is_intact(place: Path) -> bool:
    """Whether a version lies there whole; looked at before it is taken for done."""
    if not place.exists():
        return False
    try:
        read_files(place)
    except Corrupt:
        return False
    return True


def _clear_older_attempts(tmp: Path, token: int) -> None:
    """Remove what killed or overtaken attempts left; younger ones may still be writing."""
    for left in tmp.iterdir() if tmp.exists() else ():
        if int(left.name.split("-")[0]) <= token:
            shutil.rmtree(left, ignore_errors=True)
