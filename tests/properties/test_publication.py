"""R9, R10: a plan version is published once, whole, whatever is killed, retried, interleaved."""

import contextlib
import json
import os
import signal
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from counts import Counted, nightly
from hypothesis import given, settings
from hypothesis import strategies as st
from killing import count_operations, kill_at
from publish_world import NOW, UI_URL, WEEKS, World

from sitecast.publish import (
    PlanVersion,
    SmtpMailer,
    current_publication,
    deliver_outbox,
    plans_due,
    publish_plan,
    run_key,
)  # fmt: skip
from sitecast.publish.deliver import pause
from sitecast.store.outbox import Outbox

KILLS = 5
PLANS = {"plan-a": ("w1", "w2", "w3"), "plan-b": ("w2", "w3", "w4")}
EVENTS = st.lists(
    st.one_of(
        st.tuples(st.just("week"), st.sampled_from(sorted(PLANS)),
                  st.sampled_from(["w1", "w2", "w3", "w4"]), st.integers(1, 3)),
        st.tuples(st.just("last week"), st.sampled_from(sorted(PLANS)), st.just(""),
                  st.integers(1, 3)),
        st.tuples(st.just("delete"), st.sampled_from(sorted(PLANS)),
                  st.sampled_from(["w1", "w2", "w3", "w4"]), st.just(0)),
        st.tuples(st.just("tick"), st.just(""), st.just(""), st.just(0)),
        st.tuples(st.just("run fails"), st.just(""), st.just(""), st.just(0)),
        st.tuples(st.just("run succeeds"), st.just(""), st.just(""), st.just(0)),
    ),
    min_size=10, max_size=40,
)  # fmt: skip


@pytest.mark.matrix("weeks, ticks and failures in any order", page="faults")
def test_r10_no_interleaving_publishes_a_mixed_or_incomplete_plan_or_one_twice(
    counted: Counted,
) -> None:
    published = publications_of_interleavings(500)
    counted("publications in 500 interleavings", published)
    assert published >= 500


@pytest.mark.slow
@pytest.mark.matrix("weeks, ticks and failures in many more orders", page="faults")
def test_r10_none_of_many_interleavings_publishes_a_mixed_or_incomplete_plan(
    counted: Counted,
) -> None:
    count = nightly(10_000)
    published = publications_of_interleavings(count)
    counted(f"publications in {count:,} interleavings", published)
    assert published >= count


def publications_of_interleavings(count: int) -> int:
    """How many there were in so many orders of events, each held against what must hold."""
    published = []

    @settings(max_examples=count, deadline=None)
    @given(events=EVENTS)
    def check(events: list[tuple[str, str, str, int]]) -> None:
        published.append(require_whole_plans(events))

    check()
    return sum(published)


def require_whole_plans(events: list[tuple[str, str, str, int]]) -> int:
    scheduler = _Scheduler()
    for event in events:
        scheduler.handle(*event)
    for version in scheduler.published:
        assert sorted(version.versions) == sorted(PLANS[version.plan_id])
        assert all(made.startswith(version.plan_id) for made in version.versions.values())
    # Level-triggered: whatever is complete now is published in the end, failed runs or not.
    scheduler.handle("tick")
    while scheduler.queued:
        scheduler.handle("run succeeds")
    fingerprints = [version.fingerprint for version in scheduler.published]
    assert len(fingerprints) == len(set(fingerprints))
    assert plans_due(PLANS, scheduler.made, scheduler.published) == []
    for plan_id, weeks in PLANS.items():
        if all(scheduler.made[plan_id].get(week) for week in weeks):
            newest = {week: str(scheduler.made[plan_id][week]) for week in weeks}
            assert PlanVersion(plan_id, newest) in scheduler.published
    return len(scheduler.published)


