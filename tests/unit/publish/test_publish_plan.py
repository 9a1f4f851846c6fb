import datetime as dt
import email
import email.policy
import json
import sys
from email.message import EmailMessage
from pathlib import Path

import pandas as pd
import pytest
import sqlalchemy as sa
from publish_world import NOW, UI_URL, WEEKS, World

from sitecast.errors import Corrupt, NotFound, StoreError
from sitecast.publish import (
    current_publication,
    plans_due,
    publish_plan,
    published_plan_versions,
    site_forecast_heads,
)  # fmt: skip
from sitecast.records.plan import ForecastPlan
from sitecast.records.publication import Publication
from sitecast.records.week_record import SiteForecast, WeekData
from sitecast.store import OutboxRow
from sitecast.store.outbox import Outbox
from sitecast.store.parquet import from_parquet

_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
LATER = NOW + dt.timedelta(hours=2)


@pytest.fixture
def world(tmp_path: Path) -> World:
    return complete(World(tmp_path))


@pytest.fixture
def stored(tmp_path: Path, ledger_url: str) -> World:
    """The same on each kind of database in turn."""
    return complete(World(tmp_path, ledger_url))


def complete(made: World) -> World:
    for week in WEEKS:
        made.store_week(week)
    return made


def publish(world: World, plan: ForecastPlan | None = None, now: dt.datetime = NOW) -> Publication:
    return publish_plan(plan or world.plan, world.weeks, world.ledger, world.folder, UI_URL, now)


def queued(world: World) -> list[OutboxRow]:
    return Outbox(world.ledger.database).rows("pending")


def test_publication_names_plan_weeks_and_versions(world: World) -> None:
    publication = publish(world)
    assert publication.publication_id.startswith(f"{world.plan.plan_id}-")
    assert list(publication.versions) == list(WEEKS)
    assert publication.versions[WEEKS[0]] == {
        "extracted_data": world.weeks.head(world.plan.plan_id, WEEKS[0], WeekData),
        "site_forecast": world.weeks.head(world.plan.plan_id, WEEKS[0], SiteForecast),
    }
    assert publication.page.is_file()
    assert publication.supersedes is None
    assert current_publication(world.ledger, world.folder) == publication


def test_folder_holds_every_table_twice_with_checksums(world: World) -> None:
    folder = publish(world).folder
    manifest = json.loads((folder / "manifest.json").read_text())
    names = {"site_forecast", "weekly_need", "recipe_site_forecast", "site_load", "unallocated",
             "site_week_load", "capacity_value", "churn", "site_openings",
             "item_load", "resource_load", "purchase_plan",
             "exceptions", "forecast_changes", "change_notes",
             "forecast_plan"}  # fmt: skip
    expected = {f"{name}.{kind}" for name in names for kind in ("csv", "parquet")}
    assert set(manifest["sha256"]) == expected | {"page.html", "workbook.xlsx", "summary.json"}
    assert {path.name for path in folder.iterdir()} == {*manifest["sha256"], "manifest.json"}
    for week in WEEKS:
        stored = world.weeks.read(SiteForecast, world.plan.plan_id, week)["site_load"]
        frame = from_parquet((folder / "site_load.parquet").read_bytes())
        mine = frame[frame["menu_week"] == week].reset_index(drop=True)
        ordered = stored.sort_values(["site_id", "production_date"], ignore_index=True)
        pd.testing.assert_frame_equal(mine, ordered)


def test_database_view_and_pointers_show_the_current_publication_only(stored: World) -> None:
    publish(stored)
    stored.store_week(WEEKS[1], scale=2.0)
    second = publish(stored, now=LATER)
    current = stored.ledger.current("site_load")
    assert current.loc[current["menu_week"] == WEEKS[1], "boxes_mean"].tolist() == [76.0] * 6
    with stored.ledger.database.reading() as connection:
        query = "SELECT DISTINCT publication_id FROM current_site_load"
        assert connection.scalars(sa.text(query)).all() == [second.publication_id]
        assert connection.scalar(sa.text("SELECT count(*) FROM site_load")) == 24
    pointer = json.loads((stored.folder / "current.json").read_text())
    assert pointer["publication_id"] == second.publication_id
    assert (stored.folder / "current").resolve() == second.folder.resolve()


def test_r9_the_folders_pointer_stays_where_the_database_refuses(world: World) -> None:
    publish(world)
    pointer = (world.folder / "current.json").read_bytes()
    world.store_week(WEEKS[0], scale=2.0)
    refuse = "CREATE TRIGGER refuse BEFORE INSERT ON outbox BEGIN SELECT RAISE(FAIL, 'no'); END"
    with world.ledger.database.writing() as database:
        database.execute(sa.text(refuse))
    with pytest.raises(sa.exc.IntegrityError, match="no"):
        publish(world)
    assert (world.folder / "current.json").read_bytes() == pointer


