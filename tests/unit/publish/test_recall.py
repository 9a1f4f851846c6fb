import datetime as dt
import email
import email.policy
import json
import shutil
import sqlite3
from pathlib import Path

import pytest
from publish_world import NOW, POISON, UI_URL, WEEKS, World
from pydantic import SecretStr

from sitecast.errors import NotFound, SettingsError, StoreError
from sitecast.publish import (
    FileMailer,
    Recall,
    Webhook,
    current_publication,
    deliver_outbox,
    find_publication,
    publish_plan,
    recall_publication,
)  # fmt: skip
from sitecast.publish.deliver import pause
from sitecast.publish.recall_mark import unmarked_page
from sitecast.records.publication import Publication
from sitecast.store.files import sha256_of
from sitecast.store.outbox import Outbox, OutboxRow, Status

WHY = "the caps of the north site were last week's"
WEBHOOK = Webhook.of(SecretStr("https://example.com/hook?token=t0ken"), SecretStr("A" * 32))


@pytest.fixture(scope="module")
def templates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Stores after one, two and three publications, to copy: publishing takes its time."""
    folder = tmp_path_factory.mktemp("templates")
    (folder / "0").mkdir()
    made = World(folder / "0", publication={"recipients": []})
    for count in (1, 2, 3):
        publish(made, count - 1)
        shutil.copytree(folder / "0", folder / str(count), symlinks=True)
    return folder


@pytest.fixture
def world(templates: Path, tmp_path: Path) -> World:
    (tmp_path / "templates").symlink_to(templates)
    return World(tmp_path, publication={"recipients": []})


@pytest.fixture
def mailed(tmp_path: Path) -> World:
    """With two recipients."""
    return World(tmp_path)


@pytest.fixture
def stored(tmp_path: Path, ledger_url: str) -> World:
    """The same on each kind of database in turn."""
    return World(tmp_path, ledger_url)


def publish(world: World, number: int, webhook: Webhook | None = None) -> Publication:
    for week in WEEKS:
        world.store_week(week, scale=1.0 + number)
    return publish_plan(world.plan, world.weeks, world.ledger, world.folder, UI_URL, at(number),
                        webhook)  # fmt: skip


def published(world: World, count: int) -> list[Publication]:
    """Publications of the first hours, the newest last."""
    here = world.folder.parent
    template = here / "templates" / str(count)
    shutil.copytree(template, here, symlinks=True, dirs_exist_ok=True)
    names = [e.publication_id for e in world.ledger.feed() if e.event == "published"]
    found = [find_publication(world.ledger, world.folder, name) for name in names]
    return [publication for publication in found if publication is not None]


def recall(world: World, publication: Publication, hours: int = 9, why: str = WHY) -> Recall:
    return recall_publication(world.ledger, world.folder, publication.publication_id, why,
                              at(hours))  # fmt: skip


def at(hours: int) -> dt.datetime:
    return NOW + dt.timedelta(hours=hours)


def rows(world: World, status: Status, medium: str = "email") -> list[OutboxRow]:
    return Outbox(world.ledger.database, medium).rows(status)  # type: ignore[arg-type]


def statuses(world: World) -> dict[str, str]:
    return world.ledger.publications().set_index("publication_id")["status"].to_dict()


def test_the_publication_before_is_current_again_everywhere(world: World) -> None:
    first, second = published(world, 2)
    done = recall(world, second)
    assert (done.found, done.current_publication_id) == ("current", first.publication_id)
    assert current_publication(world.ledger, world.folder) == first
    assert (world.folder / "current").resolve() == first.folder.resolve()
    pointer = json.loads((world.folder / "current.json").read_text())
    assert pointer["publication_id"] == first.publication_id
    assert set(world.ledger.current("site_load")["boxes_mean"]) == {38.0}
    assert statuses(world) == {first.publication_id: "current",
                               second.publication_id: "recalled"}  # fmt: skip
    assert "is current again" in str(done)


def test_what_was_recalled_before_is_passed_over(world: World) -> None:
    first, second, third = published(world, 3)
    assert recall(world, second).found == "superseded"
    assert statuses(world)[third.publication_id] == "current"
    assert recall(world, third).current_publication_id == first.publication_id


def test_without_a_good_one_nothing_is_current(world: World) -> None:
    (only,) = published(world, 1)
    done = recall(world, only)
    assert done.current_publication_id is None
    assert "no good publication is left" in str(done)
    assert current_publication(world.ledger, world.folder) is None
    assert len(world.ledger.current("site_load")) == 0
    assert not (world.folder / "current").is_symlink()
    assert json.loads((world.folder / "current.json").read_text()) == {
        "publication_id": None, "page": None}  # fmt: skip
    after = publish(world, 1)
    assert after.supersedes is None
    assert (world.folder / "current").resolve() == after.folder.resolve()


def test_the_next_publication_supersedes_the_good_one(world: World) -> None:
    first, second = published(world, 2)
    recall(world, second)
    third = publish(world, 2)
    assert third.supersedes == first.publication_id
    assert recall(world, third, 10).current_publication_id == first.publication_id


def test_the_feed_tells_everything_in_order(world: World) -> None:
    first, second = published(world, 2)
    recall(world, second)
    a, b = first.publication_id, second.publication_id
    feed = world.ledger.feed()
    assert [(e.seq, e.event, e.publication_id, e.current_publication_id) for e in feed] == [
        (1, "published", a, a), (2, "superseded", a, b), (3, "published", b, b),
        (4, "recalled", b, a),
    ]  # fmt: skip
    assert [e.at for e in feed] == [at(0), at(1), at(1), at(9)]
    assert [e.why for e in feed] == ["", "", "", WHY]
    assert world.ledger.feed(since=3) == feed[3:]
    assert world.ledger.feed(since=4) == []
    for event in feed:
        folder = world.folder / event.publication_id
        for name, facts in event.tables.items():
            data = (folder / f"{name}.parquet").read_bytes()
            assert facts["sha256"] == sha256_of(data), name
    assert feed[2].tables["site_load"]["rows"] == 12
    assert {e.contract_version for e in feed} == {"1.0"}


def test_recalling_twice_changes_nothing_and_says_so(world: World) -> None:
    first, second = published(world, 2)
    recall(world, second)
    feed, page = world.ledger.feed(), (second.folder / "page.html").read_bytes()
    again = recall(world, second, 11, "another reason")
    assert (again.found, again.why, again.at) == ("recalled", WHY, at(9))
    assert "was recalled before" in str(again)
    assert first.publication_id in str(again)
    assert world.ledger.feed() == feed
    assert (second.folder / "page.html").read_bytes() == page


def test_recalling_a_superseded_one_leaves_the_current_one(world: World) -> None:
    first, second = published(world, 2)
    done = recall(world, first)
    assert "had been superseded already" in str(done)
    assert second.publication_id in str(done)
    assert statuses(world) == {first.publication_id: "recalled",
                               second.publication_id: "current"}  # fmt: skip
    assert (world.folder / "current").resolve() == second.folder.resolve()


def test_r9_published_numbers_stay_and_the_page_says_recalled(world: World) -> None:
    (only,) = published(world, 1)
    before = {path.name: path.read_bytes() for path in only.folder.iterdir()}
    with sqlite3.connect(world.ledger.database.url.database or "") as connection:
        count = "SELECT count(*), sum(boxes_mean) FROM site_load"
        numbers = connection.execute(count).fetchall()
        recall(world, only, why=f"wrong {POISON}")
        assert connection.execute(count).fetchall() == numbers
    connection.close()
    after = {path.name: path.read_bytes() for path in only.folder.iterdir()}
    mark = json.loads(after.pop("recalled.json"))
    page = after["page.html"]
    assert mark["page_sha256"] == sha256_of(page)
    assert mark["why"] == f"wrong {POISON}"
    assert unmarked_page(page) == before["page.html"]
    assert {**after, "page.html": before["page.html"]} == before
    assert b"<h2>Recalled 2026-11-20 16:00 UTC" in page
    assert b"&lt;img src=x" in page
    assert POISON.encode() not in page


def test_what_was_recalled_is_not_published_again(world: World) -> None:
    first, second = published(world, 2)
    recall(world, second)
    with pytest.raises(StoreError, match=f"just these forecasts were recalled: {WHY}"):
        publish(world, 1)
    assert current_publication(world.ledger, world.folder) == first


def test_later_plans_do_not_stay_close_to_it(world: World) -> None:
    published(world, 1)
    later = world.plan.as_of + dt.timedelta(hours=1)
    before = world.ledger.forecasts_before(later)
    wrong = publish(world, 1)
    assert world.ledger.forecasts_before(later) != before
    recall(world, wrong)
    assert world.ledger.forecasts_before(later) == before


def test_whoever_was_told_gets_a_notice_as_an_answer(stored: World, tmp_path: Path) -> None:
    only = publish(stored, 0)
    told = {row.recipient: row for row in rows(stored, "pending")}
    deliver_outbox(stored.ledger, FileMailer(tmp_path / "mail"), NOW, "resend")
    recall(stored, only)
    notices = rows(stored, "pending")
    assert sorted(row.recipient for row in notices) == sorted(told)
    for row in notices:
        message = email.message_from_bytes(row.message, policy=email.policy.default)
        assert message["In-Reply-To"] == told[row.recipient].message_id
        assert message["Message-ID"] == row.message_id != told[row.recipient].message_id
        assert message["Subject"].startswith("Recalled: ")
        assert f"Why: {WHY}" in message.get_content()
    recall(stored, only)
    assert rows(stored, "pending") == notices
    assert (
        len(deliver_outbox(stored.ledger, FileMailer(tmp_path / "mail"), at(9), "resend").sent) == 2
    )


def test_what_was_not_sent_yet_is_withdrawn(mailed: World) -> None:
    only = publish(mailed, 0, WEBHOOK)
    recall_publication(mailed.ledger, mailed.folder, only.publication_id, WHY, at(9), WEBHOOK)
    assert rows(mailed, "pending") == []
    assert len(rows(mailed, "withdrawn")) == 2
    (call,) = rows(mailed, "pending", "webhook")
    assert json.loads(call.message)["type"] == "publication.recalled"
    assert WHY not in call.message.decode()
    assert len(rows(mailed, "withdrawn", "webhook")) == 1


def test_a_recall_while_a_message_is_being_sent_wins(mailed: World) -> None:
    """Both emails were picked up; the recall comes while the server works on the first one."""
    only = publish(mailed, 0)

    seen: list[str] = []

    class Slow:
        def send(self, message: bytes, sender: str, recipient: str) -> None:
            seen.append(recipient)
            recall(mailed, only)

    report = deliver_outbox(mailed.ledger, Slow(), NOW, "resend")
    assert len(seen) == 1
    assert report.sent == tuple(seen)
    (withdrawn,) = rows(mailed, "withdrawn")
    assert withdrawn.recipient not in seen
    (notice,) = rows(mailed, "pending")
    assert notice.recipient == seen[0]


def test_a_message_interrupted_before_the_recall_is_not_sent_after_it(mailed: World) -> None:
    only = publish(mailed, 0)
    first = rows(mailed, "pending")[0]
    assert Outbox(mailed.ledger.database).claim(first)  # and then its process dies
    recall(mailed, only)
    mailer = FileMailer(mailed.folder.parent / "mail")
    deliver_outbox(mailed.ledger, mailer, at(9), "resend")
    deliver_outbox(mailed.ledger, mailer, at(9) + pause(3), "resend")
    (sent,) = rows(mailed, "sent")
    assert (sent.channel, sent.recipient) == ("email-recalled", first.recipient)


@pytest.mark.parametrize("why", ["", "  ", "x" * 501, "bell \x07", "evil \u202e txt"])
def test_a_reason_is_one_line_of_text(world: World, why: str) -> None:
    (only,) = published(world, 1)
    with pytest.raises(SettingsError, match="a recall needs a reason"):
        recall(world, only, why=why)
    assert current_publication(world.ledger, world.folder) == only


def test_line_breaks_in_a_reason_become_spaces(world: World) -> None:
    assert recall(world, *published(world, 1), why="two\r\nBcc: x@y").why == "two Bcc: x@y"


def test_an_unknown_publication_is_not_found(world: World) -> None:
    with pytest.raises(NotFound, match="no such publication"):
        recall_publication(world.ledger, world.folder, "../../etc", WHY, NOW)


def test_a_folder_that_was_cleared_away_stops_no_recall(world: World) -> None:
    first, second = published(world, 2)
    second.folder.rename(world.folder / "elsewhere")
    assert recall(world, second).current_publication_id == first.publication_id
