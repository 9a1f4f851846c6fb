"""What shows in a publication's folder that it was recalled; its numbers stay as they are (R9)."""

import json
import re
from html import escape

from sitecast.publish.folder import PAGE
from sitecast.records.feed import FeedEvent
from sitecast.store.files import sha256_of
from sitecast.store.places import Place, replace_file

MARK = "recalled.json"
_BODY = re.compile(rb"<body[^>]*>")
_BEGIN, _END = b"<!--recalled-->", b"<!--/recalled-->"
_LINE = re.compile(re.escape(_BEGIN) + b".*?" + re.escape(_END), re.DOTALL)


def mark_recalled(place: Place, event: FeedEvent) -> None:
    """Write recalled.json, and a line on top of the page; the same again changes nothing.

    The manifest keeps the sum of the page as it was published; recalled.json has the marked one's.
    """
    if not place.exists():  # somebody has cleared old publications away
        return
    facts = {"publication_id": event.publication_id, "recalled_at": event.at.isoformat(),
             "why": event.why, "current_publication_id": event.current_publication_id}  # fmt: skip
    page = place / PAGE
    if page.exists():
        marked = marked_page(page.read_bytes(), event)
        replace_file(page, marked)
        facts["page_sha256"] = sha256_of(marked)
    text = json.dumps(facts, indent=1, ensure_ascii=False)
    replace_file(place / MARK, text.encode())


def marked_page(page: bytes, event: FeedEvent) -> bytes:
    """The page with a line on top that says it was recalled, when and why."""
    published = unmarked_page(page)
    body = _BODY.search(published)
    end = 0 if body is None else body.end()
    current = event.current_publication_id or "nothing: no good publication is left"
    line = (
        f'<div role="alert"><h2>Recalled {event.at:%Y-%m-%d %H:%M} UTC: do not use</h2>'
        f"<p>{escape(event.why)}</p><p>Current since: {escape(current)}</p><hr></div>"
    )
    return published[:end] + _BEGIN + line.encode() + _END + published[end:]


def unmarked_page(page: bytes) -> bytes:
    """The page as it was published."""
    return _LINE.sub(b"", page, count=1)
