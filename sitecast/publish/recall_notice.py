"""The email that takes back an earlier one, as an answer to it: mail programs show both together.

Like every message it is made once, when it is queued (R10).
"""

from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from sitecast.publish.message import CHANNEL, message_id
from sitecast.publish.words import span
from sitecast.records.feed import FeedEvent
from sitecast.records.plan import ForecastPlan
from sitecast.store import OutboxRow
from sitecast.store.outbox import RECALL

_POLICY = SMTP.clone(max_line_length=300)


def notice(plan: ForecastPlan, event: FeedEvent, email: OutboxRow) -> OutboxRow:
    """The notice to one recipient.

    Args:
        plan: what the recalled publication was made of.
        event: the recall.
        email: what the recipient was sent about the publication.
    """
    sender, recipient = email.sender, email.recipient
    identity = message_id(f"{event.publication_id}{RECALL}", recipient, sender)
    subject = f"Recalled: {plan.settings.company}: forecast {span(plan.menu_weeks)}, do not use"
    message = EmailMessage(policy=_POLICY)
    message["From"], message["To"] = sender, recipient
    message["Subject"] = " ".join(subject.split())
    message["Date"] = format_datetime(event.at)
    message["Message-ID"] = identity
    message["In-Reply-To"] = message["References"] = email.message_id
    message["Auto-Submitted"] = "auto-generated"
    message["Importance"] = "high"
    message.set_content(_text(plan, event))
    return OutboxRow(identity, event.publication_id, CHANNEL + RECALL, recipient, sender,
                     message.as_bytes())  # fmt: skip


def _text(plan: ForecastPlan, event: FeedEvent) -> str:
    instead = f"Current again or still: {event.current_publication_id}"
    if event.current_publication_id is None:
        instead = "No good publication is left: wait for the next one."
    return (
        f"The forecast of {', '.join(plan.menu_weeks)} that was published as\n"
        f"{event.publication_id} is wrong. Please do not order from it.\n\n"
        f"Why: {event.why}\n\n{instead}\n\n"
        f"Recalled at {event.at:%Y-%m-%d %H:%M} UTC. Its page and workbook stay where they are; "
        "the page says\nthat it was recalled, the workbook you have does not.\n"
    )
