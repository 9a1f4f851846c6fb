"""A ledger that earlier code made: fewer tables, fewer columns, views without them."""

import sqlite3
from pathlib import Path

import pandas as pd
import pytest
import sqlalchemy as sa
from publish_world import NOW, UI_URL, WEEKS, World
from sqlalchemy.dialects import postgresql

from sitecast.publish import publish_plan
from sitecast.publish.alert import tell_that_something_failed
from sitecast.records.tables_written import PUBLISHED_TABLES, SITE_LOAD
from sitecast.settings import PublicationSettings
from sitecast.store import Ledger
from sitecast.store.outbox import Outbox
from sitecast.store.schema import METADATA, PUBLISHED, added

NEW_TABLES = (
    "site_week_load", "capacity_value", "churn", "purchase_plan", "exceptions",
    "forecast_changes", "change_notes",
)  # fmt: skip
NEW_COLUMNS = ("floor_boxes", "over_cap_frozen", "p_binds", "shadow_price_left", "floor_reason")


@pytest.fixture
def world(tmp_path: Path) -> World:
    """One publication, in a database turned back to what earlier code made of it."""
    made = World(tmp_path)
    publish(made)
    with sqlite3.connect(tmp_path / "ledger.db") as connection:
        for table in NEW_TABLES:
            connection.execute(f"DROP VIEW current_{table}")
            connection.execute(f"DROP TABLE {table}")
        connection.execute("DROP VIEW current_site_load")
        for column in NEW_COLUMNS:
            connection.execute(f"ALTER TABLE site_load DROP COLUMN {column}")
        connection.execute(
            "CREATE VIEW current_site_load AS SELECT site_load.* FROM site_load JOIN pointers "
            "ON name = 'publication' AND value = publication_id"
        )
    connection.close()
    return made


def publish(world: World, scale: float = 1.0) -> str:
    for week in WEEKS:
        world.store_week(week, scale=scale)
    made = publish_plan(world.plan, world.weeks, world.ledger, world.folder, UI_URL, NOW)
    return made.publication_id


def test_what_is_missing_is_added_and_what_was_published_stays(world: World) -> None:
    url = world.ledger.database.url.render_as_string()
    old = pd.read_sql("SELECT * FROM current_site_load", url)
    world.ledger.create()
    current = world.ledger.current("site_load")
    for name in set(old) - {"publication_id", "production_date", "menu_week", "site_id"}:
        assert current[name].isna().eq(old[name].isna()).all(), name
        assert current[name].dropna().tolist() == old[name].dropna().tolist(), name
    assert current[list(NEW_COLUMNS)].isna().all(axis=None)
    for table in NEW_TABLES:
        assert len(world.ledger.current(table)) == 0


def test_the_next_publication_fills_them(world: World) -> None:
    world.ledger.create()
    publication_id = publish(world, scale=2.0)
    current = world.ledger.current("site_load")
    assert SITE_LOAD.breaches(current) == []
    assert set(current["floor_reason"]) == {""}
    with world.ledger.database.reading() as connection:
        row = connection.execute(sa.text("SELECT * FROM current_site_load")).mappings().first()
    assert row is not None
    assert row["publication_id"] == publication_id
    assert set(row) == {"publication_id", *(column.name for column in SITE_LOAD.columns)}


def test_opening_again_changes_nothing(world: World, tmp_path: Path) -> None:
    world.ledger.create()
    schema = schema_of(tmp_path)
    world.ledger.create()
    assert schema_of(tmp_path) == schema


def test_an_older_database_ends_up_with_the_columns_of_a_new_one(
    world: World, tmp_path: Path
) -> None:
    world.ledger.create()
    fresh = Ledger(f"sqlite:///{tmp_path / 'fresh.db'}")
    fresh.create()
    found = []
    for ledger in (world.ledger, fresh):
        with ledger.database.reading() as connection:
            there = sa.inspect(connection)
            found.append({
                name: {column["name"]: str(column["type"]) for column in there.get_columns(name)}
                for name in (*METADATA.tables, *(f"current_{name}" for name in PUBLISHED))
            })  # fmt: skip
    assert found[0] == found[1]


def test_statements_for_postgresql_add_empty_columns() -> None:
    told = [added(column, postgresql.dialect())
            for column in PUBLISHED["site_load"].columns if column.name in NEW_COLUMNS]  # fmt: skip
    assert told == [
        "ALTER TABLE site_load ADD COLUMN floor_boxes BIGINT",
        "ALTER TABLE site_load ADD COLUMN over_cap_frozen BIGINT",
        "ALTER TABLE site_load ADD COLUMN p_binds DOUBLE PRECISION",
        "ALTER TABLE site_load ADD COLUMN shadow_price_left DOUBLE PRECISION",
        "ALTER TABLE site_load ADD COLUMN floor_reason TEXT",
    ]


def test_the_new_tables_are_published() -> None:
    assert set(NEW_TABLES) <= {table.name for table in PUBLISHED_TABLES}


def schema_of(folder: Path) -> list[tuple[str]]:
    with sqlite3.connect(folder / "ledger.db") as connection:
        rows = connection.execute("SELECT sql FROM sqlite_master ORDER BY name").fetchall()
    connection.close()
    return rows


def test_messages_of_before_stay_and_new_ones_need_no_publication(world: World) -> None:
    database = world.ledger.database
    path = Path(str(database.url.database))
    with sqlite3.connect(path) as connection:
        declared = connection.execute("SELECT sql FROM sqlite_master WHERE name = 'outbox'")
        before = declared.fetchone()[0].replace(
            "publication_id TEXT,", "publication_id TEXT NOT NULL,"
        )
        assert "publication_id TEXT NOT NULL" in before
        kept = connection.execute("SELECT * FROM outbox").fetchall()
        connection.execute("DROP TABLE outbox")
        connection.execute(before)
        marks = ", ".join("?" * len(kept[0]))
        connection.executemany(f"INSERT INTO outbox VALUES ({marks})", kept)
    connection.close()
    world.ledger.create()
    told = PublicationSettings(recipients=("ana@example.com",))
    for _ in range(2):
        tell_that_something_failed(world.ledger, told, "run-1", "a run failed", "why", NOW)
    world.ledger.create()
    rows = Outbox(database).rows("pending")
    assert sorted(row.message for row in rows if row.publication_id) == sorted(
        row[5] for row in kept
    )
    assert [row.recipient for row in rows if not row.publication_id] == ["ana@example.com"]
