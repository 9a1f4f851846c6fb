"""The publisher: a completed plan becomes a folder, database rows, a page and emails, once."""

from sitecast.publish.deliver import DeliveryReport, deliver_all, deliver_outbox
from sitecast.publish.due import PlanVersion, plans_due, run_key
from sitecast.publish.mailers import FileMailer, LimitedMailer, Mailer, SmtpMailer
from sitecast.publish.manifest import published_plan_versions, site_forecast_heads
from sitecast.publish.publish_plan import current_publication, find_publication, publish_plan
from sitecast.publish.recall import Recall, recall_publication
from sitecast.publish.summary import summarise
from sitecast.publish.undelivered import tell_what_did_not_go_out
from sitecast.publish.webhook import Webhook

__all__ = [
    "DeliveryReport",
    "FileMailer",
    "LimitedMailer",
    "Mailer",
    "PlanVersion",
    "Recall",
    "SmtpMailer",
    "Webhook",
    "current_publication",
    "deliver_all",
    "deliver_outbox",
    "find_publication",
    "plans_due",
    "publish_plan",
    "published_plan_versions",
    "recall_publication",
    "run_key",
    "site_forecast_heads",
    "summarise",
    "tell_what_did_not_go_out",
]
