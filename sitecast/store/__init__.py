"""What outlives a run: the ledger (a SQL database) and immutable versions of week records."""

from sitecast.store.ledger import Ledger
from sitecast.store.outbox import OutboxRow
from sitecast.store.week_store import WeekStore

__all__ = ["Ledger", "OutboxRow", "WeekStore"]
