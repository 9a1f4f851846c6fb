"""Where files lie: a folder of this machine, or a place in an object store by URL.

What belongs here: the few operations that both kinds offer, each whole or not at all. What does
not: what is kept there, and how a machine's own files are made durable (files.py).
"""

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Union

from sitecast.errors import SettingsError, SitecastError, StoreError, StoreUnavailable
from sitecast.store import files as local
from sitecast.store.database import Database

if TYPE_CHECKING:
    from upath import UPath

Place = Union[Path, "UPath"]


def open_place(url: str) -> "UPath":
    """A place in an object store by its URL, such as s3://bucket/folder; not looked at yet.

    Raises:
        SettingsError: not a URL of an object store, or its driver is not installed.
    """
    import fsspec  # takes its time, and most installations have a folder
    from upath import UPath

    protocol = url.partition("://")[0]
    if protocol == url or protocol in ("file", "local", "memory"):
        raise SettingsError(
            "not the URL of an object store", {}, "write it like s3://bucket/folder"
        )
    try:
        fsspec.get_filesystem_class(protocol)
    except (ImportError, ValueError) as error:
        raise SettingsError(
            f"cannot open an object store by this URL ({type(error).__name__})",
            {"protocol": protocol},
            "install its driver: pip install 'sitecast[s3]'",
        ) from None
    # Another process may write at any time: what was listed once may be out of date.
    return UPath(url, use_listings_cache=False)


def require_reachable(url: str) -> None:
    """Look whether an object store answers and lets us in; reads only.

    Raises:
        SettingsError: not a URL of an object store.
        StoreError: there is no such bucket, or these credentials may not read it.
        StoreUnavailable: no answer.
    """
    place = open_place(url)
    bucket = place.path.partition("/")[0]
    with object_errors(str(place)):
        if not (place.fs.exists(place.path) or place.fs.exists(bucket)):
            raise FileNotFoundError(f"there is no bucket {bucket}")


def replace_file(path: Place, data: bytes) -> None:
    """Replace a file in one step: a reader finds the old content or the new one."""
    if isinstance(path, Path):
        local.replace_file(path, data)
    else:
        path.fs.pipe_file(path.path, data)


def put_folder(place: Place, files: Mapping[str, bytes], beside: str) -> None:
    """Write a folder that is not there yet, or was left unfinished: whole, or not to be seen.

    Args:
        place: its name.
        files: by name; a folder of objects counts as there once it has the last one.
        beside: how its name begins on a disk while it is written.
    """
    if isinstance(place, Path):
        written = local.write_beside(place.parent, beside, files)
        local.rename_into_place(written, place)
        return
    *first, last = files
    place.fs.pipe({f"{place.path}/{name}": files[name] for name in first})
    place.fs.pipe_file(f"{place.path}/{last}", files[last])


@contextlib.contextmanager
def alone(place: Place, database: Database) -> Iterator[None]:
    """Let one process at a time change what lies in a place; errors of either kind are ours."""
    if isinstance(place, Path):
        with local.written_or_store_error(place), local.locked(place / ".lock"):
            yield
        return
    with object_errors(str(place)), database.exclusive(f"place-{place.name}"):
        yield


@contextlib.contextmanager
def object_errors(place: str) -> Iterator[None]:
    """One error for all that filesystems raise; each has exceptions of its own."""
    try:
        yield
    except SitecastError:
        raise
    except (FileNotFoundError, PermissionError) as error:
        raise StoreError(
            f"the object store refuses: {error}", {"path": place},
            "check that the bucket exists and that these credentials may read and write it",
        ) from error  # fmt: skip
    except Exception as error:
        raise StoreUnavailable(
            f"the object store does not answer: {type(error).__name__}: {error}",
            {"path": place},
            "check its address and credentials; the run is tried again",
        ) from error
