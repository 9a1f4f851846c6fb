"""A signed webhook per publication and recall: the feed's event, and no other data.

The body is frozen when it is queued. Headers follow Standard Webhooks: `webhook-id` stays the same
over all tries, so that a receiver can drop repetitions; `webhook-timestamp` and `webhook-signature`
(HMAC-SHA256 of id.timestamp.body) belong to the try, so that an old copy can be told apart.
"""

import base64
import binascii
import datetime as dt
import hashlib
import hmac
import json
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from pydantic import SecretStr

from sitecast.errors import DeliveryError, SettingsError
from sitecast.publish.mailers import Refused
from sitecast.publish.post import post
from sitecast.records.feed import FeedEvent
from sitecast.store import OutboxRow
from sitecast.store.outbox import RECALL

CHANNEL = "webhook"
LEAST_SECRET = 24  # bytes, as Standard Webhooks asks
GONE = 410
_HERE = ("localhost", "127.0.0.1", "::1")
_PREFIX = "whsec_"


@dataclass(frozen=True)
class Webhook:
    """Where events go, and what signs them. The address may hold a token: it is never shown."""

    url: SecretStr
    secret: SecretStr

    @classmethod
    def of(cls, url: SecretStr, secret: SecretStr) -> "Webhook":
        """A webhook, its address and its secret checked.

        Raises:
            SettingsError: not such an address or secret; neither is shown.
        """
        _checked_url(url.get_secret_value())
        if len(_key(secret)) < LEAST_SECRET:
            raise SettingsError("the webhook's secret is too short", {"least_bytes": LEAST_SECRET},
                                "see docs/how-to/read-publications.md")  # fmt: skip
        return cls(url, secret)

    def __str__(self) -> str:
        """Scheme and host: what may stand in logs."""
        parts = urlsplit(self.url.get_secret_value())
        return f"{parts.scheme}://{parts.netloc}"

    def row(self, event: FeedEvent) -> OutboxRow:
        """The message about a publication or a recall, for the outbox."""
        channel = CHANNEL + (RECALL if event.event == "recalled" else "")
        return OutboxRow(webhook_id(event), event.publication_id, channel, str(self), "sitecast",
                         body(event))  # fmt: skip

    def send(self, message_id: str, message: bytes, at: dt.datetime) -> None:
        """One try.

        Raises:
            DeliveryError: no success; another try may help, and repeats nothing but the id.
            Refused: the receiver wants no more of it (410).
        """
        headers = {
            "content-type": "application/json", "user-agent": "sitecast",
            **signed_headers(self.secret, message_id, message, at),
        }  # fmt: skip
        status = post(self.url.get_secret_value(), message, headers)
        if 200 <= status < 300:
            return
        where = {"webhook": str(self)}
        if status == GONE:
            raise Refused("the receiver answers 410 Gone", where, "take the webhook away")
        remedy = "the message waits and is tried again"
        if 300 <= status < 400:
            remedy = "redirects are not followed: name the final address"
        raise DeliveryError(f"the receiver answers {status}", where, remedy)


def webhook_id(event: FeedEvent) -> str:
    """Stable name of the message about an event."""
    digest = hashlib.sha256(f"{event.publication_id}\x1f{event.event}".encode()).hexdigest()
    return f"msg_{digest[:32]}"


def body(event: FeedEvent) -> bytes:
    """The event as JSON. A recall's reason is free text and stays in the feed."""
    data = {name: value for name, value in event.to_plain().items() if name != "why"}
    content = {"type": f"publication.{event.event}", "timestamp": data["at"], "data": data}
    return json.dumps(content, sort_keys=True, ensure_ascii=True, allow_nan=False).encode()


def signed_headers(
    secret: SecretStr, message_id: str, message: bytes, at: dt.datetime
) -> dict[str, str]:
    """Id, time and signature of one try."""
    seconds = str(int(at.timestamp()))
    signed = b".".join([message_id.encode(), seconds.encode(), message])
    digest = hmac.new(_key(secret), signed, hashlib.sha256).digest()
    signature = f"v1,{base64.b64encode(digest).decode()}"
    return {"webhook-id": message_id, "webhook-timestamp": seconds,
            "webhook-signature": signature}  # fmt: skip


def _key(secret: SecretStr) -> bytes:
    text = secret.get_secret_value().removeprefix(_PREFIX)
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise SettingsError("the webhook's secret is not base64", {},
                            "see docs/how-to/read-publications.md") from None  # fmt: skip


def _checked_url(url: str) -> None:
    try:
        parts = urlsplit(url)
        problem = _problem(parts, url)
    except ValueError:
        problem = "is not a URL"
    if problem:
        raise SettingsError(f"the webhook's address {problem}", {},
                            "write it like https://example.com/hooks/forecast")  # fmt: skip


def _problem(parts: SplitResult, url: str) -> str:
    if not url.isascii() or not url.isprintable() or " " in url:
        return "holds characters that no URL has"
    if not parts.hostname or parts.port == 0:
        return "names no host"
    parts.hostname.encode("idna")  # as a connection would: ValueError for an empty or long label
    if parts.username is not None or parts.fragment:
        return "holds a user or a fragment"
    local = parts.scheme == "http" and parts.hostname in _HERE
    return "" if parts.scheme == "https" or local else "must begin with https://"
