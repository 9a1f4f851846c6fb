"""The ledger's database: SQLite (WAL) or PostgreSQL, opened the same way in every process.

What belongs here: engine, transactions, locks between processes. What does not: tables (schema.py)
and what is done with them (ledger.py, publications.py, outbox.py).
"""

import contextlib
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, OperationalError
from sqlalchemy.pool import NullPool

from sitecast.errors import SettingsError, StoreUnavailable
from sitecast.store.files import locked, written_or_store_error

BUSY_TIMEOUT_MS = 30_000
# SQLite calls a failing mmap a disk error; the ledger is on a disk that has mapped it before.
OUT_OF_MEMORY = (sqlite3.SQLITE_IOERR_SHMMAP, sqlite3.SQLITE_IOERR_NOMEM)


class Database:
    """One database by URL. Holds no connection between calls: a process may fork at any time."""

    def __init__(self, url: str) -> None:
        self.url = _checked(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self._engine = _engine(self.url)
        if self.is_sqlite:
            sa.event.listen(self._engine, "connect", _set_up_sqlite)
            sa.event.listen(self._engine, "begin", _begin_sqlite)

    def prepare(self) -> None:
        """SQLite: a file for its owner alone, and readers that never wait for a writer."""
        if self.is_sqlite:
            os.close(os.open(self._file, os.O_CREAT | os.O_CLOEXEC, 0o600))
            with _database_errors(), self._engine.connect() as connection:
                driver = connection.connection.driver_connection
                if driver is not None:
                    driver.execute("PRAGMA journal_mode = WAL")

    @contextlib.contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """A consistent view of the database."""
        with _database_errors(), self._engine.connect() as connection:
            isolation = {} if self.is_sqlite else {"isolation_level": "REPEATABLE READ"}
            with connection.execution_options(**isolation).begin():
                yield connection

    @contextlib.contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """One transaction; commits at the end, and takes everything back on an error."""
        with _database_errors(), self._engine.connect() as connection:
            writer = connection.execution_options(sitecast_writes=True)
            with writer.begin():
                yield writer

    @contextlib.contextmanager
    def exclusive(self, name: str) -> Iterator[None]:
        """Hold a named lock between processes; dropped when its holder dies."""
        if self.is_sqlite:
            with written_or_store_error(self._file), locked(self._file.with_suffix(f".{name}")):
                yield
            return
        with _database_errors(), self._engine.connect() as opened:
            # No transaction: servers end those that idle, and the lock would go with it unseen.
            connection = opened.execution_options(isolation_level="AUTOCOMMIT")
            key = int.from_bytes(f"sitecast:{name}".encode()[-8:], "big", signed=True)
            connection.execute(sa.select(sa.func.pg_advisory_lock(key)))
            yield  # the lock belongs to the connection, which ends with this block

    @property
    def _file(self) -> Path:
        return Path(str(self.url.database)).resolve()


def _checked(url: str) -> URL:
    remedy = "use sqlite:///<absolute path> or postgresql+psycopg2://user:password@host/database"
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise SettingsError("not a database URL", {}, remedy) from error
    in_memory = parsed.get_backend_name() == "sqlite" and parsed.database in (None, "", ":memory:")
    if parsed.get_backend_name() not in ("sqlite", "postgresql") or in_memory:
        raise SettingsError("the ledger needs a SQLite file or PostgreSQL",
                            {"database": parsed.get_backend_name()}, remedy)  # fmt: skip
    return parsed


def _engine(url: URL) -> sa.Engine:
    try:
        return sa.create_engine(url, poolclass=NullPool, hide_parameters=True)
    except (ImportError, ArgumentError) as error:
        raise SettingsError(
            f"cannot open a database by this URL ({type(error).__name__})",
            {"database": url.get_backend_name()},
            "install its driver: pip install 'sitecast[postgres]'",
        ) from None


@contextlib.contextmanager
def _database_errors() -> Iterator[None]:
    """Turn what another try may cure into a transient error that names no secret."""
    try:
        yield
    except (OperationalError, DBAPIError) as error:
        if getattr(error.orig, "sqlite_errorcode", None) in OUT_OF_MEMORY:
            raise MemoryError(f"the ledger's database cannot be mapped: {error.orig}") from error
        if not (isinstance(error, OperationalError) or error.connection_invalidated):
            raise
        raise StoreUnavailable(
            f"the ledger's database does not answer: {error.orig}",
            {},
            "check that it runs and that the disk has space; the run is tried again",
        ) from error


def _set_up_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # the driver begins nothing by itself: we say BEGIN
    connection.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA synchronous = FULL")


def _begin_sqlite(connection: sa.Connection) -> None:
    # A writer takes its lock at once: a reader that turned writer could only fail half-way.
    writes = connection.get_execution_options().get("sitecast_writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