def test_same_versions_again_change_nothing(stored: World) -> None:
    first = publish(stored)
    before = {p: (p.stat().st_ino, p.stat().st_mtime_ns) for p in first.folder.iterdir()}
    assert publish(stored, now=LATER) == first
    assert {p: (p.stat().st_ino, p.stat().st_mtime_ns) for p in first.folder.iterdir()} == before
    assert len(stored.ledger.publications()) == 1
    assert len(queued(stored)) == 2


def test_week_made_again_is_published_once_more_and_supersedes(world: World) -> None:
    first = publish(world)
    world.store_week(WEEKS[0], scale=1.5)
    second = publish(world, now=LATER)
    assert (second.supersedes, first.folder.exists()) == (first.publication_id, True)
    table = world.ledger.publications().set_index("publication_id")
    assert table["status"].to_dict() == {
        first.publication_id: "superseded",
        second.publication_id: "current",
    }
    assert len(queued(world)) == 4


def test_same_extract_made_again_does_not_publish_again(world: World) -> None:
    first = publish(world)
    world.store_week(WEEKS[0])
    assert publish(world, now=LATER) == first


def test_incomplete_plan_publishes_nothing_and_names_the_weeks(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.store_week(WEEKS[0])
    with pytest.raises(StoreError, match=f"no site_forecast for {WEEKS[1]}"):
        publish(world)
    assert [p.name for p in world.folder.iterdir()] == [".lock"]
    assert len(world.ledger.publications()) == 0
    assert queued(world) == []


def test_incomplete_new_plan_leaves_the_last_good_publication_current(world: World) -> None:
    first = publish(world)
    newer = world.make_plan("ba9876543210", hours=1)
    world.store_week(WEEKS[0], newer)
    with pytest.raises(StoreError, match="not complete"):
        publish(world, newer)
    assert current_publication(world.ledger, world.folder) == first


@pytest.mark.matrix("the machine's clock set back between two plans", page="faults")
def test_older_plan_never_replaces_a_newer_one(stored: World) -> None:
    newer = stored.make_plan("ba9876543210", hours=1)
    for week in WEEKS:
        stored.store_week(week, newer)
    current = publish(stored, newer)
    with pytest.raises(StoreError, match="knows more is published already"):
        publish(stored)
    assert current_publication(stored.ledger, stored.folder) == current


def test_plan_with_the_same_knowledge_and_other_settings_may_follow(world: World) -> None:
    first = publish(world)
    other = world.make_plan("ba9876543210", seed=9)
    for week in WEEKS:
        world.store_week(week, other)
    assert publish(world, other, LATER).supersedes == first.publication_id


def test_plan_that_was_never_saved_is_refused(world: World) -> None:
    plan = world.plan
    stranger = ForecastPlan("20261120T0600-ffffffffffff", plan.as_of, WEEKS, "test",
                            plan.settings, {})  # fmt: skip
    with pytest.raises(NotFound, match="no such plan"):
        publish(world, stranger)


def test_forecast_reads_the_extract_it_was_made_from(world: World) -> None:
    used = world.weeks.head(world.plan.plan_id, WEEKS[0], WeekData)
    week = world.weeks.read(WeekData, world.plan.plan_id, WEEKS[0])
    sites = week["sites"].assign(name=week["sites"]["name"] + " (renamed)")
    newer = WeekData(week.provenance, {**week.tables, "sites": sites})
    token = world.weeks.begin(world.plan.plan_id, WEEKS[0], newer.asset)
    assert world.weeks.commit(newer, token) != used
    publication = publish(world)
    assert publication.versions[WEEKS[0]]["extracted_data"] == used
    assert "(renamed)" not in publication.page.read_text()


def test_unfinished_folders_are_cleared_and_a_finished_one_is_taken_up(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def database_is_down(*_: object, **__: object) -> None:
        raise StoreError("planted")

    module = sys.modules[publish_plan.__module__]  # the package shows the function by this name
    with monkeypatch.context() as patch:
        patch.setattr(module, "record_publication", database_is_down)
        with pytest.raises(StoreError, match="planted"):
            publish(world)
    (world.folder / ".new-killed").mkdir()
    assert current_publication(world.ledger, world.folder) is None
    publication = publish(world, now=LATER)
    assert publication.created == LATER
    assert current_publication(world.ledger, world.folder) == publication


def test_links_that_lead_out_of_the_publications_are_not_followed(
    world: World, tmp_path: Path
) -> None:
    outside, same = tmp_path / "outside", tmp_path / "same"
    outside.mkdir()
    same.mkdir()
    name = publish(complete(World(same))).publication_id
    (outside / "notes").write_text("kept")
    world.folder.mkdir()
    (world.folder / "current.json").symlink_to(outside / "notes")
    (world.folder / name).symlink_to(outside)
    with pytest.raises(Corrupt, match="damaged"):
        publish(world)
    (world.folder / name).unlink()
    assert publish(world).publication_id == name
    assert [path.name for path in outside.iterdir()] == ["notes"]
    assert (outside / "notes").read_text() == "kept"
    assert not (world.folder / "current.json").is_symlink()


def test_damaged_leftover_is_refused(world: World) -> None:
    publication = publish(world)
    world.ledger.database.url.database and Path(world.ledger.database.url.database).unlink()
    world.ledger.create()
    world.ledger.save_plan(world.plan, NOW)
    (publication.folder / "site_load.csv").write_text("changed")
    with pytest.raises(Corrupt, match=r"site_load\.csv"):
        publish(world)


def test_decision_functions_agree_with_what_was_published(world: World) -> None:
    plans = {world.plan.plan_id: WEEKS}
    heads = {world.plan.plan_id: site_forecast_heads(world.plan, world.weeks)}
    assert len(plans_due(plans, heads, published_plan_versions(world.ledger))) == 1
    publish(world)
    assert plans_due(plans, heads, published_plan_versions(world.ledger)) == []


def test_message_is_frozen_stable_and_says_the_answer(world: World) -> None:
    publication = publish(world)
    rows = queued(world)
    assert sorted(row.recipient for row in rows) == ["ana@example.com", "ben@example.com"]
    first = email.message_from_bytes(rows[0].message, policy=email.policy.default)
    assert isinstance(first, EmailMessage)
    assert first["Message-ID"] == rows[0].message_id
    assert first["Date"] == "Fri, 20 Nov 2026 07:00:00 +0000"
    assert first["Subject"] == (
        "Test Kitchen: forecast 2026-W48 to 2026-W49, 5 boxes without a site"
    )
    kinds = [part.get_content_type() for part in first.walk()]
    assert kinds == ["multipart/mixed", "multipart/alternative", "text/plain",
                     "multipart/related", "text/html", "image/png", _XLSX]  # fmt: skip
    plain = first.get_body(("plain",))
    assert plain is not None
    assert publication.page.as_uri() in plain.get_content()
    assert "North on Thu 26 Nov: 38 of 40 boxes (95 %)" in plain.get_content()


def test_r10_what_was_sent_stays_sent_whatever_a_process_without_its_lock_says(
    stored: World,
) -> None:
    publish(stored)
    outbox = Outbox(stored.ledger.database)
    row, other = queued(stored)
    outbox.mark(row, "sent", sent_at=NOW)
    outbox.mark(row, "pending", next_try_at=NOW)
    outbox.mark(other, "held")
    assert [one.message_id for one in outbox.rows("sent")] == [row.message_id]
    assert queued(stored) == []


def test_long_company_name_does_not_break_the_subject(tmp_path: Path) -> None:
    world = World(tmp_path, company="The Very Long Name of a Kitchen Company " * 4)
    for week in WEEKS:
        world.store_week(week)
    publish(world)
    message = email.message_from_bytes(queued(world)[0].message, policy=email.policy.default)
    assert message["Subject"].startswith("The Very Long Name")


def test_equal_publications_give_equal_message_bytes(tmp_path: Path, world: World) -> None:
    publish(world)
    before = [row.message for row in queued(world)]
    Path(world.ledger.database.url.database or "").unlink()
    world.ledger.create()
    world.ledger.save_plan(world.plan, NOW)
    publish(world)
    assert [row.message for row in queued(world)] == before


def test_company_name_cannot_add_a_header(tmp_path: Path) -> None:
    world = World(tmp_path, company="Evil\r\nBcc: x@example.com")
    for week in WEEKS:
        world.store_week(week)
    publish(world)
    message = email.message_from_bytes(queued(world)[0].message)
    assert message["Bcc"] is None
    assert message["Subject"].startswith("Evil Bcc: x@example.com: forecast")


def test_folder_that_cannot_be_written_is_one_clear_error(world: World) -> None:
    world.folder.write_text("in the way")
    with pytest.raises(StoreError, match="cannot write"):
        publish(world)
    assert len(world.ledger.publications()) == 0
