"""A guard in front of the UI: a page from elsewhere in the same browser can change nothing.

The UI has no login, so whatever can make the planner's browser send it a request acts as the
planner. A request is let through only if it names this server (no DNS rebinding), comes from the
UI's own pages, and, where it may change something, is a POST of JSON, which no form and no
picture can send. Links from elsewhere may still open a page of the UI.

What belongs here: which requests are refused, and why. What does not: Dagster (webserver.py). A
request from another program on this machine, which is no browser, is not held up.
"""

from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any
from urllib.parse import urlsplit

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]

HERE = ("127.0.0.1", "localhost", "::1")
_READING = ("GET", "HEAD")
_OWN_PAGES = ("same-origin", "none")
_HEADERS = (
    (b"x-frame-options", b"DENY"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
)


class Guard:
    """Wraps the UI's application; answers 403 to what must not reach it."""

    def __init__(self, app: App, hosts: Iterable[str] = ()) -> None:
        self._app, self._hosts = app, frozenset({*HERE, *hosts})

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        headers = _headers(scope)
        reason = refusal(scope, headers, self._hosts) if headers is not None else "a header twice"
        if not reason:
            await self._app(scope, receive, _with_headers(send))
        elif scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1008})
        else:
            await _refuse(send, reason)


def refusal(scope: Message, headers: dict[str, str], hosts: frozenset[str]) -> str:
    """Why a request is refused; empty when it is let through."""
    host = headers.get("host", "")
    if _hostname(host) not in hosts:
        return "the Host header names another server: set SITECAST_UI_URL to the UI's address"
    if scope["type"] == "websocket":
        return _foreign_origin(headers, host)
    if scope["method"] in _READING:
        return _foreign_reading(scope["path"], headers)
    if headers.get("sec-fetch-site", "same-origin") not in _OWN_PAGES:
        return "sent by another site's page"
    if headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        return "only JSON may change something"
    return _foreign_origin(headers, host)


def _foreign_reading(path: str, headers: dict[str, str]) -> str:
    if path.rstrip("/").endswith("/graphql"):
        return "GraphQL is asked by POST only"
    if headers.get("sec-fetch-site", "none") in _OWN_PAGES:
        return ""
    # A link elsewhere opens a page of the UI; a picture, a script or a frame from it is refused.
    opens = (headers.get("sec-fetch-mode"), headers.get("sec-fetch-dest"))
    return "" if opens == ("navigate", "document") else "asked for by another site's page"


def _foreign_origin(headers: dict[str, str], host: str) -> str:
    origin = headers.get("origin")
    # The scheme is not compared: a proxy in front may speak TLS to the browser.
    if origin is None or origin.lower().partition("://")[2] == host.lower():
        return ""
    return "sent by another site's page"


def _hostname(host: str) -> str:
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def _headers(scope: Message) -> dict[str, str] | None:
    """Headers by name; None when one that decides stands there twice."""
    pairs = [(name.decode("latin-1").lower(), value.decode("latin-1"))
             for name, value in scope["headers"]]  # fmt: skip
    deciding = [name for name, _ in pairs if name in ("host", "origin", "content-type")]
    return None if len(deciding) != len(set(deciding)) else dict(pairs)


def _with_headers(send: Send) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message.get("headers", ()), *_HEADERS]}
        await send(message)

    return sending


async def _refuse(send: Send, reason: str) -> None:
    body = f"refused: {reason}\n".encode()
    headers = [(b"content-type", b"text/plain; charset=utf-8"),
               (b"content-length", str(len(body)).encode())]  # fmt: skip
    await send({"type": "http.response.start", "status": 403, "headers": headers})
    await send({"type": "http.response.body", "body": body})
