"""The change feed in the database: order, older databases, what a reader can count on."""

import datetime as dt
import sqlite3
from pathlib import Path

import pytest
from publish_world import NOW, UI_URL, WEEKS, World

from sitecast.publish import publish_plan, recall_publication
from sitecast.records.feed import PUBLICATION_FEED


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Two publications."""
    made = World(tmp_path, publication={"recipients": []})
    publish(made, 1.0)
    publish(made, 2.0, NOW + dt.timedelta(seconds=1))
    return made


def publish(world: World, scale: float, now: dt.datetime = NOW) -> str:
    for week in WEEKS:
        world.store_week(week, scale=scale)
    made = publish_plan(world.plan, world.weeks, world.ledger, world.folder, UI_URL, now)
    return made.publication_id


def test_a_database_older_than_the_feed_tells_of_its_publications_once(world: World) -> None:
    current = world.ledger.feed()[-1].current_publication_id
    with sqlite3.connect(world.ledger.database.url.database or "") as connection:
        connection.execute(f"DROP TABLE {PUBLICATION_FEED.name}")
    connection.close()
    for _ in range(2):
        world.ledger.create()
    feed = world.ledger.feed()
    assert [(event.seq, event.event) for event in feed] == [(1, "published"), (2, "published")]
    assert feed[-1].publication_id == feed[-1].current_publication_id == current
    assert [(event.tables, event.contract_version) for event in feed] == [({}, "")] * 2
    third = publish(world, 3.0)
    later = world.ledger.feed(since=2)
    assert [(event.seq, event.event) for event in later] == [(3, "superseded"), (4, "published")]
    assert (later[0].publication_id, later[1].publication_id) == (current, third)
    assert later[1].tables["site_load"]["rows"] == 12


def test_a_recall_of_what_is_older_than_the_feed(world: World) -> None:
    first, second = (e.publication_id for e in world.ledger.feed() if e.event == "published")
    with sqlite3.connect(world.ledger.database.url.database or "") as connection:
        connection.execute(f"DROP TABLE {PUBLICATION_FEED.name}")
    connection.close()
    world.ledger.create()
    done = recall_publication(world.ledger, world.folder, second, "wrong", NOW)
    assert done.current_publication_id == first
    assert world.ledger.feed()[-1].tables == {}
