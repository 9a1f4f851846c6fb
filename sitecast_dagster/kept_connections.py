"""Keeps connections to Dagster's SQLite files open from one statement to the next.

What belongs here: the functions of Dagster's storage that are replaced (pinned, and held by
tests/orchestration/test_private_interfaces.py). What does not: what is stored, and how safely:
transactions and their durability stay as they are; files of new runs (run_databases.py).

For each of the 60 events of a week Dagster makes an engine, opens the file, and closes it, and the
last one to close a file writes its journal back and waits for the disk. Kept open, an event costs
a third of the processor's and a quarter of the disk's time.
"""

import functools
import os
import sqlite3
from contextlib import suppress
from importlib import import_module
from multiprocessing.util import Finalize
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.pool import NullPool

from sitecast_dagster.run_databases import begin_run_database, revisions

STORAGES = (
    "dagster._core.storage.event_log.sqlite.sqlite_event_log",
    "dagster._core.storage.runs.sqlite.sqlite_run_storage",
    "dagster._core.storage.schedules.sqlite.sqlite_schedule_storage",
)
"""Modules that call `create_engine(url, poolclass=NullPool, …)` for every statement."""

PATIENCE_SECONDS = 60.0
"""So long a statement waits while another process holds the file; SQLite's own 5 s lose runs."""

MOST_KEPT = 16
"""So many that nobody uses stay open in a process: each holds three files, and there is one for
every run that a daemon ever told something about."""

_unused: dict[int, list["_Kept"]] = {}
"""Connections nobody uses now, latest last, by process: a fork must not use its parent's."""


def keep_connections() -> None:
    """From now on, this process and its forks keep what they open until they end."""
    for name in STORAGES:
        replaced = {"create_engine": _create_engine, "check_alembic_revision": revisions}
        vars(import_module(name)).update(replaced)


def close_unused(most: int = 0) -> None:
    """Close what this process keeps open and does not use, but for so many of them."""
    unused = _of_this_process()
    while len(unused) > most:
        with suppress(IndexError):
            unused.pop(0).close_at_last()


def _create_engine(url: str, poolclass: Any, connect_args: Any = None) -> sa.Engine:
    if poolclass is not NullPool:
        raise TypeError("Dagster's SQLite storage has changed: see sitecast_dagster")
    return _engine(url, max((connect_args or {}).get("timeout", 0.0), PATIENCE_SECONDS))


@functools.lru_cache(maxsize=MOST_KEPT)
def _engine(url: str, timeout: float) -> sa.Engine:
    path = str(sa.make_url(url).database)
    return sa.create_engine(url, poolclass=NullPool, creator=lambda: _open(path, timeout))


def _open(path: str, timeout: float) -> "_Kept":
    unused = _of_this_process()
    for kept in reversed(unused.copy()):
        if kept.path == path:
            with suppress(ValueError):  # another thread was faster
                unused.remove(kept)
                return kept
    begin_run_database(Path(path))
    connection = sqlite3.connect(path, timeout, factory=_Kept, check_same_thread=False)
    connection.path = path
    return connection


def _of_this_process() -> list["_Kept"]:
    if os.getpid() not in _unused:
        _unused[os.getpid()] = []
        Finalize(None, close_unused, exitpriority=0)
    return _unused[os.getpid()]


class _Kept(sqlite3.Connection):
    """A connection that is put aside instead of closed."""

    path: str

    def close(self) -> None:
        if self.in_transaction:
            self.rollback()
        _of_this_process().append(self)
        close_unused(MOST_KEPT)

    def close_at_last(self) -> None:
        super().close()
