"""Versions as objects of a store that knows neither rename nor locks (S3 and its kin, by fsspec).

    <root>/<plan_id>/<menu_week>/<asset>/<token>/<table>.parquet + manifest.json

Every attempt writes below its own token, which no other attempt ever has: nothing is written over.
One transaction of the ledger then says which token's objects are a version, and moves the pointer,
fenced. Until it commits, nobody reads what was written; whether it did, only the ledger knows, so
nothing is removed after an error. See docs/design/decisions.
"""

import contextlib
from typing import TYPE_CHECKING, Any

import fsspec

from sitecast.errors import Corrupt, StoreError
from sitecast.store import week_rows
from sitecast.store.ledger import Ledger
from sitecast.store.places import object_errors
from sitecast.store.version_files import MANIFEST, checked_files
from sitecast.store.week_key import Head, WeekKey, refuse_overtaken

if TYPE_CHECKING:
    from upath import UPath


class ObjectVersions:
    """See the module's docstring and week_key.Versions."""

    def __init__(self, root: "UPath", ledger: Ledger) -> None:
        self._root, self._database = root, ledger.database

    def head(self, key: WeekKey) -> Head:
        """Where the ledger's pointer stands."""
        with self._database.reading() as connection:
            return week_rows.head(connection, key)

    def commit(self, key: WeekKey, version: str, files: dict[str, bytes], token: int) -> None:
        """Write objects below the attempt's token; then let the ledger name them."""
        refuse_overtaken(key, self.head(key), token)
        place, lies_whole = self._place(key, version), False
        if place is not None:
            with contextlib.suppress(Corrupt):
                lies_whole = bool(self._files(key, place))
        if not lies_whole:
            self._write(key, token, files)
        with self._database.writing() as connection:
            if not week_rows.move_head(connection, key, Head(version, token)):
                refuse_overtaken(key, week_rows.head(connection, key), token)
            if not lies_whole:
                week_rows.put_place(connection, key, version, token, instead_of=place)
        with contextlib.suppress(StoreError):  # the commit stands; the next attempt clears up too
            self._clear_older_attempts(key, token)

    def read(self, key: WeekKey, version: str) -> dict[str, bytes] | None:
        """The files of a version."""
        place = self._place(key, version)
        return None if place is None else self._files(key, place)

    def delete(self, key: WeekKey, token: int) -> None:
        """Move the pointer to nothing."""
        with self._database.writing() as connection:
            week_rows.move_head(connection, key, Head(None, token))

    def _place(self, key: WeekKey, version: str) -> int | None:
        with self._database.reading() as connection:
            return week_rows.place(connection, key, version)

    def _files(self, key: WeekKey, place: int) -> dict[str, bytes]:
        folder = self._below(key, place)
        with object_errors(folder):
            return checked_files(folder, self._get(folder, [MANIFEST])[MANIFEST],
                                 lambda names: self._get(folder, names))  # fmt: skip

    def _get(self, folder: str, names: list[str]) -> dict[str, bytes]:
        """Objects by name, fetched side by side; what is missing is Corrupt."""
        try:
            found = self._filesystem.cat([f"{folder}/{name}" for name in names])
        except FileNotFoundError as error:
            raise Corrupt(
                f"an object is missing: {error}", {"path": folder},
                "run the week again: it is rebuilt from the same inputs",
            ) from error  # fmt: skip
        return {path.rsplit("/", 1)[1]: data for path, data in found.items()}

    def _write(self, key: WeekKey, token: int, files: dict[str, bytes]) -> None:
        folder = self._below(key, token)
        with object_errors(folder):
            self._filesystem.pipe({f"{folder}/{name}": data for name, data in files.items()})

    def _clear_older_attempts(self, key: WeekKey, token: int) -> None:
        """Remove what killed or overtaken attempts wrote; younger ones may still be writing."""
        with self._database.reading() as connection:
            named = week_rows.places(connection, key)
        folder = f"{self._root.path.rstrip('/')}/{key.path}"
        with object_errors(folder):
            attempts = [path.rstrip("/") for path in self._filesystem.ls(folder, detail=False)]
            for left in attempts:
                number = int(left.rsplit("/", 1)[1])
                if number <= token and number not in named:
                    self._filesystem.rm(left, recursive=True)

    def _below(self, key: WeekKey, token: int) -> str:
        return f"{self._root.path.rstrip('/')}/{key.path}/{token}"

    @property
    def _filesystem(self) -> Any:
        """The filesystem of this process: one from before a fork refuses to work after it."""
        return fsspec.filesystem(self._root.protocol, **self._root.storage_options)
