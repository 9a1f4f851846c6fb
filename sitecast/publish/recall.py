"""Recall a wrong publication: the last good one is current again, and everybody told hears of it.

Its numbers stay as they were published (R9): rows, tables and emails are not touched. Its folder
gets recalled.json, its page a line on top; its readers get a notice, and the feed an event.
"""

import datetime as dt
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from sitecast.errors import SettingsError
from sitecast.publish.folder import point_to
from sitecast.publish.recall_mark import mark_recalled
from sitecast.publish.recall_notice import notice
from sitecast.publish.webhook import Webhook
from sitecast.records.feed import FeedEvent
from sitecast.store import Ledger, OutboxRow
from sitecast.store.places import Place, alone
from sitecast.store.publications import current_publication_id
from sitecast.store.recalls import record_recall

LONGEST_REASON = 500


@dataclass(frozen=True)
class Recall:
    """A recalled publication, and how the call found it."""

    publication_id: str
    plan_id: str
    why: str
    at: dt.datetime
    found: str
    """`current`, `superseded` or `recalled`: what it was before the call."""
    current_publication_id: str | None
    """What readers see now."""

    def __str__(self) -> str:
        """What happened, for a person."""
        now = f"{self.current_publication_id} is current"
        if self.current_publication_id is None:
            now = "no good publication is left, so the current tables are empty"
        if self.found == "recalled":
            return (f"{self.publication_id} was recalled before, at {self.at:%Y-%m-%d %H:%M} UTC "
                    f"({self.why}); nothing has changed: {now}")  # fmt: skip
        if self.found == "superseded":
            return (f"{self.publication_id} is recalled; it had been superseded already, so "
                    f"readers see no change: {now}")  # fmt: skip
        again = "" if self.current_publication_id is None else " again"
        return f"{self.publication_id} is recalled: {now}{again}"


def recall_publication(
    ledger: Ledger,
    folder: Place,
    publication_id: str,
    why: str,
    now: dt.datetime,
    webhook: Webhook | None = None,
) -> Recall:
    """Recall a publication; the last one that was not recalled takes its place.

    Killed anywhere, it is either done or to be done again: the ledger says `recalled` last.

    Args:
        ledger: where it was published.
        folder: where publications lie.
        publication_id: which; recalled already, nothing changes.
        why: one line for everybody who used it.
        now: when; also the Date of the notices.
        webhook: what to call about it, if anything.
    Raises:
        NotFound: no such publication.
        SettingsError: no reason, or one that is not a line of text.
        StoreError: the disk refuses; nothing is recalled then.
    """
    reason = _checked(why)

    def notices(event: FeedEvent, emails: Sequence[OutboxRow]) -> list[OutboxRow]:
        plan = ledger.plan(event.plan_id)
        calls = [] if webhook is None else [webhook.row(event)]
        return [*(notice(plan, event, email) for email in emails), *calls]

    def mark(event: FeedEvent) -> None:
        point_to(folder, event.current_publication_id)
        mark_recalled(folder / publication_id, event)

    with alone(folder, ledger.database):
        done = record_recall(ledger, publication_id, reason, now, notices, mark)
    event = done.event
    return Recall(publication_id, event.plan_id, event.why, event.at, done.found,
                  current_publication_id(ledger))  # fmt: skip


def _checked(why: str) -> str:
    reason = " ".join(why.split())
    unseen = [letter for letter in reason if unicodedata.category(letter).startswith("C")]
    if not reason or len(reason) > LONGEST_REASON or unseen:
        raise SettingsError(
            "a recall needs a reason", {"why": reason[:80]},
            f"one line of text, at most {LONGEST_REASON} characters",
        )  # fmt: skip
    return reason