class _Scheduler:
    """Dagster as seen in the spike: a run key is never run twice, failed or not."""

    def __init__(self) -> None:
        self.made: dict[str, dict[str, str | None]] = {plan_id: {} for plan_id in PLANS}
        self.published: list[PlanVersion] = []
        self.queued: list[PlanVersion] = []
        self.attempts: dict[str, int] = {}
        self.keys: set[str] = set()

    def handle(self, event: str, plan_id: str = "", week: str = "", number: int = 0) -> None:
        if event == "week":
            self.made[plan_id][week] = f"{plan_id}/{week}/{number}"
        elif event == "last week":  # chance alone seldom completes a plan
            for missing in set(PLANS[plan_id]) - {w for w, v in self.made[plan_id].items() if v}:
                self.made[plan_id][missing] = f"{plan_id}/{missing}/{number}"
        elif event == "delete":
            self.made[plan_id][week] = None
        elif event == "tick":
            self._tick()
        elif self.queued:
            self._end_run(failed=event == "run fails")

    def _tick(self) -> None:
        for version in plans_due(PLANS, self.made, self.published):
            key = run_key(version, self.attempts.get(version.fingerprint, 0))
            if key not in self.keys:
                self.keys.add(key)
                self.queued.append(version)

    def _end_run(self, failed: bool) -> None:
        version = self.queued.pop(0)
        self.attempts[version.fingerprint] = self.attempts.get(version.fingerprint, 0) + 1
        if not failed:
            # The run publishes the newest complete version, once, as publish_plan() does.
            self.published += plans_due(
                {version.plan_id: PLANS[version.plan_id]}, self.made, self.published
            )


@given(first=st.dictionaries(st.text(), st.text()), second=st.dictionaries(st.text(), st.text()))
def test_r10_fingerprints_differ_exactly_where_versions_differ(
    first: dict[str, str], second: dict[str, str]
) -> None:
    same = PlanVersion("p", first).fingerprint == PlanVersion("p", second).fingerprint
    assert same == (first == second)
    assert PlanVersion("p", first).fingerprint != PlanVersion("q", first).fingerprint


def publish(world: World) -> None:
    publish_plan(world.plan, world.weeks, world.ledger, world.folder, UI_URL, NOW)


def complete_world(folder: Path) -> World:
    folder.mkdir(exist_ok=True)
    world = World(folder)
    for week in WEEKS:
        world.store_week(week)
    return world


