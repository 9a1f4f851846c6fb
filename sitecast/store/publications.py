"""Publish in one transaction: rows, outbox and pointer become visible together, or not at all."""

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import pandas as pd
import sqlalchemy as sa

from sitecast.errors import Overtaken
from sitecast.records.feed import FeedEvent, TableFacts
from sitecast.records.publication import Publication
from sitecast.store.feed import add_event, recall_of
from sitecast.store.ledger import Ledger, lock_pointers, point, pointer
from sitecast.store.outbox import OutboxRow, queue
from sitecast.store.schema import PUBLICATIONS, PUBLISHED

_ROWS_AT_ONCE = 20_000


def record_publication(
    ledger: Ledger,
    publication: Publication,
    tables: Mapping[str, pd.DataFrame],
    facts: tuple[str, TableFacts],
    messages: Callable[[FeedEvent], Iterable[OutboxRow]],
    before_commit: Callable[[], None],
) -> None:
    """Make a publication the current one.

    Args:
        ledger: where; the publication's plan must have been saved there.
        publication: what; its `supersedes` must still be current.
        tables: the published tables by name.
        facts: version of the contract the tables follow, and the rows and sums of each, for the
            feed.
        messages: what goes into the outbox with it, given its event in the feed.
        before_commit: the last step, while no other publisher can commit; an error in it takes
            everything back.
    Raises:
        Overtaken: another publication became current in the meantime.
    """
    row = {
        "publication_id": publication.publication_id, "plan_id": publication.plan_id,
        "published_at": publication.created, "supersedes": publication.supersedes,
        "versions": json.dumps(publication.versions, sort_keys=True),
    }  # fmt: skip
    with ledger.database.writing() as connection:
        lock_pointers(connection)
        current = pointer(connection, "publication")
        if current != publication.supersedes:
            raise Overtaken("another publication became current meanwhile",
                            {"publication_id": current}, "publish again")  # fmt: skip
        connection.execute(sa.insert(PUBLICATIONS), row)
        for name, table in PUBLISHED.items():
            _insert(connection, table, publication.publication_id, tables[name])
        point(connection, "publication", publication.publication_id)
        event = _tell(connection, publication, facts)
        queue(connection, messages(event), publication.created)
        before_commit()


def _tell(
    connection: sa.Connection, publication: Publication, facts: tuple[str, TableFacts]
) -> FeedEvent:
    at, version, tables = publication.created, *facts
    if publication.supersedes is not None:
        add_event(connection, "superseded", publication.supersedes, at)
    return add_event(connection, "published", publication.publication_id, at,
                     contract_version=version, tables=tables)  # fmt: skip


def current_publication_id(ledger: Ledger) -> str | None:
    """The publication that readers see, if any."""
    with ledger.database.reading() as connection:
        return pointer(connection, "publication")


def publication_row(ledger: Ledger, publication_id: str) -> Mapping[str, Any] | None:
    """What the ledger keeps about a publication, if there is one."""
    query = sa.select(PUBLICATIONS).where(PUBLICATIONS.c.publication_id == publication_id)
    with ledger.database.reading() as connection:
        row = connection.execute(query).mappings().one_or_none()
    return None if row is None else dict(row)


def recall_event(ledger: Ledger, publication_id: str) -> FeedEvent | None:
    """The event that recalled a publication, if it was recalled."""
    with ledger.database.reading() as connection:
        return recall_of(connection, publication_id)


def _insert(
    connection: sa.Connection, table: sa.Table, publication_id: str, frame: pd.DataFrame
) -> None:
    names = [column.name for column in table.columns if column.name != "publication_id"]
    for start in range(0, len(frame), _ROWS_AT_ONCE):
        part = frame.iloc[start : start + _ROWS_AT_ONCE]
        columns = [[publication_id] * len(part), *(_plain_values(part[name]) for name in names)]
        if connection.dialect.name == "sqlite":
            _insert_sqlite(connection, table, ["publication_id", *names], columns)
            continue
        keys = ["publication_id", *names]
        rows = [dict(zip(keys, values, strict=True)) for values in zip(*columns, strict=True)]
        connection.execute(sa.insert(table), rows)


def _insert_sqlite(
    connection: sa.Connection, table: sa.Table, names: list[str], columns: list[list[Any]]
) -> None:
    """The driver's own executemany: a dictionary per row would take three times as long."""
    dialect = connection.dialect
    for place, name in enumerate(names):
        convert = table.c[name].type.dialect_impl(dialect).bind_processor(dialect)
        if convert is not None:
            made = {value: convert(value) for value in set(columns[place])}  # few days, many rows
            columns[place] = [made[value] for value in columns[place]]
    statement = sa.insert(table).values({name: sa.bindparam(name) for name in names})
    rows = list(zip(*columns, strict=True))
    connection.exec_driver_sql(str(statement.compile(dialect=dialect)), rows)


def _plain_values(column: pd.Series) -> list[Any]:
    """Values a database driver understands; None where a cell is empty."""
    if column.dtype.kind == "f" and not column.hasnans:
        plain: list[Any] = column.tolist()
        return plain
    if column.dtype.kind not in "MO":
        return column.astype(object).where(column.notna(), None).tolist()
    places, found = pd.factorize(column)  # few days and texts, many rows
    plain = [value.date() if column.dtype.kind == "M" else value for value in found]
    plain.append(None)  # a place of -1, the last, is an empty cell
    return [plain[place] for place in places.tolist()]
