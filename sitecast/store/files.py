"""Durable files: written beside, fsynced, then renamed, so that a reader sees all or nothing.

What belongs here: the few file operations the store and the publisher are built from. What does
not: what the files mean.
"""

import contextlib
import errno
import fcntl
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from sitecast.errors import SitecastError, StoreError


@contextlib.contextmanager
def written_or_store_error(place: Path) -> Iterator[None]:
    """Turn a full disk, a read-only folder and the like into one StoreError."""
    try:
        yield
    except SitecastError:  # some are an OSError too
        raise
    except OSError as error:
        if error.errno == errno.ENOMEM:
            raise MemoryError(error.strerror) from error
        raise StoreError(
            f"cannot write: {error.strerror or error}",
            {"path": str(error.filename or place)},
            "free some space or correct the permissions, then run again; nothing was replaced",
        ) from error


def sha256_of(data: bytes) -> str:
    """Hex sha256 of some bytes."""
    return hashlib.sha256(data).hexdigest()


def fsync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def make_folder(folder: Path) -> None:
    """Create a folder and its parents durably; the ones that exist stay as they are."""
    missing = [place for place in (folder, *folder.parents) if not place.exists()]
    for place in reversed(missing):
        place.mkdir(exist_ok=True, mode=0o700)
        fsync_folder(place.parent)


def write_file(path: Path, data: bytes) -> None:
    """Write a new file durably, readable by its owner only; never through a symbolic link."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    with os.fdopen(os.open(path, flags, 0o600), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def replace_file(path: Path, data: bytes) -> None:
    """Replace a file in one step: a reader finds the old content or the new one."""
    handle, name = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    os.close(handle)
    beside = Path(name)
    try:
        beside.unlink()
        write_file(beside, data)
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
    fsync_folder(path.parent)


def replace_link(path: Path, target: str) -> None:
    """Point a symbolic link somewhere else in one step."""
    beside = Path(tempfile.mkdtemp(prefix=f".{path.name}-", dir=path.parent))
    try:
        (beside / "link").symlink_to(target)
        (beside / "link").replace(path)
    finally:
        shutil.rmtree(beside)
    fsync_folder(path.parent)


def write_beside(parent: Path, prefix: str, files: Mapping[str, bytes]) -> Path:
    """Write files into a new temporary folder in `parent`, durably; the caller renames it."""
    make_folder(parent)
    beside = Path(tempfile.mkdtemp(prefix=f"{prefix}-", dir=parent))
    try:
        for name, data in files.items():
            write_file(beside / name, data)
        fsync_folder(beside)
    except BaseException:
        shutil.rmtree(beside, ignore_errors=True)
        raise
    return beside


def rename_into_place(beside: Path, target: Path) -> None:
    """Give a finished folder its final name, durably."""
    make_folder(target.parent)
    beside.rename(target)
    fsync_folder(target.parent)


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold an exclusive lock between processes; the system drops it when the holder dies."""
    make_folder(path.parent)
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
