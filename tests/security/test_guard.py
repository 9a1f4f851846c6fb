"""The guard in front of the UI, request by request: what a browser would send, and what it gets."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sitecast_dagster.guard import Guard

UI = "127.0.0.1:3000"
JSON = {"content-type": "application/json"}
OWN = {"origin": f"http://{UI}", "sec-fetch-site": "same-origin", "sec-fetch-mode": "cors"}
FOREIGN = {"origin": "https://evil.example", "sec-fetch-site": "cross-site"}
NEIGHBOUR = {"origin": "http://127.0.0.1:8888", "sec-fetch-site": "same-site"}
PICTURE = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors", "sec-fetch-dest": "image"}
LINK = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}
FORM = {"content-type": "application/x-www-form-urlencoded"}


def answer(method="GET", path="/", headers=None, kind="http", host=UI, hosts=()):
    """Status that the guard or the UI behind it gives, and its headers."""
    sent = []

    async def ui(scope, receive, send):
        start = {"type": "http.response.start", "status": 200, "headers": []}
        await send(start if scope["type"] == "http" else {"type": "websocket.accept"})

    async def receive():
        return {"type": "websocket.connect"}

    async def send(message):
        sent.append(message)

    pairs = headers if isinstance(headers, list) else [*(headers or {}).items(), ("host", host)]
    raw = [(name.encode(), value.encode()) for name, value in pairs]
    scope = {"type": kind, "method": method, "path": path, "headers": raw}
    asyncio.run(Guard(ui, hosts)(scope, receive, send))
    return sent[0]


def allowed(*args, **kwargs):
    first = answer(*args, **kwargs)
    return first.get("status") == 200 or first["type"] == "websocket.accept"


@pytest.mark.matrix("UI: a foreign Host (DNS rebinding) is refused")
@pytest.mark.parametrize("host", [
    "evil.example", "evil.example:3000", "127.0.0.1.evil.example", "127.0.0.1@evil.example", "[",
    "", "localhost.evil:3000",
])  # fmt: skip
def test_another_servers_name_is_refused(host):
    assert not allowed(host=host)
    assert not allowed("POST", "/graphql", {**OWN, **JSON, "origin": f"http://{host}"}, host=host)
    assert not allowed(path="/graphql", kind="websocket", host=host)


@pytest.mark.matrix("UI: works under its own address, and under SITECAST_UI_URL behind a proxy")
@pytest.mark.parametrize("host", ["127.0.0.1:3000", "localhost:3000", "[::1]:3000", "LOCALHOST:1",
                                  "forecast.example.com"])  # fmt: skip
def test_its_own_names_are_served(host):
    own = {**OWN, "origin": f"https://{host}"}
    names = ["forecast.example.com"]
    assert allowed(host=host, hosts=names)
    assert allowed("POST", "/graphql", {**own, **JSON}, host=host, hosts=names)
    assert allowed(path="/graphql", headers=own, kind="websocket", host=host, hosts=names)


@pytest.mark.matrix("UI: GraphQL is POST of JSON only, from the UI's own pages only")
@pytest.mark.parametrize(("method", "headers"), [
    ("GET", {}), ("GET", PICTURE), ("GET", LINK), ("GET", OWN), ("HEAD", {}),
    ("POST", {**FOREIGN, **JSON}), ("POST", {**FOREIGN, **FORM}), ("POST", {**OWN, **FORM}),
    ("POST", {**NEIGHBOUR, **JSON}), ("POST", {**JSON, "origin": "null"}), ("POST", {}),
    ("POST", {**JSON, "sec-fetch-site": "cross-site"}), ("POST", {"content-type": "text/plain"}),
    ("POST", {**OWN, "content-type": "text/plain; a=application/json"}),
    ("POST", {**OWN, "content-type": "application/graphql"}), ("OPTIONS", FOREIGN),
    ("POST", [("host", UI), ("content-type", "application/json"), ("origin", f"http://{UI}"),
              ("origin", "https://evil.example")]),
])  # fmt: skip
@pytest.mark.parametrize("path", ["/graphql", "/behind/proxy/graphql", "/graphql/"])
def test_what_another_page_can_send_is_refused(method, headers, path):
    assert not allowed(method, path, headers)


@pytest.mark.matrix("UI: GraphQL is POST of JSON only, from the UI's own pages only")
def test_the_ui_and_programs_without_a_browser_may_ask():
    assert allowed("POST", "/graphql", {**OWN, **JSON})
    assert allowed("POST", "/graphql", {**OWN, "content-type": "application/json; charset=utf-8"})
    assert allowed("POST", "/graphql", JSON)


@pytest.mark.matrix("UI: events cannot be reported by another page")
@pytest.mark.parametrize("headers", [{**FOREIGN, **JSON}, {**FOREIGN, **FORM}, FORM, {}])
def test_reporting_an_event_is_as_guarded_as_graphql(headers):
    assert not allowed("POST", "/report_asset_materialization/site_forecast", headers)


@pytest.mark.matrix("UI: a WebSocket from another page is refused")
@pytest.mark.parametrize(("headers", "fits"), [
    (OWN, True), ({}, True), (FOREIGN, False), (NEIGHBOUR, False), ({"origin": "null"}, False),
])  # fmt: skip
def test_a_websocket_belongs_to_the_ui(headers, fits):
    assert allowed(path="/graphql", headers=headers, kind="websocket") is fits


@pytest.mark.matrix("UI: links from page and email open it; pictures, scripts, frames do not")
@pytest.mark.parametrize(("headers", "fits"), [
    (LINK, True), ({}, True), ({"sec-fetch-site": "none"}, True), (PICTURE, False),
    ({**LINK, "sec-fetch-dest": "iframe"}, False), (NEIGHBOUR, False),
    ({**PICTURE, "sec-fetch-dest": "script"}, False),
])  # fmt: skip
def test_links_open_pages_and_nothing_else_does(headers, fits):
    assert allowed(path="/runs", headers=headers) is fits


@pytest.mark.matrix("UI: cannot be framed")
def test_no_other_page_may_frame_it_or_hold_its_window():
    headers = dict(answer()["headers"])
    assert headers[b"x-frame-options"] == b"DENY"
    assert headers[b"cross-origin-opener-policy"] == b"same-origin"


@given(
    method=st.sampled_from(["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "get", "X"]),
    origin=st.sampled_from(["https://evil.example", "null", "", "http://[", "file://",
                            "http://127.0.0.1:3000.evil.example", "http://127.0.0.1", "://"]),
    path=st.sampled_from(["/graphql", "/x/graphql", "/report_asset_check/a"]),
    kind=st.sampled_from(["", "application/json", "text/plain", "multipart/form-data"]),
)  # fmt: skip
def test_no_request_with_a_foreign_origin_changes_anything(method, origin, path, kind):
    headers = {"origin": origin, "content-type": kind}
    if method not in ("GET", "HEAD") or path.endswith("/graphql"):
        assert not allowed(method, path, headers)
