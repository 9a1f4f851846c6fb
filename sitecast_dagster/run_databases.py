"""The SQLite file of a new run begins as a copy of an empty one.

What belongs here: making that file, and putting a copy where a run's shall be (private names of
Dagster, held by tests/orchestration/test_private_interfaces.py). What does not: what is stored.

Dagster makes the file of each run by 40 statements, each synced to the disk, and reads its 40
migration scripts to do so, once more in every process that opens the file: two thirds of what it
costs to record a run.
"""

import functools
import os
import tempfile
from contextlib import suppress
from pathlib import Path
from uuid import UUID

import sqlalchemy as sa
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from dagster._core.storage.event_log.sqlite.sqlite_event_log import SqliteEventLogStorage
from sqlalchemy.pool import NullPool

from sitecast.store.files import fsync_folder, write_file

Revision = str | tuple[str, ...] | None


def begin_run_database(path: Path) -> None:
    """Put an empty database where a run's shall be, unless there is one or it is no run's."""
    if path.exists() or not _is_of_a_run(path):
        return
    beside = path.with_name(f".{path.name}-{os.getpid()}")
    try:
        write_file(beside, empty_run_database())
        with suppress(FileExistsError):  # another process was faster
            os.link(beside, path)
    finally:
        beside.unlink(missing_ok=True)
    fsync_folder(path.parent)


@functools.cache
def empty_run_database() -> bytes:
    """What Dagster makes for a run that has no events yet."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "index.db").touch()  # else it would make that too
        storage = SqliteEventLogStorage(folder)
        url = storage.conn_string_for_shard("empty")
        storage._initdb(sa.create_engine(url, poolclass=NullPool))
        return Path(storage.path_for_shard("empty")).read_bytes()


def revisions(config: Config, connection: sa.Connection) -> tuple[str | None, Revision]:
    """Which schema a database has, and the newest: as Dagster finds them, its scripts read once."""
    location = config.get_main_option("script_location")
    return MigrationContext.configure(connection).get_current_revision(), _newest(str(location))


@functools.cache
def _newest(location: str) -> Revision:
    config = Config()
    config.set_main_option("script_location", location)
    return ScriptDirectory.from_config(config).as_revision_number("head")


def _is_of_a_run(path: Path) -> bool:
    with suppress(ValueError):
        return str(UUID(path.stem)) == path.stem
    return False
