"""A lock per run that machines share: it belongs to a connection to Dagster's PostgreSQL.

What belongs here: holding it, and looking whether anybody does. What does not: what follows when
nobody does (worker_launcher.py). The server drops the lock when the process dies, and within
seconds when the machine is gone or cut off: it asks the other end whether it still lives.
"""

import threading
from typing import Any
from uuid import UUID

import dagster as dg
import sqlalchemy as sa

# Settings of the session: the server gives a silent machine up after 3 + 3 × 1 seconds.
_KEEPALIVE = "-c tcp_keepalives_idle=3 -c tcp_keepalives_interval=1 -c tcp_keepalives_count=3"
_LOOK_SECONDS = 1.0
_HELD = sa.text(
    "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 1 AND "
    "database = (SELECT oid FROM pg_database WHERE datname = current_database()) AND "
    "classid::bigint = :high AND objid::bigint = :low"
)


def database_of(instance: dg.DagsterInstance) -> str | None:
    """The URL of an instance's PostgreSQL database; None where it has none."""
    url: str | None = getattr(instance.run_storage, "postgres_url", None)
    return url


def is_held(url: str, run_id: str) -> bool:
    """Whether a process on any machine holds the lock of a run."""
    high, low = divmod(_number(run_id) % 2**64, 2**32)
    with _engine(url).connect() as connection:
        return bool(connection.scalar(_HELD, {"high": high, "low": low}))


class SharedLock:
    """Holds the lock of a run until drop(), or the end of this process, whatever ends it."""

    def __init__(self, url: str, run_id: str) -> None:
        self._engine, self._number = _engine(url), _number(run_id)
        self._dropped = threading.Event()
        self._connection: sa.Connection | None = self._taken()
        threading.Thread(target=self._keep, daemon=True, name="run-lock").start()

    def drop(self) -> None:
        """The run has ended in this process."""
        self._dropped.set()
        if self._connection is not None:
            self._connection.close()

    def _taken(self) -> sa.Connection | None:
        try:
            connection = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
            connection.execute(sa.select(sa.func.pg_advisory_lock(self._number)))
        except sa.exc.OperationalError:
            return None
        return connection

    def _keep(self) -> None:
        """Take it again after the server was started anew: its locks are gone then."""
        while not self._dropped.wait(_LOOK_SECONDS):
            try:
                if self._connection is None:
                    self._connection = self._taken()
                else:
                    self._connection.execute(sa.select(1))
            except sa.exc.SQLAlchemyError:
                self._connection = None


def _engine(url: str) -> sa.Engine:
    options: dict[str, Any] = {"options": _KEEPALIVE, "connect_timeout": 5}
    return sa.create_engine(
        url, poolclass=sa.pool.NullPool, hide_parameters=True, connect_args=options
    )


def _number(run_id: str) -> int:
    return int.from_bytes(UUID(run_id).bytes[:8], "big", signed=True)
