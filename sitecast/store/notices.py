"""Messages that are queued outside a publication's transaction: each of them once."""

import datetime as dt
from collections.abc import Iterable

import sqlalchemy as sa

from sitecast.store.database import Database
from sitecast.store.outbox import OutboxRow, queue
from sitecast.store.schema import OUTBOX


def queue_once(database: Database, rows: Iterable[OutboxRow], now: dt.datetime) -> list[OutboxRow]:
    """Queue the messages whose name is not in the outbox yet; returns those."""
    wanted = list(rows)
    with database.writing() as connection:
        mine = OUTBOX.c.message_id.in_([row.message_id for row in wanted])
        known = set(connection.execute(sa.select(OUTBOX.c.message_id).where(mine)).scalars())
        new = [row for row in wanted if row.message_id not in known]
        queue(connection, new, now)
    return new
