"""Deliver what waits in the outbox: each message once, and where SMTP leaves doubt, by rule (R10).

A row is marked `sending` before the server sees it and `sent` after. A row found in `sending` was
left by a process that died: it may or may not have been accepted. `resend` sends the same bytes
again, same Message-ID and Date, so that a repetition shows as one; `hold` leaves it to a person.
Webhooks are always sent again: their receivers drop what has the same webhook-id.
"""

import datetime as dt
import time
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Literal

from sitecast.errors import DeliveryError
from sitecast.publish.mailers import Doubtful, Mailer, Refused
from sitecast.publish.webhook import Webhook
from sitecast.store import Ledger, OutboxRow
from sitecast.store.outbox import Outbox, Status

MAX_ATTEMPTS = 12
FIRST_PAUSE = dt.timedelta(minutes=1)
LONGEST_PAUSE = dt.timedelta(hours=4)
OnAmbiguous = Literal["resend", "hold"]


@dataclass(frozen=True)
class DeliveryReport:
    """Recipients by what happened: in this call, or (waiting, held) as things stand after it."""

    sent: tuple[str, ...]
    refused: tuple[str, ...]
    waiting: tuple[str, ...]
    held: tuple[str, ...]
    dead: tuple[str, ...] = ()


def deliver_outbox(
    ledger: Ledger, mailer: Mailer, now: dt.datetime, on_ambiguous: OnAmbiguous
) -> DeliveryReport:
    """Try every message whose time has come, once; one process at a time.

    Args:
        ledger: whose outbox.
        mailer: hands one message to one recipient.
        now: decides which tries are due.
        on_ambiguous: what to do with a message that may have been accepted already.
    """
    return _deliver(
        Outbox(ledger.database), now, on_ambiguous,
        lambda row: mailer.send(row.message, row.sender, row.recipient),
    )  # fmt: skip


def deliver_webhooks(ledger: Ledger, webhook: Webhook, now: dt.datetime) -> DeliveryReport:
    """Try every webhook whose time has come, once; one process at a time, beside the emails.

    Each try is signed with its own time: `now`, and what has passed since.
    """
    began = time.monotonic()

    def hand_over(row: OutboxRow) -> None:
        passed = dt.timedelta(seconds=time.monotonic() - began)
        webhook.send(row.message_id, row.message, now + passed)

    return _deliver(Outbox(ledger.database, "webhook"), now, "resend", hand_over)


def deliver_all(
    ledger: Ledger, mailer: Mailer, webhook: Webhook | None, now: dt.datetime,
    on_ambiguous: OnAmbiguous,
) -> DeliveryReport:  # fmt: skip
    """Emails, then webhooks: an endpoint that hangs keeps no email waiting."""
    began = time.monotonic()
    emails = deliver_outbox(ledger, mailer, now, on_ambiguous)
    if webhook is None:
        return emails
    passed = dt.timedelta(seconds=time.monotonic() - began)
    webhooks = deliver_webhooks(ledger, webhook, now + passed)
    names = [field.name for field in fields(DeliveryReport)]
    return DeliveryReport(*[getattr(emails, name) + getattr(webhooks, name) for name in names])


def pause(attempts: int) -> dt.timedelta:
    """How long to wait after so many tries: doubling, at most LONGEST_PAUSE."""
    return min(FIRST_PAUSE * 2 ** min(attempts - 1, 20), LONGEST_PAUSE)


def _deliver(
    outbox: Outbox, now: dt.datetime, on_ambiguous: OnAmbiguous,
    hand_over: Callable[[OutboxRow], None],
) -> DeliveryReport:  # fmt: skip
    outcomes: dict[Status, list[str]] = {"sent": [], "refused": [], "dead": []}
    with outbox.exclusive():
        for row in outbox.rows("sending"):
            _settle_doubt(outbox, row, "interrupted while sending", now, on_ambiguous)
        outbox.withdraw()
        for row in outbox.rows("pending", due=now):
            if outbox.claim(row):
                status = _try(outbox, row, hand_over, now, on_ambiguous)
                outcomes.setdefault(status, []).append(row.recipient)
        waiting, held = outbox.rows("pending"), outbox.rows("held")
    return DeliveryReport(
        tuple(outcomes["sent"]), tuple(outcomes["refused"]),
        tuple(row.recipient for row in waiting), tuple(row.recipient for row in held),
        tuple(outcomes["dead"]),
    )  # fmt: skip


def _try(
    outbox: Outbox, row: OutboxRow, hand_over: Callable[[OutboxRow], None], now: dt.datetime,
    on_ambiguous: OnAmbiguous,
) -> Status:  # fmt: skip
    attempts = row.attempts + 1
    try:
        hand_over(row)
    except Refused as error:
        outbox.mark(row, "refused", last_error=str(error))
        return "refused"
    except Doubtful as error:
        return _settle_doubt(outbox, row, str(error), now + pause(attempts), on_ambiguous)
    except DeliveryError as error:
        status: Status = "dead" if attempts >= MAX_ATTEMPTS else "pending"
        outbox.mark(row, status, last_error=str(error), next_try_at=now + pause(attempts))
        return status
    outbox.mark(row, "sent", last_error="", sent_at=now)
    return "sent"


def _settle_doubt(
    outbox: Outbox, row: OutboxRow, problem: str, next_try: dt.datetime, rule: OnAmbiguous
) -> Status:
    status: Status = "held" if rule == "hold" else "pending"
    if status == "pending" and row.attempts >= MAX_ATTEMPTS:
        status = "dead"
    outbox.mark(row, status, last_error=problem, next_try_at=next_try)
    return status
