"""Where files lie: a folder of this machine, or a place in an object store by URL.

What belongs here: opening a place. What does not: what is kept there.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Union

from sitecast.errors import SettingsError

if TYPE_CHECKING:
    from upath import UPath

Place = Union[Path, "UPath"]


def open_place(url: str) -> Place:
    """A place by its URL, such as s3://bucket/folder; nothing is looked at yet.

    Raises:
        SettingsError: not a URL of an object store, or its driver is not installed.
    """
    from upath import UPath  # fsspec takes its time, and most installations have a folder

    protocol = url.partition("://")[0]
    if protocol == url or protocol in ("file", "local", "memory"):
        raise SettingsError(
            "not the URL of an object store", {}, "write it like s3://bucket/folder"
        )
    try:
        # Another process may write at any time: what was listed once may be out of date.
        place = UPath(url, use_listings_cache=False)
        _ = place.fs
    except (ImportError, ValueError) as error:
        raise SettingsError(
            f"cannot open an object store by this URL ({type(error).__name__})",
            {"protocol": protocol},
            "install its driver: pip install 'sitecast[s3]'",
        ) from None
    return place
