"""The change feed in the ledger's database: events are added where pointers move, never changed.

Whoever adds one holds the pointers (lock_pointers), so numbers have no gaps and become visible in
their order: a reader that has seen number n has missed none below it.
"""

import datetime as dt
import json
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from sitecast.records.feed import EventKind, FeedEvent, TableFacts
from sitecast.store.schema import FEED, POINTERS, PUBLICATIONS


def add_event(
    connection: sa.Connection, event: EventKind, publication_id: str, at: dt.datetime, **facts: Any
) -> FeedEvent:
    """Add an event about a publication; its plan and tables are looked up where not given.

    Args:
        connection: a transaction that holds the pointers, and has moved them already.
        event: what happened.
        publication_id: to which publication.
        at: when.
        facts: contract_version and tables of a new publication; why one was recalled.
    """
    last = connection.scalar(sa.select(sa.func.max(FEED.c.seq)))
    current = connection.scalar(sa.select(POINTERS.c.value).where(POINTERS.c.name == "publication"))
    known = {"plan_id": _plan_id(connection, publication_id),
             **_published(connection, publication_id)}  # fmt: skip
    made = FeedEvent(seq=(last or 0) + 1, event=event, publication_id=publication_id, at=at,
                     current_publication_id=current, **(known | facts))  # fmt: skip
    row = {**vars(made), "tables": json.dumps(made.tables, sort_keys=True)}
    connection.execute(sa.insert(FEED), row)
    return made


def events_since(connection: sa.Connection, since: int) -> list[FeedEvent]:
    """Events with a number above `since`, in order."""
    query = sa.select(FEED).where(FEED.c.seq > since).order_by(FEED.c.seq)
    return [_event(row) for row in connection.execute(query).mappings()]


def recall_of(connection: sa.Connection, publication_id: str) -> FeedEvent | None:
    """The event that recalled a publication, if it was recalled."""
    mine = (FEED.c.publication_id == publication_id) & (FEED.c.event == "recalled")
    row = connection.execute(sa.select(FEED).where(mine)).mappings().one_or_none()
    return None if row is None else _event(row)


def recalled() -> sa.Select[tuple[str]]:
    """Ids of all recalled publications, as a query."""
    return sa.select(FEED.c.publication_id).where(FEED.c.event == "recalled")


def begin_feed(connection: sa.Connection) -> None:
    """Tell of publications that are older than the feed, once."""
    if connection.scalar(sa.select(sa.func.count()).select_from(FEED)):
        return
    order = (PUBLICATIONS.c.published_at, PUBLICATIONS.c.publication_id)
    older = connection.execute(sa.select(PUBLICATIONS).order_by(*order)).mappings().all()
    rows = [
        {"seq": seq, "event": "published", "publication_id": row["publication_id"],
         "plan_id": row["plan_id"], "at": row["published_at"],
         "current_publication_id": row["publication_id"], "contract_version": "",
         "tables": "{}", "why": ""}
        for seq, row in enumerate(older, start=1)
    ]  # fmt: skip
    if rows:
        connection.execute(sa.insert(FEED), rows)


def _plan_id(connection: sa.Connection, publication_id: str) -> str:
    mine = PUBLICATIONS.c.publication_id == publication_id
    return str(connection.scalar(sa.select(PUBLICATIONS.c.plan_id).where(mine)))


def _published(connection: sa.Connection, publication_id: str) -> dict[str, str | TableFacts]:
    mine = (FEED.c.publication_id == publication_id) & (FEED.c.event == "published")
    query = sa.select(FEED.c.contract_version, FEED.c.tables).where(mine)
    row = connection.execute(query).mappings().one_or_none()
    if row is None:  # it is being published now, or an earlier sitecast did
        return {"contract_version": "", "tables": {}}
    return {"contract_version": row["contract_version"], "tables": json.loads(row["tables"])}


def _event(row: Mapping[Any, Any]) -> FeedEvent:
    return FeedEvent(**{**row, "tables": json.loads(row["tables"])})
