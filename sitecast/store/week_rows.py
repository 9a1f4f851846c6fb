"""Rows of the ledger about versions that lie in an object store: where they lie, which is newest.

What belongs here: SQL. What does not: objects (object_versions.py).
"""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from sitecast.store.schema import WEEK_HEADS, WEEK_VERSIONS
from sitecast.store.week_key import Head, WeekKey


def head(connection: sa.Connection, key: WeekKey) -> Head:
    """Where the pointer of a key stands."""
    query = sa.select(WEEK_HEADS.c.version, WEEK_HEADS.c.token).where(_mine(WEEK_HEADS, key))
    row = connection.execute(query).one_or_none()
    return Head(None, 0) if row is None else Head(row.version, int(row.token))


def move_head(connection: sa.Connection, key: WeekKey, to: Head) -> bool:
    """Move a pointer, unless an attempt with a higher token did; whether it was moved."""
    new = _insert(connection, WEEK_HEADS, key, version=to.version, token=to.token)
    fenced = new.on_conflict_do_update(
        index_elements=list(vars(key)),
        set_={"version": new.excluded.version, "token": new.excluded.token},
        where=WEEK_HEADS.c.token <= new.excluded.token,
    ).returning(WEEK_HEADS.c.token)
    return connection.execute(fenced).first() is not None


def place(connection: sa.Connection, key: WeekKey, version: str) -> int | None:
    """The token whose objects are a version."""
    mine = _mine(WEEK_VERSIONS, key) & (WEEK_VERSIONS.c.version == version)
    found = connection.scalar(sa.select(WEEK_VERSIONS.c.token).where(mine))
    return None if found is None else int(found)


def places(connection: sa.Connection, key: WeekKey) -> set[int]:
    """The tokens whose objects are versions."""
    return set(
        connection.scalars(sa.select(WEEK_VERSIONS.c.token).where(_mine(WEEK_VERSIONS, key)))
    )


def put_place(
    connection: sa.Connection, key: WeekKey, version: str, token: int, instead_of: int | None
) -> None:
    """Say where a version lies, unless somebody else said so meanwhile: readers may be there.

    Args:
        connection: a transaction.
        key: whose version.
        version: which.
        token: where it lies.
        instead_of: where it lay before, and was found damaged.
    """
    new = _insert(connection, WEEK_VERSIONS, key, version=version, token=token)
    seen = WEEK_VERSIONS.c.token == (-1 if instead_of is None else instead_of)
    connection.execute(new.on_conflict_do_update(
        index_elements=[*vars(key), "version"], set_={"token": new.excluded.token}, where=seen,
    ))  # fmt: skip


def _mine(table: sa.Table, key: WeekKey) -> sa.ColumnElement[bool]:
    return sa.and_(*(table.c[name] == value for name, value in vars(key).items()))


def _insert(connection: sa.Connection, table: sa.Table, key: WeekKey, **values: Any) -> Any:
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    return dialect.insert(table).values(**vars(key), **values)
