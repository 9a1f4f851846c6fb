"""The email that says something failed; it waits in the outbox like every other (R10)."""

import datetime as dt
from email.message import EmailMessage
from email.policy import SMTP

from sitecast.publish.message import message_id
from sitecast.publish.runbook import what_to_do
from sitecast.settings import PublicationSettings
from sitecast.store import Ledger, OutboxRow
from sitecast.store.notices import queue_once

CHANNEL = "email-alert"


def tell_that_something_failed(
    ledger: Ledger, publication: PublicationSettings, identity: str, subject: str, text: str,
    now: dt.datetime,
) -> list[str]:  # fmt: skip
    """Queue an email to every recipient; again, it changes nothing.

    Args:
        ledger: whose outbox.
        publication: whom to tell, and who tells it.
        identity: stable name of what failed; the same one is told once.
        subject: one line, without a line break.
        text: cause, consequence, remedy.
        now: Date of the emails.
    Returns:
        The recipients who are told now.
    """
    rows = [
        _row(publication.sender, recipient, identity, subject, text, now)
        for recipient in dict.fromkeys(publication.recipients)
    ]
    return [row.recipient for row in queue_once(ledger.database, rows, now)]


def _row(
    sender: str, recipient: str, identity: str, subject: str, text: str, now: dt.datetime
) -> OutboxRow:
    message = EmailMessage(policy=SMTP)
    name = message_id(f"alert-{identity}", recipient, sender)
    message["From"], message["To"] = sender, recipient
    message["Subject"] = " ".join(subject.split())
    message["Date"], message["Message-ID"] = now, name
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(f"{text}\n{what_to_do(CHANNEL)}\n")
    return OutboxRow(name, None, CHANNEL, recipient, sender, message.as_bytes())
