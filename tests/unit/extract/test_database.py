import sqlite3

import pandas as pd
import pytest
from worlds import WEEK, small_plan, small_week

from sitecast.errors import DataError, SettingsError, SourceUnavailable
from sitecast.extract import ColumnMapping, DatabaseSource, extract_week, open_source
from sitecast.extract.mapping import TableMapping


@pytest.fixture
def database(tmp_path):
    path = tmp_path / "company.db"
    connection = sqlite3.connect(path)
    for name, frame in small_week().tables.items():
        if len(frame):
            frame.sample(frac=1, random_state=1).to_sql(name, connection, index=False)
    connection.close()
    return path


def execute(path, statement):
    connection = sqlite3.connect(path)
    connection.execute(statement)
    connection.commit()
    connection.close()


def test_a_database_gives_the_same_week_as_typed_tables(database, small_tables):
    week = extract_week(open_source(f"sqlite:///{database}", database, None), small_plan(), WEEK)
    for name, frame in small_tables.items():
        pd.testing.assert_frame_equal(week[name], frame, obj=name)


def test_lines_come_for_all_versions_of_the_weeks_orders(database):
    execute(database, "INSERT INTO orders (order_id, menu_week) VALUES ('o9', '2026-W49')")
    execute(database, "INSERT INTO orders (order_id, menu_week) VALUES ('o1', '2026-W49')")
    execute(database, "INSERT INTO order_lines (order_id, line_no) VALUES ('o9', 1)")
    source = open_source(f"sqlite:///{database}", database, None)
    assert sorted(source.read("orders", [WEEK])["order_id"]) == ["o1", "o1", "o2", "o3"]
    assert "o9" not in set(source.read("order_lines", [WEEK])["order_id"])
    assert "o9" in set(source.read("order_lines")["order_id"])


def test_mapped_week_names_are_not_filtered_in_the_database(database):
    values = {"menu_week": {"48/26": WEEK}}
    mapping = ColumnMapping({"menu": TableMapping(values=values)})
    execute(database, "UPDATE menu SET menu_week = '48/26'")
    assert len(DatabaseSource(f"sqlite:///{database}", mapping).read("menu", [WEEK])) == 6


def test_views_are_tables_and_strange_names_are_only_names(database):
    execute(database, """CREATE VIEW "v; DROP TABLE sites" AS SELECT site_id AS "a'b" FROM sites""")
    table = TableMapping.model_construct(
        from_="v; DROP TABLE sites", columns={"site_id": "a'b"}, values={}, constants={}
    )
    source = DatabaseSource(f"sqlite:///{database}", ColumnMapping({"sites": table}))
    assert sorted(source.read("sites")["site_id"]) == ["north", "south"]
    assert source.read("stock") is None


def test_the_source_never_writes_and_reads_one_snapshot(database):
    source = DatabaseSource(f"sqlite:///{database}", ColumnMapping())
    assert len(source.read("sites")) == 2
    connection = source._connection
    with pytest.raises(Exception, match="readonly"):
        connection.exec_driver_sql("DELETE FROM sites")
    source.close()
    execute(database, "DELETE FROM sites")
    assert len(source.read("sites")) == 0


@pytest.mark.matrix("huge input: more rows than a database may give at once", page="bad-input")
def test_r12_a_view_of_too_many_rows_is_refused(database, monkeypatch):
    monkeypatch.setattr("sitecast.extract.database.MAX_ROWS", 5)
    source = DatabaseSource(f"sqlite:///{database}", ColumnMapping())
    assert len(source.read("sites")) == 2
    with pytest.raises(DataError, match="more than 5 rows") as caught:
        source.read("menu")
    assert caught.value.where["table"] == "menu"
    assert "without what the plan does not need" in caught.value.remedy


def test_fingerprints_follow_the_rows_not_their_order(database, tmp_path):
    source = DatabaseSource(f"sqlite:///{database}", ColumnMapping())
    before = source.fingerprints()
    source.close()
    execute(database, "CREATE TABLE again AS SELECT * FROM sites ORDER BY site_id DESC")
    execute(database, "DROP TABLE sites")
    execute(database, "ALTER TABLE again RENAME TO sites")
    assert source.fingerprints() == before
    source.close()
    execute(database, "UPDATE sites SET priority = 9")
    changed = {name for name, mark in source.fingerprints().items() if mark != before[name]}
    assert changed == {"sites"}


def test_a_damaged_database_is_an_error_of_the_data(database):
    database.write_bytes(b"not a database at all" * 100)
    with pytest.raises(DataError, match="refuses: file is not a database"):
        DatabaseSource(f"sqlite:///{database}", ColumnMapping()).read("sites")


def test_a_locked_database_is_transient(database):
    holder = sqlite3.connect(database, isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    source = DatabaseSource(f"sqlite:///{database}?timeout=0.05", ColumnMapping())
    with pytest.raises(SourceUnavailable, match="does not answer: database is locked") as caught:
        source.read("sites")
    holder.close()
    assert caught.value.transient


@pytest.mark.parametrize("url", ["sqlite:////no/such/file.db", "nosuchdb://user:s3cret@host/db",
                                 "http//://s3cret"])  # fmt: skip
def test_wrong_urls_are_settings_errors_without_the_password(url):
    with pytest.raises(SettingsError, match="database") as caught:
        DatabaseSource(url, ColumnMapping()).read("sites")
    assert "s3cret" not in str(caught.value)


def test_the_name_hides_the_password(monkeypatch):
    monkeypatch.setattr("sqlalchemy.create_engine", lambda *_, **__: None)  # no driver needed
    source = DatabaseSource("postgresql://user:s3cret@host/db", ColumnMapping())
    assert "s3cret" not in source.name
