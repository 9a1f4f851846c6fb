"""Versions in a folder of this machine: written beside, renamed, pointed to under a lock.

    <root>/<plan_id>/<menu_week>/<asset>/v/<version>/<table>.parquet + manifest.json
                                        /HEAD   {"version": …, "token": …}; a null is a tombstone
                                        /.lock  held while HEAD moves

A version is written beside, fsynced and renamed; HEAD is replaced in one step, under the lock, and
never by an attempt that began before the one that wrote it.
"""

import json
import shutil
from pathlib import Path

from sitecast.errors import Corrupt, StoreError
from sitecast.store.files import (
    locked,
    make_folder,
    rename_into_place,
    replace_file,
    write_beside,
    written_or_store_error,
)  # fmt: skip
from sitecast.store.version_files import MANIFEST, read_files
from sitecast.store.week_key import Head, WeekKey, refuse_overtaken


class FolderVersions:
    """See the module's docstring and week_key.Versions."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def head(self, key: WeekKey) -> Head:
        """Where HEAD stands."""
        path = self._folder(key) / "HEAD"
        try:
            content = json.loads(path.read_bytes())
            return Head(content["version"], int(content["token"]))
        except FileNotFoundError:
            return Head(None, 0)
        except (ValueError, KeyError, TypeError) as error:
            raise Corrupt("the pointer is damaged", {"path": str(path)},
                          "remove the file HEAD and run the week again") from error  # fmt: skip

    def commit(self, key: WeekKey, version: str, files: dict[str, bytes], token: int) -> None:
        """Write beside, rename, and move HEAD."""
        try:
            with written_or_store_error(self._folder(key)):
                self._commit(key, version, files, token)
        except StoreError:
            # The winner clears away what older attempts wrote beside: say why it is gone.
            refuse_overtaken(key, self.head(key), token)
            raise

    def read(self, key: WeekKey, version: str) -> dict[str, bytes] | None:
        """The files of a version."""
        place = self._folder(key) / "v" / version
        return read_files(place) if (place / MANIFEST).is_file() else None

    def delete(self, key: WeekKey, token: int) -> None:
        """Move HEAD to nothing."""
        folder = self._folder(key)
        with written_or_store_error(folder), locked(folder / ".lock"):
            self._move_head(folder, Head(None, token))

    def _commit(self, key: WeekKey, version: str, files: dict[str, bytes], token: int) -> None:
        folder = self._folder(key)
        refuse_overtaken(key, self.head(key), token)
        make_folder(folder / "v")
        place, beside = folder / "v" / version, None
        if not _is_intact(place):
            beside = write_beside(folder / "tmp", str(token), files)
        with locked(folder / ".lock"):
            refuse_overtaken(key, self.head(key), token)
            if beside is not None and not _is_intact(place):
                if place.exists():  # bit rot: keep it for whoever asks, but out of the way
                    place.rename(beside.with_name(f"{beside.name}-corrupt"))
                rename_into_place(beside, place)
            self._move_head(folder, Head(version, token))
            _clear_older_attempts(folder / "tmp", token)

    def _move_head(self, folder: Path, head: Head) -> None:
        content = {"version": head.version, "token": head.token}
        replace_file(folder / "HEAD", json.dumps(content).encode())

    def _folder(self, key: WeekKey) -> Path:
        folder = self._root.resolve() / key.path
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
