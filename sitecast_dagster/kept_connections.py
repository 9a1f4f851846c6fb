"""Keeps connections to Dagster's SQLite files open from one statement to the next.

What belongs here: the one function of Dagster's storage that is replaced (pinned, and held by
tests/orchestration/test_private_interfaces.py). What does not: what is stored, and how safely:
transactions and their durability stay as they are.

For each of the 60 events of a week Dagster makes an engine, opens the file, and closes it, and the
last one to close a file writes its journal back and waits for the disk. Kept open, an event costs
a third of the processor's and a quarter of the disk's time.
"""

import functools
import os
import sqlite3
from collections import defaultdict
from importlib import import_module
from multiprocessing.util import Finalize
from typing import Any

import sqlalchemy as sa
from sqlalchemy.pool import NullPool

STORAGES = (
    "dagster._core.storage.event_log.sqlite.sqlite_event_log",
    "dagster._core.storage.runs.sqlite.sqlite_run_storage",
    "dagster._core.storage.schedules.sqlite.sqlite_schedule_storage",
)
"""Modules that call `create_engine(url, poolclass=NullPool, …)` for every statement."""

PATIENCE_SECONDS = 60.0
"""So long a statement waits while another process holds the file; SQLite's own 5 s lose runs."""

_free: dict[tuple[int, str], list["_Kept"]] = defaultdict(list)
"""Connections nobody uses now, by process (a fork must not use its parent's) and file."""


def keep_connections() -> None:
    """From now on, this process and its forks keep what they open until they end."""
    for name in STORAGES:
        vars(import_module(name))["create_engine"] = _create_engine


def _create_engine(url: str, poolclass: Any, connect_args: Any = None) -> sa.Engine:
    if poolclass is not NullPool:
        raise TypeError("Dagster's SQLite storage has changed: see sitecast_dagster")
    return _engine(url, max((connect_args or {}).get("timeout", 0.0), PATIENCE_SECONDS))


@functools.cache
def _engine(url: str, timeout: float) -> sa.Engine:
    path = str(sa.make_url(url).database)
    return sa.create_engine(url, poolclass=NullPool, creator=lambda: _open(path, timeout))


def _open(path: str, timeout: float) -> "_Kept":
    free = _free[os.getpid(), path]
    if free:
        return free.pop()
    if not any(process == os.getpid() and kept for (process, _), kept in _free.items()):
        Finalize(None, _close_all, exitpriority=0)
    connection = sqlite3.connect(path, timeout, factory=_Kept, check_same_thread=False)
    connection.path = path
    return connection


def _close_all() -> None:
    for (process, _), connections in _free.items():
        while process == os.getpid() and connections:
            connections.pop().close_at_last()


class _Kept(sqlite3.Connection):
    """A connection that is put aside instead of closed."""

    path: str

    def close(self) -> None:
        if self.in_transaction:
            self.rollback()
        _free[os.getpid(), self.path].append(self)

    def close_at_last(self) -> None:
        super().close()
