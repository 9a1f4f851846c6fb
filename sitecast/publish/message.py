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
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from sitecast.publish.charts import site_load_svg, to_png
from sitecast.publish.contents import Contents
from sitecast.publish.folder import WORKBOOK
from sitecast.publish.message_facts import email_facts
from sitecast.publish.waterfall import waterfall_svg
from sitecast.publish.words import span
from sitecast.records.plan import ForecastPlan
from sitecast.records.publication import Publication
from sitecast.store import OutboxRow

CHANNEL = "email"
_ENCODED = 4 / 3 * 78 / 76  # bytes of an attachment, by those of its file
_REST = 400_000  # bytes: more than texts and pictures take
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
    pictures, workbook = _pictures(contents, facts), _workbook(facts)
    return [
        _row(contents, recipient, facts, pictures, workbook, publication.created)
        for recipient in recipients
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
    settings, size = contents.plan.settings, (publication.folder / WORKBOOK).stat().st_size
    whole = (size * _ENCODED + _REST) / 1e6
    return {
        **email_facts(contents), "page": publication.page.resolve().as_uri(), "ui_url": ui_url,
        "workbook": publication.folder.resolve() / WORKBOOK,
        "file_name": file_name(contents.plan), "workbook_mb": size / 1e6,
        "is_attached": whole <= settings.publication.largest_email_mb,
        "supersedes": publication.supersedes,
    }  # fmt: skip


def _pictures(contents: Contents, facts: Mapping[str, Any]) -> list[EmailMessage]:
    """Load against cap of the busiest site in its busiest week, and the waterfall of changes."""
    drawn, busiest = [], facts["summary"]["busiest"]
    if busiest:
        top, load = busiest[0], contents.tables["site_load"]
        mine = (load["site_id"] == top["site_id"]) & (load["menu_week"] == top["menu_week"])
        drawn.append(("load", site_load_svg(load[mine].reset_index(drop=True), *_PICTURE)))
    if facts["changes"] is not None:
        currency = contents.plan.settings.currency
        drawn.append(("changes", waterfall_svg(facts["changes"]["by_cause"], currency,
                                               _PICTURE[0])))  # fmt: skip
    return [_inline(name, to_png(svg, scale=2)) for name, svg in drawn]


def _inline(name: str, png: bytes) -> EmailMessage:
    part = EmailMessage(policy=SMTP)  # its lines are short, as MIME wants them
    part.set_content(png, "image", "png", disposition="inline", cid=f"<{name}@sitecast>",
                     filename=f"{name}.png")  # fmt: skip
    return part


def _workbook(facts: Mapping[str, Any]) -> EmailMessage | None:
    """The published file itself, unless the email would be too large for many mail servers."""
    if not facts["is_attached"]:
        return None
    part = EmailMessage(policy=SMTP)
    part.set_content(facts["workbook"].read_bytes(), *_XLSX, disposition="attachment",
                     filename=facts["file_name"])  # fmt: skip
    return part


def _row(
    contents: Contents, recipient: str, facts: Mapping[str, Any], pictures: list[EmailMessage],
    workbook: EmailMessage | None, now: dt.datetime,
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
    _fill(message, facts, pictures, workbook)
    _name_boundaries(message, identity)
    return OutboxRow(identity, contents.publication_id, CHANNEL, recipient, sender,
                     message.as_bytes())  # fmt: skip


@cache
def _environments() -> tuple[Environment, Environment]:
    """For plain text and for HTML; kept, with the templates that they compiled."""
    folder = FileSystemLoader(Path(__file__).parent)
    plain = Environment(loader=folder, undefined=StrictUndefined, trim_blocks=True,
                        lstrip_blocks=True, autoescape=False)  # noqa: S701 - plain text  # fmt: skip
    return plain, plain.overlay(autoescape=True)


def _fill(
    message: EmailMessage, facts: Mapping[str, Any], pictures: list[EmailMessage],
    workbook: EmailMessage | None,
) -> None:  # fmt: skip
    plain, marked = _environments()
    message.set_content(plain.get_template("message.txt.j2").render(facts))
    shown = [picture["Content-ID"].strip("<>").partition("@")[0] for picture in pictures]
    html = marked.get_template("message.html.j2").render(facts, pictures=shown)
    message.add_alternative(html, subtype="html")
    if pictures:
        body = message.get_payload(1)
        assert isinstance(body, EmailMessage)
        body.make_related()
        for picture in pictures:
            body.attach(picture)
    if workbook is not None:
        message.make_mixed()
        message.attach(workbook)


def _name_boundaries(message: EmailMessage, identity: str) -> None:
    """The standard library would draw the separators at random; equal messages must be equal."""
    digest = hashlib.sha256(identity.encode()).hexdigest()[:24]
    for number, part in enumerate(part for part in message.walk() if part.is_multipart()):
        part.set_boundary(f"=_{number}_{digest}")
