"""Recall in one transaction: pointer, feed, withdrawn messages and notices change together."""

import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from sitecast.errors import NotFound
from sitecast.records.feed import FeedEvent
from sitecast.store.feed import add_event, recall_of, recalled
from sitecast.store.ledger import Ledger, lock_pointers, point, pointer
from sitecast.store.outbox import OutboxRow, queue, told, withdraw_recalled
from sitecast.store.schema import PUBLICATIONS


@dataclass(frozen=True)
class RecordedRecall:
    """The event, and what the call found."""

    event: FeedEvent
    found: str
    """`current`, `superseded` or `recalled`: what the publication was before the call."""


def record_recall(
    ledger: Ledger,
    publication_id: str,
    why: str,
    now: dt.datetime,
    notices: Callable[[FeedEvent, Sequence[OutboxRow]], Iterable[OutboxRow]],
    before_commit: Callable[[FeedEvent], None],
) -> RecordedRecall:
    """Recall a publication; the last one that was not recalled becomes current where it was.

    Args:
        ledger: where.
        publication_id: which; recalled already, it stays as it is.
        why: the reason, for the feed.
        now: when.
        notices: what goes into the outbox, given the event and the emails that were sent.
        before_commit: the last step, while no publisher can commit; an error in it takes
            everything back.
    Raises:
        NotFound: no such publication.
    """
    with ledger.database.writing() as connection:
        lock_pointers(connection)
        _require(connection, publication_id)
        known = recall_of(connection, publication_id)
        if known is not None:
            return RecordedRecall(known, "recalled")
        was_current = pointer(connection, "publication") == publication_id
        if was_current:
            point(connection, "publication", _last_good(connection, publication_id))
        event = add_event(connection, "recalled", publication_id, now, why=why)
        emails = told(connection, publication_id, "email")
        withdraw_recalled(connection)
        queue(connection, notices(event, emails), now)
        before_commit(event)
    return RecordedRecall(event, "current" if was_current else "superseded")


def _require(connection: sa.Connection, publication_id: str) -> None:
    mine = PUBLICATIONS.c.publication_id == publication_id
    if connection.scalar(sa.select(PUBLICATIONS.c.plan_id).where(mine)) is None:
        raise NotFound("no such publication", {"publication_id": publication_id},
                       "see `sitecast show publications`")  # fmt: skip


def _last_good(connection: sa.Connection, publication_id: str) -> str | None:
    """What a publication superseded, or that one, …: the first that was not recalled."""
    rows = connection.execute(sa.select(PUBLICATIONS.c.publication_id, PUBLICATIONS.c.supersedes))
    supersedes = {row.publication_id: row.supersedes for row in rows}
    wrong = set(connection.scalars(recalled()))
    last: str | None = supersedes[publication_id]
    while last is not None and last in wrong:
        last = supersedes[last]
    return last
