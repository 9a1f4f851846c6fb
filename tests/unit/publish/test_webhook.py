import base64
import datetime as dt
import hashlib
import hmac
import json
import os
import re
import shutil
import signal
import ssl
from pathlib import Path
from typing import Any

import pytest
from http_receiver import Receiver, receiving
from publish_world import NOW, UI_URL, WEEKS, World
from pydantic import SecretStr

from sitecast.deployment import Deployment
from sitecast.errors import DeliveryError, SettingsError
from sitecast.installation import open_installation
from sitecast.publish import FileMailer, Webhook, publish_plan
from sitecast.publish.deliver import MAX_ATTEMPTS, deliver_all, deliver_webhooks, pause
from sitecast.publish.post import post
from sitecast.publish.webhook import signed_headers
from sitecast.records.feed import PUBLICATION_FEED
from sitecast.store.outbox import Outbox, OutboxRow, Status, queue

SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()
PAGE = Path(__file__).parents[3] / "docs" / "how-to" / "read-publications.md"


def webhook_to(receiver: Receiver) -> Webhook:
    return Webhook.of(SecretStr(receiver.url()), SecretStr(SECRET))


@pytest.fixture(scope="module")
def forecast(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A plan that was published without a webhook, to copy."""
    folder = tmp_path_factory.mktemp("forecast")
    world = World(folder)
    for week in WEEKS:
        world.store_week(week)
    publish_plan(world.plan, world.weeks, world.ledger, world.folder, UI_URL, NOW)
    return folder


@pytest.fixture
def world(forecast: Path, tmp_path: Path) -> World:
    return World(shutil.copytree(forecast, tmp_path / "world", symlinks=True))


def call(world: World, webhook: Webhook) -> None:
    """Queue what publishing with a webhook queues."""
    (event,) = world.ledger.feed()
    with world.ledger.database.writing() as connection:
        queue(connection, [webhook.row(event)], NOW)


def waiting(world: World, status: Status = "pending") -> list[OutboxRow]:
    return Outbox(world.ledger.database, "webhook").rows(status)


def is_genuine(headers: dict[str, str], body: bytes, now: dt.datetime) -> bool:
    """The snippet of the documentation, as a reader would paste it."""
    found = re.search(r"<!-- verify -->\n```python\n(.*?)```", PAGE.read_text(), flags=re.DOTALL)
    assert found is not None
    names: dict[str, Any] = {}
    exec(found[1], names)
    return bool(names["is_genuine"](SECRET, headers, body, now.timestamp()))


def test_the_event_arrives_signed_and_says_nothing_of_the_forecast(world: World) -> None:
    with receiving() as receiver:
        webhook = webhook_to(receiver)
        call(world, webhook)
        assert deliver_webhooks(world.ledger, webhook, NOW).sent == (str(webhook),)
        assert deliver_webhooks(world.ledger, webhook, NOW).sent == ()
    ((path, headers, body),) = receiver.calls
    assert path == "/hooks?token=t0ken"
    assert headers["content-type"] == "application/json"
    assert is_genuine(headers, body, NOW)
    content = json.loads(body)
    (event,) = world.ledger.feed()
    told = {name: value for name, value in event.to_plain().items() if name != "why"}
    assert content == {"type": "publication.published", "timestamp": NOW.isoformat(), "data": told}
    assert set(told) == {column.name for column in PUBLICATION_FEED.columns} - {"why"}
    assert b"example.com" not in body


def test_the_signature_is_that_of_the_standard() -> None:
    headers = signed_headers(SecretStr(SECRET), "msg_1", b'{"a": 1}', NOW)
    text = f'msg_1.{NOW.timestamp():.0f}.{{"a": 1}}'.encode()
    digest = hmac.digest(bytes(range(32)), text, hashlib.sha256)
    assert headers["webhook-signature"] == f"v1,{base64.b64encode(digest).decode()}"


def test_what_was_changed_or_kept_back_is_not_genuine() -> None:
    body = b'{"seq": 1}'
    headers = signed_headers(SecretStr(SECRET), "msg_1", body, NOW)
    assert is_genuine(headers, body, NOW)
    assert not is_genuine(headers, b'{"seq": 2}', NOW)
    assert not is_genuine({**headers, "webhook-id": "msg_2"}, body, NOW)
    assert not is_genuine(headers, body, NOW + dt.timedelta(minutes=6))
    later = str(int(headers["webhook-timestamp"]) + 1)
    assert not is_genuine({**headers, "webhook-timestamp": later}, body, NOW)


def test_500_then_200_repeats_the_same_id_and_bytes_with_a_new_time(world: World) -> None:
    with receiving(500, 200) as receiver:
        webhook = webhook_to(receiver)
        call(world, webhook)
        assert deliver_webhooks(world.ledger, webhook, NOW).waiting == (str(webhook),)
        assert deliver_webhooks(world.ledger, webhook, NOW).sent == ()  # it is not due yet
        again = NOW + pause(1)
        assert deliver_webhooks(world.ledger, webhook, again).sent == (str(webhook),)
    (_, first, body), (_, second, repeated) = receiver.calls
    assert body == repeated
    assert first["webhook-id"] == second["webhook-id"]
    assert first["webhook-signature"] != second["webhook-signature"]
    assert is_genuine(second, repeated, again)
    assert waiting(world) == []


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (301, "redirects are not followed"), (307, "redirects are not followed"),
        (404, "answers 404"), (503, "answers 503"), ("drop", "no answer"),
    ],
)  # fmt: skip
def test_failures_wait_and_redirects_lead_nowhere(
    world: World, answer: int | str, told: str
) -> None:
    with receiving(answer) as receiver:
        webhook = webhook_to(receiver)
        call(world, webhook)
        deliver_webhooks(world.ledger, webhook, NOW)
    assert len(receiver.calls) == 1
    (row,) = waiting(world)
    assert told in row.last_error
    assert "t0ken" not in row.last_error + row.recipient


def test_410_ends_it(world: World) -> None:
    with receiving(410) as receiver:
        webhook = webhook_to(receiver)
        call(world, webhook)
        assert deliver_webhooks(world.ledger, webhook, NOW).refused == (str(webhook),)
        assert deliver_webhooks(world.ledger, webhook, NOW + pause(9)).refused == ()
    assert len(receiver.calls) == 1


def test_an_endpoint_that_stays_down_is_given_up(world: World) -> None:
    with receiving(500) as receiver:
        webhook = webhook_to(receiver)
        call(world, webhook)
        now = NOW
        for attempt in range(1, MAX_ATTEMPTS + 1):
            deliver_webhooks(world.ledger, webhook, now)
            now += pause(attempt)
    assert len(receiver.calls) == MAX_ATTEMPTS
    assert len({call[1]["webhook-id"] for call in receiver.calls}) == 1
    assert (waiting(world), len(waiting(world, "dead"))) == ([], 1)


@pytest.mark.parametrize("answer", ["hang", "drip"])
def test_a_receiver_that_keeps_us_waiting_is_left(answer: str) -> None:
    with receiving(answer) as receiver, pytest.raises(DeliveryError, match="no answer"):
        post(receiver.url(), b"{}", {}, timeout_s=0.2)


def test_nobody_there_keeps_neither_email_nor_data(world: World, tmp_path: Path) -> None:
    with receiving() as receiver:
        webhook = webhook_to(receiver)
    call(world, webhook)  # nobody listens any more
    report = deliver_all(world.ledger, FileMailer(tmp_path / "mail"), webhook, NOW, "hold")
    assert len(report.sent) == 2
    assert report.waiting == (str(webhook),)
    assert len(world.ledger.current("site_load")) == 12


def test_an_endpoint_that_hangs_in_one_process_blocks_no_email_of_another(
    world: World, tmp_path: Path
) -> None:
    with receiving() as receiver:
        webhook = webhook_to(receiver)
        call(world, webhook)
        with Outbox(world.ledger.database, "webhook").exclusive():  # the other one waits in there
            sent = deliver_all(world.ledger, FileMailer(tmp_path / "mail"), None, NOW, "hold").sent
    assert len(sent) == 2


def test_killed_after_the_receiver_has_it_repeats_the_same_id(world: World) -> None:
    with receiving("hang", 200) as receiver:
        webhook = webhook_to(receiver)
        call(world, webhook)
        child = os.fork()
        if child == 0:
            deliver_webhooks(world.ledger, webhook, NOW)
            os._exit(0)
        while not receiver.calls:
            assert os.waitpid(child, os.WNOHANG) == (0, 0)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        assert len(waiting(world, "sending")) == 1
        assert deliver_webhooks(world.ledger, webhook, NOW).sent == (str(webhook),)
    first, second = receiver.calls
    assert first[1]["webhook-id"] == second[1]["webhook-id"]
    assert first[2] == second[2]


def test_a_certificate_nobody_vouches_for_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The default context checks certificate and host name; the client must not weaken it."""
    made: list[ssl.SSLContext] = []
    original = ssl.create_default_context
    monkeypatch.setattr(ssl, "create_default_context",
                        lambda: made.append(original()) or made[-1])  # fmt: skip
    with receiving() as receiver, pytest.raises(DeliveryError, match="no answer"):
        post(receiver.url().replace("http:", "https:"), b"{}", {}, timeout_s=2.0)
    assert receiver.calls == []
    assert [(context.verify_mode, context.check_hostname) for context in made] == [
        (ssl.CERT_REQUIRED, True)
    ]


@pytest.mark.parametrize(
    "url",
    ["http://example.com/x", "ftp://example.com", "https:///path", "https://user:pw@example.com/",
     "https://example.com/#x", "https://example.com/ x", "https://example.com/\r\nx: y", "x",
     "https://exämple.com/", "http://127.0.0.1.example.com/", "https://example.com:0/",
     "https://example.com:99999/", "https://hooks..example.com/"],
)  # fmt: skip
def test_addresses_that_are_refused_and_never_shown(url: str) -> None:
    with pytest.raises(SettingsError, match="the webhook's address") as caught:
        Webhook.of(SecretStr(url), SecretStr(SECRET))
    assert url == "x" or url not in str(caught.value)


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_c2hvcnQ=", "not base64 at all!!!!!!!!!!!"])
def test_secrets_that_are_refused_and_never_shown(secret: str) -> None:
    with pytest.raises(SettingsError, match="the webhook's secret is") as caught:
        Webhook.of(SecretStr("https://example.com"), SecretStr(secret))
    assert len(secret) < 8 or secret not in str(caught.value)


def test_the_deployment_names_both_or_neither(tmp_path: Path) -> None:
    url, secret = SecretStr("https://example.com/x?token=t0ken"), SecretStr(SECRET)
    opened = open_installation(Deployment(home=tmp_path, webhook_url=url, webhook_secret=secret))
    assert str(opened.webhook) == "https://example.com"
    assert "t0ken" not in repr(opened)
    assert SECRET not in repr(opened)
    with pytest.raises(SettingsError, match="needs an address and a secret"):
        open_installation(Deployment(home=tmp_path, webhook_url=url))
    assert open_installation(Deployment(home=tmp_path)).webhook is None


def test_webhooks_wait_while_no_address_is_set(world: World, tmp_path: Path) -> None:
    webhook = Webhook.of(SecretStr("https://example.com"), SecretStr(SECRET))
    call(world, webhook)
    without = open_installation(Deployment(home=tmp_path, warehouse_url=SecretStr(
        world.ledger.database.url.render_as_string())))  # fmt: skip
    assert {row.channel for row in without.messages_due(NOW)} == {"email"}
    without.deliver(world.plan, NOW)
    assert without.messages_due(NOW) == []
    assert len(waiting(world)) == 1


def test_publishing_queues_the_call_in_the_same_transaction(tmp_path: Path) -> None:
    world = World(tmp_path)
    for week in WEEKS:
        world.store_week(week)
    webhook = Webhook.of(SecretStr("https://example.com/x?token=t0ken"), SecretStr(SECRET))
    for _ in range(2):
        publish_plan(world.plan, world.weeks, world.ledger, world.folder, UI_URL, NOW, webhook)
    (row,) = waiting(world)
    (event,) = world.ledger.feed()
    assert row == webhook.row(event)
    assert (row.channel, row.recipient) == ("webhook", "https://example.com")