@pytest.mark.matrix("publisher killed before it ends", page="faults")
def test_r9_r10_a_publisher_killed_anywhere_publishes_all_or_nothing_and_then_once(
    tmp_path: Path,
) -> None:
    spare = complete_world(tmp_path / "spare")
    publish(spare)
    spare.store_week(WEEKS[0], scale=9.0)
    points = count_operations(tmp_path, lambda: publish(spare))
    world = complete_world(tmp_path / "world")
    publish(world)
    old = _seen(world)
    kills = 0
    for k in range(0, points, max(points // KILLS, 1)):
        world.store_week(WEEKS[0], scale=2.0 + k)
        kills += kill_at(tmp_path, lambda: publish(world), k)
        seen = _seen(world)
        assert seen["messages"] == 2 * seen["publications"]
        publish(world)
        new = _seen(world)
        assert seen in (old, new)
        assert new == {**old, "current": new["current"], "publications": old["publications"] + 1,
                       "messages": old["messages"] + 2}  # fmt: skip
        assert (
            json.loads((world.folder / "current.json").read_text())["publication_id"]
            == (new["current"])
        )
        assert list(world.folder.glob(".new-*")) == []
        old = new
    assert kills >= KILLS


def _seen(world: World) -> dict[str, object]:
    current = current_publication(world.ledger, world.folder)
    assert current is not None
    assert (current.folder / "manifest.json").is_file()
    return {
        "current": current.publication_id,
        "publications": len(world.ledger.publications()),
        "messages": len(Outbox(world.ledger.database).rows("pending")),
        "rows": {name: len(world.ledger.current(name)) for name in ("site_load", "weekly_need")},
    }


class Server:
    """A real SMTP server that can be told to refuse, to be busy, or to kill its client."""

    def __init__(self) -> None:
        self.accepted: list[tuple[str, bytes]] = []
        self.kill_after: int | None = None
        self.client = 0
        self.client_known = threading.Event()

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address.startswith("gone@"):
            return "550 5.1.1 no such user"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        if envelope.rcpt_tos[0].startswith("busy@"):
            return "421 4.3.2 try later"
        assert isinstance(envelope.original_content, bytes)
        self.accepted.append((envelope.rcpt_tos[0], envelope.original_content))
        if self.kill_after is not None and len(self.accepted) == self.kill_after:
            self.client_known.wait(10)
            os.kill(self.client, signal.SIGKILL)
        return "250 accepted"


@contextlib.contextmanager
def serving(handler: Server) -> Iterator[SmtpMailer]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    controller = Controller(handler, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        yield SmtpMailer("127.0.0.1", port, "none")
    finally:
        controller.stop()


@pytest.fixture
def server() -> Iterator[tuple[Server, SmtpMailer]]:
    handler = Server()
    with serving(handler) as mailer:
        yield handler, mailer


def mail_world(folder: Path, *recipients: str) -> World:
    world = World(folder, publication={"recipients": list(recipients)})
    for week in WEEKS:
        world.store_week(week)
    publish(world)
    return world


@pytest.mark.matrix("SMTP refuses some, is busy for others", page="faults")
def test_r10_real_server_accepts_refuses_and_is_busy(
    tmp_path: Path, server: tuple[Server, SmtpMailer]
) -> None:
    handler, mailer = server
    world = mail_world(tmp_path, "ana@example.com", "gone@example.com", "busy@example.com")
    frozen = {row.recipient: row.message for row in Outbox(world.ledger.database).rows("pending")}
    report = deliver_outbox(world.ledger, mailer, NOW, "resend")
    assert report.sent == ("ana@example.com",)
    assert report.refused == ("gone@example.com",)
    assert report.waiting == ("busy@example.com",)
    assert handler.accepted == [("ana@example.com", frozen["ana@example.com"])]
    (waiting,) = Outbox(world.ledger.database).rows("pending")
    assert "421" in waiting.last_error
    (refused,) = Outbox(world.ledger.database).rows("refused")
    assert "550 5.1.1 no such user" in refused.last_error


@pytest.mark.parametrize("rule", ["resend", "hold"])
@pytest.mark.matrix("publisher killed after the SMTP server accepted", page="faults")
def test_r10_killed_after_acceptance_repeats_the_same_bytes_or_nothing(
    tmp_path: Path, server: tuple[Server, SmtpMailer], rule: str
) -> None:
    handler, mailer = server
    recipients = [f"planner{number}@example.com" for number in range(3)]
    world = mail_world(tmp_path, *recipients)
    handler.kill_after = 2
    handler.client = os.fork()
    if handler.client == 0:
        deliver_outbox(world.ledger, mailer, NOW, rule)  # type: ignore[arg-type]
        os._exit(0)
    handler.client_known.set()
    assert os.WIFSIGNALED(os.waitpid(handler.client, 0)[1])
    deliver_outbox(world.ledger, mailer, NOW, rule)  # type: ignore[arg-type]
    deliver_outbox(world.ledger, mailer, NOW + pause(5), rule)  # type: ignore[arg-type]
    assert sorted({recipient for recipient, _ in handler.accepted}) == recipients
    assert len(set(handler.accepted)) == 3
    assert len(handler.accepted) == (4 if rule == "resend" else 3)
    held = Outbox(world.ledger.database).rows("held")
    assert len(held) == (1 if rule == "hold" else 0)


@pytest.mark.matrix("SMTP down", page="faults")
def test_r10_server_that_is_down_loses_nothing(tmp_path: Path) -> None:
    world = mail_world(tmp_path, "ana@example.com")
    report = deliver_outbox(world.ledger, SmtpMailer("127.0.0.1", 9, "none"), NOW, "resend")
    assert report.waiting == ("ana@example.com",)


@pytest.mark.matrix("SMTP drops after DATA", page="faults")
def test_connection_that_breaks_after_the_message_is_doubtful_and_held(tmp_path: Path) -> None:
    class Dropping(Server):
        async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
            await super().handle_DATA(server, session, envelope)
            assert server.transport is not None
            server.transport.abort()
            return "250 never seen"

    handler = Dropping()
    world = mail_world(tmp_path, "ana@example.com")
    with serving(handler) as mailer:
        report = deliver_outbox(world.ledger, mailer, NOW, "hold")
    assert (report.held, len(handler.accepted)) == (("ana@example.com",), 1)
