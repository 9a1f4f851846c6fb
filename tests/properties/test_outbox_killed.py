"""R10: deliveries killed at named points, against a real SMTP server in each of its moods.

Nothing is lost; whatever comes twice is the same message with the same Message-ID; and it comes
twice only where the server may have accepted it before the process died or gave up.
"""

import asyncio
import datetime as dt
import email
import os
import signal
import socket
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from counts import Counted, nightly
from publish_world import NOW

from sitecast.publish import SmtpMailer, deliver_outbox, mailers
from sitecast.publish.alert import tell_that_something_failed
from sitecast.publish.deliver import LONGEST_PAUSE, MAX_ATTEMPTS
from sitecast.settings import PublicationSettings
from sitecast.store import Ledger
from sitecast.store.outbox import Outbox

POINTS = ("found", "claimed", "received", "accepted", "recorded")
MOODS = ("ok", "greylist", "421", "timeout")
IN_DOUBT = {"received", "accepted"}
"""Points between the server's having a message and our having noted it."""
PATIENCE_S = 1.0
PEOPLE = ("ana@example.com", "ben@example.com", "cleo@example.com")


@dataclass
class Server:
    """Accepts; in a bad mood not the first try of each. May kill its client as it takes one."""

    mood: str = "ok"
    victim: int = 0
    taken: list[tuple[str, bytes]] = field(default_factory=list)
    seen: Counter[str] = field(default_factory=Counter)

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.mood == "greylist" and self._is_first(address):
            return "451 4.7.1 greylisted, try again"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        (address,) = envelope.rcpt_tos
        if self.mood == "421" and self._is_first(address):
            return "421 4.3.2 try later"
        assert isinstance(envelope.original_content, bytes)
        self.taken.append((address, envelope.original_content))
        if self.victim:
            os.kill(self.victim, signal.SIGKILL)
        if self.mood == "timeout" and self._is_first(address):
            await asyncio.sleep(2 * PATIENCE_S)
        return "250 accepted"

    def _is_first(self, address: str) -> bool:
        self.seen[address] += 1
        return self.seen[address] == 1


@pytest.fixture
def server() -> Iterator[tuple[Server, SmtpMailer]]:
    handler = Server()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    controller = Controller(handler, hostname="127.0.0.1", port=port)
    controller.start()
    yield handler, SmtpMailer("127.0.0.1", port, "none")
    controller.stop()


def _die(*_: object, **__: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _then_die(function: Callable[..., Any]) -> Callable[..., Any]:
    def wrapped(*args: Any, **kwargs: Any) -> None:
        function(*args, **kwargs)
        _die()

    return wrapped


def killed(
    ledger: Ledger, mailer: SmtpMailer, handler: Server, point: str, now: dt.datetime
) -> bool:
    """Deliver in a fork that dies at a point of its first message; whether it did."""
    started, start = os.pipe()
    child = os.fork()
    if child == 0:
        os.read(started, 1)
        changes = {
            "found": ("claim", _die), "claimed": ("claim", _then_die(Outbox.claim)),
            "accepted": ("mark", _die), "recorded": ("mark", _then_die(Outbox.mark)),
        }  # fmt: skip
        if point in changes:
            setattr(Outbox, *changes[point])
        try:
            deliver_outbox(ledger, mailer, now, "resend")
        finally:
            os._exit(0)
    handler.victim = child if point == "received" else 0
    os.write(start, b"!")
    status = os.waitpid(child, 0)[1]
    handler.victim = 0
    os.close(started)
    os.close(start)
    return os.WIFSIGNALED(status)


def trial(ledger: Ledger, server: tuple[Server, SmtpMailer], number: int, point: str) -> None:
    """One message each to three people, killed once."""
    handler, mailer = server
    handler.taken.clear()
    handler.seen.clear()
    told = PublicationSettings(recipients=PEOPLE)
    tell_that_something_failed(ledger, told, f"trial-{number}", "a run failed", "why", NOW)
    now = NOW
    died = killed(ledger, mailer, handler, point, now)
    assert died or (point == "received" and handler.mood in ("greylist", "421"))
    outbox = Outbox(ledger.database)
    for _ in range(MAX_ATTEMPTS):
        deliver_outbox(ledger, mailer, now, "resend")
        now += LONGEST_PAUSE
        if not outbox.rows("pending"):
            break
    assert outbox.rows("pending") == []
    by_person = Counter(person for person, _ in handler.taken)
    assert set(by_person) == set(PEOPLE), "lost"
    names = {
        (person, email.message_from_bytes(data)["Message-ID"]) for person, data in handler.taken
    }
    assert len(names) == len(set(handler.taken)) == len(PEOPLE), "twice, and not the same"
    twice = len(handler.taken) - len(PEOPLE)
    in_doubt = {"ok": 1 if point in IN_DOUBT else 0, "timeout": len(PEOPLE)}
    assert twice == in_doubt.get(handler.mood, 0), (handler.mood, point)


@pytest.fixture
def ledger(fast_path: Path) -> Ledger:
    made = Ledger(f"sqlite:///{fast_path / 'ledger.db'}")
    made.create()
    return made


@pytest.mark.matrix("delivery killed at five points", page="faults")
def test_r10_killed_deliveries_lose_nothing_and_repeat_only_what_is_in_doubt(
    ledger: Ledger, server: tuple[Server, SmtpMailer], counted: Counted
) -> None:
    for number in range(100):
        trial(ledger, server, number, POINTS[number % 5])
    counted("kills of a delivery", 100)


@pytest.mark.slow
@pytest.mark.parametrize("mood", MOODS)
@pytest.mark.matrix("delivery killed at five points: server in order, greylisting, busy, silent",
                    page="faults")  # fmt: skip
def test_r10_many_killed_deliveries_lose_nothing(
    ledger: Ledger, server: tuple[Server, SmtpMailer], mood: str, counted: Counted,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    server[0].mood = mood
    if mood == "timeout":
        monkeypatch.setattr(mailers, "_TIMEOUT_S", PATIENCE_S)
    trials = nightly(1_000)
    for number in range(trials):
        trial(ledger, server, number, POINTS[number % 5])
    counted(f"kills of a delivery, server: {mood}", trials)
