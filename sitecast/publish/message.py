"""The email that tells the planning team: the answer itself, not just that there is one.

The bytes are made once, when the message is queued; a retry sends the very same ones (R10).
"""

import datetime as dt
import hashlib
import re
from collections.abc import Mapping
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from sitecast.publish.charts import site_load_svg, to_png
from sitecast.publish.contents import Contents
from sitecast.publish.folder import WORKBOOK
from sitecast.publish.summary import summarise
from sitecast.publish.words import reason_in_words, span
from sitecast.records.plan import ForecastPlan
from sitecast.records.publication import Publication
from sitecast.store import OutboxRow

CHANNEL = "email"
MOST_ATTACHED = 10_000_000  # bytes: many servers refuse messages above 20 MB or so
_XLSX = ("application", "vnd.openxmlformats-officedocument.spreadsheetml.sheet")
_NOT_IN_FILE_NAMES = re.compile(r"[^\w .,-]")
_PICTURE = (560, 240)
_POLICY = SMTP.clone(max_line_length=300)  # a folded subject reads badly in some clients


def queued_messages(contents: Contents, publication: Publication, ui_url: str) -> list[OutboxRow]:
    """One message per recipient of the plan, dated when the publication was made."""
    plan = contents.plan
    recipients = dict.fromkeys(plan.settings.publication.recipients)
    if not recipients:
        return []
    facts = _facts(contents, publication, ui_url)
    parts = [_picture(contents, facts["summary"]), _workbook(facts)]
    return [
        _row(contents, recipient, facts, parts, publication.created) for recipient in recipients
    ]


def message_id(publication_id: str, recipient: str, sender: str) -> str:
    """Stable name of the message about a publication to a recipient."""
    digest = hashlib.sha256(f"{publication_id}\x1f{recipient}".encode()).hexdigest()
    return f"<{digest[:32]}.sitecast@{sender.partition('@')[2]}>"


def subject(plan: ForecastPlan, summary: Mapping[str, Any]) -> str:
    """One line: who, which weeks, and whether something is wrong. Never holds a line break."""
    short = summary["total"]["boxes_unallocated"]
    state = f"{short:,.0f} boxes without a site" if short >= 0.5 else "all boxes have a site"
    return " ".join(f"{plan.settings.company}: forecast {span(plan.menu_weeks)}, {state}".split())


def file_name(plan: ForecastPlan) -> str:
    """What the attached workbook is called: who, and from which week."""
    company = " ".join(_NOT_IN_FILE_NAMES.sub(" ", plan.settings.company).split())
    return f"{company[:80]} site forecast {plan.menu_weeks[0]}.xlsx".strip()


def _facts(contents: Contents, publication: Publication, ui_url: str) -> dict[str, Any]:
    summary = summarise(contents.tables)
    plan, size = contents.plan, (publication.folder / WORKBOOK).stat().st_size
    return {
        "company": plan.settings.company, "span": span(plan.menu_weeks), "summary": summary,
        "plan_id": plan.plan_id, "publication_id": contents.publication_id,
        "as_of": f"{plan.as_of:%a %d %b %Y, %H:%M} UTC",
        "page": publication.page.resolve().as_uri(),
        "workbook": publication.folder.resolve() / WORKBOOK, "file_name": file_name(plan),
        "workbook_mb": size / 1e6, "is_attached": size <= MOST_ATTACHED,
        "ui_url": ui_url, "supersedes": publication.supersedes, "site_names": contents.site_names,
        "busiest": [row for row in summary["busiest"] if row["used"] is not None][:3],
        "unallocated": [{**row, "words": reason_in_words(row["reason"])}
                        for row in summary["unallocated"][:3]],
    }  # fmt: skip


def _picture(contents: Contents, summary: Mapping[str, Any]) -> EmailMessage | None:
    """Load against cap of the busiest site in its busiest week, as a PNG."""
    if not summary["busiest"]:
        return None
    top, load = summary["busiest"][0], contents.tables["site_load"]
    mine = (load["site_id"] == top["site_id"]) & (load["menu_week"] == top["menu_week"])
    part = EmailMessage(policy=SMTP)  # its lines are short, as MIME wants them
    png = to_png(site_load_svg(load[mine].reset_index(drop=True), *_PICTURE), scale=2)
    part.set_content(png, "image", "png", disposition="inline", cid="<load@sitecast>",
                     filename="load.png")  # fmt: skip
    return part


def _workbook(facts: Mapping[str, Any]) -> EmailMessage | None:
    """The published file itself, unless it is too large for many mail servers."""
    if not facts["is_attached"]:
        return None
    part = EmailMessage(policy=SMTP)
    part.set_content(facts["workbook"].read_bytes(), *_XLSX, disposition="attachment",
                     filename=facts["file_name"])  # fmt: skip
    return part


def _row(
    contents: Contents, recipient: str, facts: Mapping[str, Any],
    parts: list[EmailMessage | None], now: dt.datetime,
) -> OutboxRow:  # fmt: skip
    plan = contents.plan
    sender = plan.settings.publication.sender
    identity = message_id(contents.publication_id, recipient, sender)
    message = EmailMessage(policy=_POLICY)
    message["From"], message["To"] = sender, recipient
    message["Subject"] = subject(plan, facts["summary"])
    message["Date"] = format_datetime(now)
    message["Message-ID"] = identity
    message["Auto-Submitted"] = "auto-generated"
    _fill(message, facts, *parts)
    _name_boundaries(message, identity)
    return OutboxRow(identity, contents.publication_id, CHANNEL, recipient, sender,
                     message.as_bytes())  # fmt: skip


def _fill(
    message: EmailMessage, facts: Mapping[str, Any], picture: EmailMessage | None,
    workbook: EmailMessage | None,
) -> None:  # fmt: skip
    folder = FileSystemLoader(Path(__file__).parent)
    plain = Environment(loader=folder, undefined=StrictUndefined, trim_blocks=True,
                        lstrip_blocks=True, autoescape=False)  # noqa: S701 - plain text  # fmt: skip
    marked = plain.overlay(autoescape=True)
    message.set_content(plain.get_template("message.txt.j2").render(facts))
    html = marked.get_template("message.html.j2").render(facts, has_picture=picture is not None)
    message.add_alternative(html, subtype="html")
    if picture is not None:
        body = message.get_payload(1)
        assert isinstance(body, EmailMessage)
        body.make_related()
        body.attach(picture)
    if workbook is not None:
        message.make_mixed()
        message.attach(workbook)


def _name_boundaries(message: EmailMessage, identity: str) -> None:
    """The standard library would draw the separators at random; equal messages must be equal."""
    digest = hashlib.sha256(identity.encode()).hexdigest()[:24]
    for number, part in enumerate(part for part in message.walk() if part.is_multipart()):
        part.set_boundary(f"=_{number}_{digest}")
