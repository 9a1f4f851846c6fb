"""Emails and webhooks: whether the servers' settings work, and what is stuck in the outbox."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from sitecast.deployment import Deployment
from sitecast.doctor.findings import Finding, Findings, Severity, of_error
from sitecast.errors import DeliveryError, SettingsError
from sitecast.publish import SmtpMailer
from sitecast.publish.webhook import Webhook
from sitecast.store import Ledger
from sitecast.store.schema import OUTBOX

LATE, INTERRUPTED = dt.timedelta(hours=1), dt.timedelta(minutes=10)
RECENT = dt.timedelta(days=14)
SMTP_TIMEOUT_S = 5.0
_WHAT: Mapping[str, tuple[str, Severity, str, str]] = {
    "pending": ("message-waiting", "warning", "waits for more than an hour",
                "correct the cause, then `sitecast publish` tries again"),
    "sending": ("message-interrupted", "warning", "was left half-way by a process that died",
                "`sitecast publish` settles it by the plan's on_ambiguous"),
    "refused": ("message-refused", "error", "was refused for good",
                "correct the address in the plan file, then drop it: `sitecast settle --drop`"),
    "held": ("message-held", "error", "may have been accepted or not, and is held",
             "ask whether it came; `sitecast settle` sends it again, or drops it"),
    "dead": ("message-dead", "error", "was given up after many tries",
             "correct the cause; `sitecast settle` sends it again, or drops it"),
}  # fmt: skip


def mail(deployment: Deployment) -> Findings:
    """Whether the mail server lets us in; no message is sent."""
    if deployment.smtp_url is None:
        folder = deployment.home / "outbox"
        yield Finding("emails-to-files", "note", f"emails become files in {folder}",
                      "set SITECAST_SMTP_URL to send them")  # fmt: skip
        return
    try:
        SmtpMailer.from_url(deployment.smtp_url.get_secret_value()).check(SMTP_TIMEOUT_S)
    except (SettingsError, DeliveryError) as error:
        yield of_error("smtp", error)


def webhook(deployment: Deployment) -> Findings:
    """Whether a webhook is set up, wholly; it is not called."""
    url, secret = deployment.webhook_url, deployment.webhook_secret
    if (url is None) != (secret is None):
        yield Finding(
            "webhook",
            "error",
            "a webhook needs an address and a secret",
            "set both SITECAST_WEBHOOK_URL and SITECAST_WEBHOOK_SECRET, or neither",
        )
    if url is None or secret is None:
        return
    try:
        Webhook.of(url, secret)
    except SettingsError as error:
        yield of_error("webhook", error)


def outbox(deployment: Deployment, now: dt.datetime) -> Findings:
    """Messages of the last two weeks that did not go out."""
    query = sa.select(OUTBOX).where(OUTBOX.c.status.in_(_WHAT))
    query = query.where(OUTBOX.c.queued_at >= now - RECENT).order_by(OUTBOX.c.queued_at)
    with Ledger(deployment.ledger_url).database.reading() as connection:
        rows = connection.execute(query).mappings().all()
    for row in rows:
        if _is_stuck(row, now):
            kind, severity, fate, remedy = _WHAT[row["status"]]
            cause = f": {row['last_error']}" if row["last_error"] else ""
            about = f" about {row['publication_id']}" if row["publication_id"] else ""
            problem = (f"the {row['channel']} to {row['recipient']}{about} {fate}{cause} "
                       f"({row['message_id']})")  # fmt: skip
            yield Finding(kind, severity, problem, remedy)


def _is_stuck(row: Mapping[Any, Any], now: dt.datetime) -> bool:
    if row["status"] == "pending":
        return bool(now - row["queued_at"] > LATE)
    if row["status"] == "sending":
        return bool(now - row["next_try_at"] > INTERRUPTED)
    return True
