"""The email that says the next forecast is late: one per recipient and publication it follows."""

import datetime as dt
from email.message import EmailMessage
from email.policy import SMTP

from sitecast.publish.message import message_id
from sitecast.publish.publish_plan import current_publication
from sitecast.publish.runbook import what_to_do
from sitecast.publish.words import span
from sitecast.records.plan import ForecastPlan
from sitecast.records.publication import Publication
from sitecast.store import Ledger, OutboxRow
from sitecast.store.notices import queue_once
from sitecast.store.places import Place

CHANNEL = "email-late"


def tell_that_plan_is_late(
    ledger: Ledger, folder: Place, deadline: str, ui_url: str, now: dt.datetime
) -> list[str]:
    """Queue the email to the recipients of the published plan; again, it changes nothing.

    Args:
        ledger: whose outbox, and whose current publication was not followed in time.
        folder: where publications lie.
        deadline: when another one was due, in words.
        ui_url: address of the Dagster UI, for links.
        now: Date of the emails.
    Returns:
        The recipients who are told now; none without a publication.
    """
    last = current_publication(ledger, folder)
    if last is None:
        return []
    plan = ledger.plan(last.plan_id)
    recipients = dict.fromkeys(plan.settings.publication.recipients)
    rows = [_row(plan, last, recipient, deadline, ui_url, now) for recipient in recipients]
    return [row.recipient for row in queue_once(ledger.database, rows, now)]


def _row(
    plan: ForecastPlan, last: Publication, recipient: str, deadline: str, ui_url: str,
    now: dt.datetime,
) -> OutboxRow:  # fmt: skip
    sender = plan.settings.publication.sender
    identity = message_id(f"late-{last.publication_id}", recipient, sender)
    message = EmailMessage(policy=SMTP)
    message["From"], message["To"] = sender, recipient
    company = " ".join(plan.settings.company.split())
    message["Subject"] = f"{company}: the forecast after {span(plan.menu_weeks)} is late"
    message["Date"], message["Message-ID"] = now, identity
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(_text(plan, last, deadline, ui_url))
    return OutboxRow(identity, last.publication_id, CHANNEL, recipient, sender, message.as_bytes())


def _text(plan: ForecastPlan, last: Publication, deadline: str, ui_url: str) -> str:
    """What is late, what stands meanwhile, and what to do."""
    return (
        f"No forecast was published in time: one was due {deadline}.\n\n"
        f"The last one stays current: {span(plan.menu_weeks)}, known until "
        f"{plan.as_of:%a %d %b %Y, %H:%M} UTC, published {last.created:%a %d %b %Y, %H:%M} UTC.\n\n"
        "Where a run failed, its own email says why. Where none was started, make a plan: start "
        f"the schedule weekly_plan, or materialise forecast_plan:\n{ui_url}/runs\n\n"
        f"{what_to_do(CHANNEL)}\n"
    )
