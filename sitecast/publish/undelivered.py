"""The email that says that a message about the current forecast did not reach somebody.

It goes to the other recipients, once per message. `sitecast doctor` tells it too.
"""

import datetime as dt
from collections.abc import Mapping
from email.message import EmailMessage
from email.policy import SMTP

from sitecast.publish.message import message_id
from sitecast.publish.runbook import what_to_do
from sitecast.settings import PublicationSettings
from sitecast.store import Ledger, OutboxRow
from sitecast.store.notices import queue_once
from sitecast.store.outbox import Outbox, Status
from sitecast.store.publications import current_publication_id

CHANNEL = "email-undelivered"
FATES: Mapping[Status, str] = {
    "refused": "was refused for good",
    "held": "may have been accepted or not, and is held",
    "dead": "was given up after many tries",
}


def tell_what_did_not_go_out(
    ledger: Ledger, publication: PublicationSettings, now: dt.datetime
) -> list[str]:
    """Queue an email per lost message to every other recipient; again, it changes nothing.

    Args:
        ledger: whose outbox.
        publication: whom to tell, and who tells it.
        now: Date of the emails.
    Returns:
        The recipients who are told now, once per message.
    """
    current = current_publication_id(ledger)
    lost = [
        (row, fate)
        for outbox in (Outbox(ledger.database), Outbox(ledger.database, "webhook"))
        for status, fate in FATES.items()
        for row in outbox.rows(status)
        if current is not None and row.publication_id == current
    ]
    rows = [
        _row(publication.sender, recipient, row, fate, now)
        for row, fate in lost
        for recipient in dict.fromkeys(publication.recipients)
        if recipient != row.recipient
    ]
    return [row.recipient for row in queue_once(ledger.database, rows, now)]


def _row(sender: str, recipient: str, lost: OutboxRow, fate: str, now: dt.datetime) -> OutboxRow:
    message = EmailMessage(policy=SMTP)
    name = message_id(f"undelivered-{lost.message_id}", recipient, sender)
    message["From"], message["To"] = sender, recipient
    message["Subject"] = f"sitecast: the {lost.channel} to {lost.recipient} did not go out"
    message["Date"], message["Message-ID"] = now, name
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(
        f"The {lost.channel} to {lost.recipient} about {lost.publication_id} {fate}:\n"
        f"{lost.last_error}\n\nThe forecast is published all the same.\n{what_to_do(CHANNEL)}\n"
    )
    return OutboxRow(name, None, CHANNEL, recipient, sender, message.as_bytes())
