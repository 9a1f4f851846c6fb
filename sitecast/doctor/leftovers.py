"""Temporary files that killed processes left behind: harmless, never read, a day old or more."""

import datetime as dt
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

from sitecast.doctor.findings import Finding, Findings

OLD = dt.timedelta(days=1)
_ATTEMPT = re.compile(r"\d+-[a-z0-9_]{8}")
_BESIDE = re.compile(
    r"\.(HEAD|current\.json|current|page\.html|recalled\.json|.+\.eml|.+\.counts)-[a-z0-9_]{8}"
)
"""What store.files names the files it is about to rename."""
_FOLDERS = ("weeks/*/*/*", "publications", "publications/*", "outbox", "counted_weeks")


def leftovers(home: Path, now: dt.datetime) -> Findings:
    """One finding for all of them."""
    found = list(_found(home, now))
    if found:
        size = sum(_size(path) for path in found) / 1e6
        yield Finding("leftover", "warning", f"{len(found)} temporary files ({size:,.1f} MB) of "
                      f"processes that died, such as {found[0]}", "sitecast doctor --fix removes "
                      "them")  # fmt: skip


def remove_leftovers(home: Path, now: dt.datetime) -> list[Path]:
    """Remove them; returns what is gone. Nothing else is ever touched."""
    gone = []
    for path in _found(home, now):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
        if not path.exists():
            gone.append(path)
    return gone


def _found(home: Path, now: dt.datetime) -> Iterator[Path]:
    weeks, publications = home / "weeks", home / "publications"
    places = [
        *(path for path in weeks.glob("*/*/*/tmp/*") if _ATTEMPT.fullmatch(path.name)),
        *publications.glob(".new-*"),
        *(path for folder in _FOLDERS
          for path in home.glob(f"{folder}/.*-*") if _BESIDE.fullmatch(path.name)),
    ]  # fmt: skip
    for path in sorted(places):
        changed = dt.datetime.fromtimestamp(path.lstat().st_mtime, dt.UTC)
        if now - changed > OLD:
            yield path


def _size(path: Path) -> int:
    files = path.rglob("*") if path.is_dir() and not path.is_symlink() else [path]
    return sum(file.lstat().st_size for file in files)
