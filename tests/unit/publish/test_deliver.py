import datetime as dt
import email
import email.policy
import threading
from pathlib import Path

import pytest
from publish_world import NOW, UI_URL, WEEKS, World

from sitecast.deployment import Deployment
from sitecast.errors import DeliveryError
from sitecast.installation import Installation, open_installation
from sitecast.publish import FileMailer, LimitedMailer, deliver_outbox, publish_plan
from sitecast.publish.deliver import LONGEST_PAUSE, MAX_ATTEMPTS, OnAmbiguous, pause
from sitecast.publish.mailers import Doubtful, Refused
from sitecast.store.outbox import Outbox

ANA, BEN = "ana@example.com", "ben@example.com"


class ScriptedMailer:
    """Raises what it is told to per recipient, else keeps the message."""

    def __init__(self, **errors: Exception) -> None:
        self.errors, self.accepted = errors, []

    def send(self, message: bytes, sender: str, recipient: str) -> None:
        error = self.errors.get(recipient.partition("@")[0])
        if error is not None:
            raise error
        self.accepted.append((recipient, message))

    accepted: list[tuple[str, bytes]]


class Crash(BaseException):
    """Stands for the death of the process."""


@pytest.fixture
def world(tmp_path: Path) -> World:
    return published(World(tmp_path))


@pytest.fixture
def stored(tmp_path: Path, ledger_url: str) -> World:
    """The same on each kind of database in turn."""
    return published(World(tmp_path, ledger_url))


def published(made: World) -> World:
    for week in WEEKS:
        made.store_week(week)
    publish_plan(made.plan, made.weeks, made.ledger, made.folder, UI_URL, NOW)
    return made


def test_every_recipient_gets_one_message_once(stored: World) -> None:
    mailer = ScriptedMailer()
    report = deliver_outbox(stored.ledger, mailer, NOW, "resend")
    assert (sorted(report.sent), report.waiting) == ([ANA, BEN], ())
    assert deliver_outbox(stored.ledger, mailer, NOW, "resend").sent == ()
    assert len(mailer.accepted) == 2


def test_r10_who_delivers_meanwhile_waits_and_finds_nothing_in_doubt(stored: World) -> None:
    mailer, others = ScriptedMailer(), []

    class Slow(ScriptedMailer):
        def send(self, message: bytes, sender: str, recipient: str) -> None:
            if not others:
                deliver = threading.Thread(
                    target=deliver_outbox, args=(stored.ledger, mailer, NOW, "resend")
                )
                others.append(deliver)
                deliver.start()
                deliver.join(0.5)  # long enough for a second mail of what is being sent
            super().send(message, sender, recipient)

    slow = Slow()
    deliver_outbox(stored.ledger, slow, NOW, "resend")
    others[0].join()
    assert sorted(name for name, _ in slow.accepted + mailer.accepted) == [ANA, BEN]


def test_no_email_leaves_the_allowed_domains(stored: World, tmp_path: Path) -> None:
    inner = ScriptedMailer()
    limited = Deployment(home=tmp_path, mail_domains="Example.com, example.org").allowed_domains
    assert limited is not None
    allowed = deliver_outbox(stored.ledger, LimitedMailer(inner, limited), NOW, "resend")
    assert sorted(allowed.sent) == [ANA, BEN]
    for recipient in ("eve@evil.example", "eve@example.com@evil.example", "eve@sub.example.com"):
        with pytest.raises(Refused, match="SITECAST_MAIL_DOMAINS"):
            LimitedMailer(inner, limited).send(b"x", ANA, recipient)
    assert len(inner.accepted) == 2
    opened = open_installation(Deployment(home=tmp_path, mail_domains="example.org"))
    report = deliver_outbox(published(World(tmp_path / "more")).ledger, opened.mailer, NOW, "hold")
    assert sorted(report.refused) == [ANA, BEN]
    assert not (tmp_path / "outbox").exists()


def test_refused_recipient_is_named_and_the_other_one_served(world: World) -> None:
    report = deliver_outbox(world.ledger, ScriptedMailer(ben=Refused("550 no")), NOW, "resend")
    assert (report.sent, report.refused) == ((ANA,), (BEN,))
    assert deliver_outbox(world.ledger, ScriptedMailer(), NOW, "resend").sent == ()


