"""The outbox: one row per message and recipient, its bytes frozen when queued (R10).

    pending → sending → sent        accepted by the server
                      → pending     a transient error: tried again after a while
                      → refused     refused for good          → dead   given up after many tries
                      → held        may have been accepted; a person decides (settle)
    pending → withdrawn             the publication was recalled before the message went out

Emails and webhooks are told apart by their channel, and delivered under a lock each: an endpoint
that hangs keeps no email waiting.

What belongs here: the rows and their states. What does not: how a message is sent
(publish/mailers.py) and what follows from a failure (publish/deliver.py).
"""

import datetime as dt
from collections.abc import Collection, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Literal

import sqlalchemy as sa

from sitecast.store.database import Database
from sitecast.store.feed import recalled
from sitecast.store.schema import OUTBOX

Status = Literal["pending", "sending", "sent", "refused", "dead", "held", "withdrawn"]
Medium = Literal["email", "webhook"]
RECALL = "-recalled"
"""Ends the channel of a message that tells of a recall."""
ANNOUNCING = ("email", "webhook")
"""Channels of messages that tell of a publication."""


@dataclass(frozen=True)
class OutboxRow:
    """One message to one recipient."""

    message_id: str
    publication_id: str | None
    """What it is about; None for an alert."""
    channel: str
    recipient: str
    sender: str
    message: bytes
    attempts: int = 0
    last_error: str = ""


def queue(connection: sa.Connection, rows: Iterable[OutboxRow], now: dt.datetime) -> None:
    """Add messages, inside the transaction that publishes what they are about."""
    new = [{**vars(row), "status": "pending", "queued_at": now, "next_try_at": now} for row in rows]
    if new:
        connection.execute(sa.insert(OUTBOX), new)


def withdraw_recalled(connection: sa.Connection) -> None:
    """Take back the news of recalled publications where it still waits to be sent."""
    announces = OUTBOX.c.channel.in_(ANNOUNCING)
    stale = (OUTBOX.c.status == "pending") & announces & OUTBOX.c.publication_id.in_(recalled())
    connection.execute(sa.update(OUTBOX).where(stale).values(status="withdrawn"))


def settle(
    database: Database, status: Literal["pending", "withdrawn"], now: dt.datetime,
    only: Collection[str] = (),
) -> list[str]:  # fmt: skip
    """A person's decision about messages that did not go out: once more, or never.

    Args:
        database: the ledger's.
        status: `pending`: tried again from now on; `withdrawn`: never.
        now: when the next try is due.
        only: names of messages; all that are held, refused or given up when empty.
    Returns:
        The names of those it changed.
    """
    mine = OUTBOX.c.status.in_(("held", "refused", "dead")) & sa.or_(
        sa.literal(not only), OUTBOX.c.message_id.in_(only)
    )
    # Not zero: a recall tells everybody whom a message may have reached.
    retried = {"attempts": 1, "next_try_at": now} if status == "pending" else {}
    with database.writing() as connection:
        found = list(connection.scalars(sa.select(OUTBOX.c.message_id).where(mine)))
        connection.execute(sa.update(OUTBOX).where(mine).values(status=status, **retried))
    return found


def told(connection: sa.Connection, publication_id: str, channel: str) -> list[OutboxRow]:
    """Messages about a publication that may have reached their recipient."""
    tried = (OUTBOX.c.attempts > 0) & (OUTBOX.c.status != "refused")
    mine = (OUTBOX.c.publication_id == publication_id) & (OUTBOX.c.channel == channel)
    query = _rows().where(mine & tried).order_by(OUTBOX.c.recipient)
    return [OutboxRow(**row) for row in connection.execute(query).mappings()]


class Outbox:
    """The rows of one medium that wait in a ledger's database."""

    def __init__(self, database: Database, medium: Medium = "email") -> None:
        self._database, self._medium = database, medium
        webhook = OUTBOX.c.channel.like("webhook%")
        self._mine = webhook if medium == "webhook" else sa.not_(webhook)

    def exclusive(self) -> AbstractContextManager[None]:
        """Deliver alone: while this is held, a row in `sending` was left by a process that died."""
        return self._database.exclusive("outbox" if self._medium == "email" else "webhooks")

    def rows(self, status: Status, due: dt.datetime | None = None) -> list[OutboxRow]:
        """Rows of a status by age and recipient; with `due`, those whose next try has come."""
        query = _rows().where(self._mine & (OUTBOX.c.status == status))
        if due is not None:
            query = query.where(OUTBOX.c.next_try_at <= due)
        query = query.order_by(OUTBOX.c.queued_at, OUTBOX.c.recipient, OUTBOX.c.message_id)
        with self._database.reading() as connection:
            return [OutboxRow(**row) for row in connection.execute(query).mappings()]

    def due(self, now: dt.datetime) -> list[OutboxRow]:
        """Rows that need a delivery: their time has come, or a process died while sending them.

        While another process delivers, the row it is sending is among them.
        """
        return [*self.rows("pending", due=now), *self.rows("sending")]

    def claim(self, row: OutboxRow) -> bool:
        """Mark a pending row as `sending`; false when it was withdrawn in the meantime."""
        mine = (OUTBOX.c.message_id == row.message_id) & (OUTBOX.c.status == "pending")
        change = sa.update(OUTBOX).where(mine).values(status="sending", attempts=row.attempts + 1)
        with self._database.writing() as connection:
            return connection.execute(change).rowcount == 1

    def withdraw(self) -> None:
        """Take back what waits to be sent about recalled publications."""
        with self._database.writing() as connection:
            withdraw_recalled(connection)

    def mark(self, row: OutboxRow, status: Status, **facts: Any) -> None:
        """Record what happened to a row, durably, before anything else is done.

        What was sent stays sent: a process that lost its lock may still answer for a row.
        """
        mine = (OUTBOX.c.message_id == row.message_id) & (OUTBOX.c.status != "sent")
        with self._database.writing() as connection:
            connection.execute(sa.update(OUTBOX).where(mine).values(status=status, **facts))


def _rows() -> sa.Select[Any]:
    return sa.select(*[OUTBOX.c[name] for name in OutboxRow.__dataclass_fields__])
