"""The files of one version: a Parquet file per table and a manifest a person can read."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeVar

import pandas as pd
import pyarrow as pa

from sitecast.errors import Corrupt
from sitecast.records.week_record import SCHEMA_VERSION, Provenance, WeekRecord
from sitecast.store.files import sha256_of
from sitecast.store.parquet import from_parquet, to_parquet

R = TypeVar("R", bound=WeekRecord)
MANIFEST = "manifest.json"
_FILE = re.compile(r"[a-z][a-z0-9_]*\.parquet")


class _StoredTables(Mapping[str, pd.DataFrame]):
    """Tables by name, decoded when they are asked for: few steps need all tables of a record."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self._files = dict(files)
        self._frames: dict[str, pd.DataFrame] = {}

    def __getitem__(self, name: str) -> pd.DataFrame:
        if name not in self._frames:
            # Two threads may both decode; setdefault lets them share one frame.
            self._frames.setdefault(name, from_parquet(self._files[name]))
        return self._frames[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._files)

    def __len__(self) -> int:
        return len(self._files)


def encode(record: WeekRecord) -> dict[str, bytes]:
    """The files of a record, by name; its manifest is the last one."""
    files = {f"{name}.parquet": to_parquet(record[name]) for name in sorted(record.tables)}
    manifest = {
        "asset": record.asset,
        "version": record.version,
        "schema": SCHEMA_VERSION,
        "provenance": asdict(record.provenance),
        "rows": {name: len(record[name]) for name in sorted(record.tables)},
        "content_hashes": record.content_hashes,
        "sha256": {name: sha256_of(data) for name, data in files.items()},
        "pyarrow": pa.__version__,
    }
    text = json.dumps(manifest, sort_keys=True, indent=1, allow_nan=False)
    return {**files, MANIFEST: text.encode()}


def read_files(place: Path) -> dict[str, bytes]:
    """Read a version's files from a folder, each checked against the manifest's sha256.

    Raises:
        Corrupt: a file is missing, is damaged, or the manifest cannot be read.
    """
    try:
        manifest = (place / MANIFEST).read_bytes()
        return checked_files(
            str(place),
            manifest,
            lambda names: {name: (place / name).read_bytes() for name in names},
        )
    except OSError as error:
        raise _damaged(str(place), str(error)) from error


def checked_files(
    place: str, manifest: bytes, read: Callable[[list[str]], Mapping[str, bytes]]
) -> dict[str, bytes]:
    """The files that a manifest names, read and checked against its sha256; the manifest is last.

    Args:
        place: where they lie, for the error.
        manifest: its bytes.
        read: gets files by name.
    Raises:
        Corrupt: a file is damaged, or the manifest cannot be read.
    """
    try:
        sums: dict[str, str] = json.loads(manifest)["sha256"]
        names = [name for name in sums if _FILE.fullmatch(name)]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise _damaged(place, str(error)) from error
    files = read(names)
    wrong = sorted(name for name in sums if sha256_of(files.get(name, b"")) != sums[name])
    if wrong:
        raise _damaged(place, f"sha256 differs: {', '.join(wrong)}")
    return {**files, MANIFEST: manifest}


def decode(record_type: type[R], files: Mapping[str, bytes]) -> R:
    """The record that read_files() found; its version follows from the manifest's hashes.

    Its tables are decoded when they are first asked for; what is no Parquet file is Corrupt then.
    """
    manifest: dict[str, Any] = json.loads(files[MANIFEST])
    tables = _StoredTables(
        {name.removesuffix(".parquet"): data for name, data in files.items() if name != MANIFEST}
    )
    try:
        record = record_type(Provenance(**manifest["provenance"]), tables)
        hashes = {name: manifest["content_hashes"][name] for name in sorted(tables)}
    except (KeyError, TypeError) as error:
        raise Corrupt(f"the manifest is damaged: {error}", {}, "run the week again") from error
    # The files are just what was hashed at the commit: hashing all values again would only cost.
    record.__dict__["content_hashes"] = hashes
    return record


def _damaged(place: str, problem: str) -> Corrupt:
    return Corrupt(f"a stored version is damaged: {problem}", {"path": place},
                   "run the week again: it is rebuilt from the same inputs")  # fmt: skip