@pytest.mark.matrix("SMTP refuses somebody: the others are told, once", page="faults")
def test_the_others_are_told_once_of_a_message_that_did_not_go_out(world: World) -> None:
    mailer = ScriptedMailer(ben=Refused("550 no such user"))
    opened = Installation(
        Deployment(home=world.folder), world.ledger, world.weeks, world.folder, mailer
    )
    for hours in (0, 1):
        opened.deliver(world.plan, NOW + dt.timedelta(hours=hours))
    assert [recipient for recipient, _ in mailer.accepted] == [ANA, ANA]
    alert = email.message_from_bytes(mailer.accepted[1][1], policy=email.policy.default)
    assert alert["Subject"] == f"sitecast: the email to {BEN} did not go out"
    for fact in ("was refused for good", "550 no such user", "#a-message-did-not-go-out"):
        assert fact in alert.get_content()
    assert len(Outbox(world.ledger.database).rows("refused")) == 1


def test_transient_error_waits_longer_each_time_and_then_gives_up(stored: World) -> None:
    down, now = ScriptedMailer(ana=DeliveryError("421"), ben=DeliveryError("421")), NOW
    report = deliver_outbox(stored.ledger, down, now, "resend")
    assert sorted(report.waiting) == [ANA, BEN]
    early = now + pause(1) - dt.timedelta(seconds=1)
    assert deliver_outbox(stored.ledger, ScriptedMailer(), early, "resend").sent == ()
    for attempts in range(1, MAX_ATTEMPTS):
        now += pause(attempts)
        report = deliver_outbox(stored.ledger, down, now, "resend")
    assert (sorted(report.dead), report.waiting) == ([ANA, BEN], ())


def test_message_that_was_held_up_is_sent_later_with_the_same_bytes(world: World) -> None:
    frozen = [row.message for row in Outbox(world.ledger.database).rows("pending")]
    deliver_outbox(world.ledger, ScriptedMailer(ana=DeliveryError("421")), NOW, "resend")
    mailer = ScriptedMailer()
    deliver_outbox(world.ledger, mailer, NOW + pause(1), "resend")
    assert mailer.accepted[0][0] == ANA
    assert mailer.accepted[0][1] in frozen


@pytest.mark.parametrize(("rule", "held", "sent"), [("resend", (), (ANA,)), ("hold", (ANA,), ())])
def test_doubt_is_settled_by_rule(
    world: World, rule: OnAmbiguous, held: tuple[str, ...], sent: tuple[str, ...]
) -> None:
    report = deliver_outbox(world.ledger, ScriptedMailer(ana=Doubtful("timeout")), NOW, rule)
    assert report.held == held
    assert deliver_outbox(world.ledger, ScriptedMailer(), NOW + pause(1), rule).sent == sent


@pytest.mark.parametrize("rule", ["resend", "hold"])
def test_row_left_by_a_process_that_died_is_settled_by_rule(
    stored: World, rule: OnAmbiguous
) -> None:
    with pytest.raises(Crash, match="killed"):
        deliver_outbox(stored.ledger, ScriptedMailer(ana=Crash("killed"), ben=Crash("killed")),
                       NOW, rule)  # fmt: skip
    interrupted = Outbox(stored.ledger.database).rows("sending")
    assert len(interrupted) == 1
    assert interrupted[0] in Outbox(stored.ledger.database).due(NOW - dt.timedelta(days=1))
    mailer = ScriptedMailer()
    report = deliver_outbox(stored.ledger, mailer, NOW, rule)
    if rule == "hold":
        assert report.held == (interrupted[0].recipient,)
        assert len(report.sent) == 1
    else:
        assert sorted(report.sent) == [ANA, BEN]
        assert (interrupted[0].recipient, interrupted[0].message) in mailer.accepted


def test_pause_doubles_up_to_a_limit() -> None:
    assert [pause(n).total_seconds() for n in (1, 2, 3)] == [60, 120, 240]
    assert pause(10_000) == LONGEST_PAUSE


def test_file_mailer_writes_private_eml_files_named_by_message_id(
    world: World, tmp_path: Path
) -> None:
    folder = tmp_path / "outbox"
    rows = Outbox(world.ledger.database).rows("pending")
    deliver_outbox(world.ledger, FileMailer(folder), NOW, "resend")
    FileMailer(folder).send(rows[0].message, rows[0].sender, rows[0].recipient)
    assert sorted(p.name for p in folder.iterdir()) == sorted(
        f"{row.message_id.strip('<>')}.eml" for row in rows
    )
    assert {p.stat().st_mode & 0o777 for p in folder.iterdir()} == {0o600}
    assert {p.read_bytes() for p in folder.iterdir()} == {row.message for row in rows}


def test_message_id_cannot_name_a_path(tmp_path: Path) -> None:
    FileMailer(tmp_path / "out").send(b"Message-ID: <../../evil@x>\r\n\r\nhello", "a@b", "c@d")
    (written,) = (tmp_path / "out").iterdir()
    assert len(written.stem) == 64


def test_folder_that_cannot_be_written_is_a_transient_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(DeliveryError, match="cannot write the message"):
        FileMailer(tmp_path / "file").send(b"\r\n", "a@b", "c@d")
