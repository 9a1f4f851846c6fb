"""A mail server that is slow, refuses everybody, or has no TLS: the forecast is published."""

import asyncio
from pathlib import Path

import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session
from properties.test_publication import Server, mail_world, serving
from publish_world import NOW, World

from sitecast.publish import SmtpMailer, deliver_outbox, mailers
from sitecast.publish.deliver import pause
from sitecast.store.outbox import Outbox

PEOPLE = ("ana@example.com", "ben@example.com")


def require_published(world: World) -> None:
    """Files, tables and pointer do not wait for any email."""
    assert len(world.ledger.publications()) == 1
    assert len(world.ledger.current("site_load")) == 12
    assert (world.folder / "current" / "manifest.json").is_file()


class Slow(Server):
    """Takes a message, and says so too late."""

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        answer = await super().handle_DATA(server, session, envelope)
        await asyncio.sleep(3 if len(self.accepted) == 1 else 0)
        return answer


@pytest.mark.parametrize("rule", ["resend", "hold"])
@pytest.mark.matrix("SMTP times out after DATA")
def test_r10_no_answer_after_the_message_is_doubtful(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rule: str
) -> None:
    monkeypatch.setattr(mailers, "_TIMEOUT_S", 1.0)
    world, handler = mail_world(tmp_path, "ana@example.com"), Slow()
    with serving(handler) as mailer:
        first = deliver_outbox(world.ledger, mailer, NOW, rule)  # type: ignore[arg-type]
        assert (first.held if rule == "hold" else first.waiting) == ("ana@example.com",)
        monkeypatch.setattr(mailers, "_TIMEOUT_S", 30.0)
        second = deliver_outbox(world.ledger, mailer, NOW + pause(2), rule)  # type: ignore[arg-type]
    assert second.sent == (() if rule == "hold" else ("ana@example.com",))
    assert len(handler.accepted) == (1 if rule == "hold" else 2)
    assert len(set(handler.accepted)) == 1, "the same bytes"
    require_published(world)


class Sleeping(Server):
    """Does not even greet."""

    async def handle_EHLO(
        self, server: SMTP, session: Session, envelope: Envelope, name: str, lines: list[str]
    ) -> list[str]:
        await asyncio.sleep(3)
        return lines


@pytest.mark.matrix("SMTP slow")
def test_a_server_that_does_not_greet_in_time_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mailers, "_TIMEOUT_S", 1.0)
    world, handler = mail_world(tmp_path, "ana@example.com"), Sleeping()
    with serving(handler) as mailer:
        report = deliver_outbox(world.ledger, mailer, NOW, "hold")
    assert (report.waiting, handler.accepted) == (("ana@example.com",), [])
    (row,) = Outbox(world.ledger.database).rows("pending")
    assert "timed out" in row.last_error
    require_published(world)


class RefusingAll(Server):
    """Knows nobody."""

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        return "550 5.7.1 not for us"


@pytest.mark.matrix("SMTP refuses everybody")
def test_everybody_refused_is_named_and_the_forecast_is_published(tmp_path: Path) -> None:
    world = mail_world(tmp_path, *PEOPLE)
    with serving(RefusingAll()) as mailer:
        report = deliver_outbox(world.ledger, mailer, NOW, "resend")
        again = deliver_outbox(world.ledger, mailer, NOW + pause(9), "resend")
    assert (report.refused, again.refused) == (PEOPLE, ())
    rows = Outbox(world.ledger.database).rows("refused")
    assert [row.recipient for row in rows] == list(PEOPLE)
    assert all("550 5.7.1 not for us" in row.last_error for row in rows)
    require_published(world)


@pytest.mark.matrix("TLS fails: the mail server offers none")
def test_nothing_is_sent_unencrypted_and_the_forecast_is_published(tmp_path: Path) -> None:
    world, handler = mail_world(tmp_path, *PEOPLE), Server()
    with serving(handler) as plain:
        mailer = SmtpMailer(plain.host, plain.port, "starttls")
        report = deliver_outbox(world.ledger, mailer, NOW, "resend")
    assert (report.waiting, handler.accepted) == (PEOPLE, [])
    rows = Outbox(world.ledger.database).rows("pending")
    assert all("STARTTLS" in row.last_error for row in rows)
    require_published(world)
