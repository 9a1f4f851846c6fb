"""Real publications against the committed schemas, read as a service without sitecast would."""

import csv
import datetime as dt
import io
import json
import re
import sqlite3
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from publish_world import NOW, UI_URL, WEEKS, World

from sitecast.publish import publish_plan
from sitecast.publish.contract import CONTRACT_VERSION
from sitecast.records.tables_written import PUBLISHED_TABLES

FOLDER = Path(__file__).parents[3] / "docs" / "reference" / "contract"
SCHEMAS = {path.stem: json.loads(path.read_text()) for path in sorted(FOLDER.glob("*.json"))}
IN_FILES = [name for name, schema in SCHEMAS.items() if "files" in schema["sitecast"]]
IN_SQL = [name for name, schema in SCHEMAS.items() if "sql_table" in schema["sitecast"]]
Rows = list[dict[str, Any]]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """Two publications, so that the views have something to leave out."""
    made = World(tmp_path_factory.mktemp("contract"))
    for scale in (1.0, 2.0):
        for week in WEEKS:
            made.store_week(week, scale=scale)
        publish_plan(made.plan, made.weeks, made.ledger, made.folder, UI_URL, NOW)
    return made


def breaches(schema: Mapping[str, Any], rows: Rows, key: Iterable[str]) -> list[str]:
    """What the standard finds wrong with typed rows; None is an empty cell."""
    found = []
    for field in schema["fields"]:
        rules = field["constraints"]
        for value in (row[field["name"]] for row in rows):
            if value is None:
                problem = "empty" if rules["required"] else ""
            else:
                problem = _problem(field, rules, value)
            if problem:
                found.append(f"{field['name']} = {value!r}: {problem}")
    keys = [tuple(row[name] for name in key) for row in rows]
    return [*found, *(["key stands twice"] if len(set(keys)) < len(keys) else [])]


def _problem(field: Mapping[str, Any], rules: Mapping[str, Any], value: Any) -> str:
    if not isinstance(value, PYTHON[field["type"]]) or isinstance(value, bool) != (
        field["type"] == "boolean"
    ):
        return f"not a {field['type']}"
    if value < rules.get("minimum", value) or value > rules.get("maximum", value):
        return "out of bounds"
    if "exclusiveMinimum" in rules and value <= rules["exclusiveMinimum"]:
        return "out of bounds"
    return "" if value in rules.get("enum", [value]) else "not in the enumeration"


PYTHON: dict[str, Any] = {
    "string": str, "integer": int, "number": (int, float), "date": dt.date,
    "datetime": dt.datetime, "boolean": bool,
}  # fmt: skip
FROM_TEXT: dict[str, Callable[[str], Any]] = {
    "string": str, "integer": int, "number": float, "date": dt.date.fromisoformat,
    "datetime": dt.datetime.fromisoformat, "boolean": {"True": True, "False": False}.__getitem__,
}  # fmt: skip


def parquet_rows(schema: Mapping[str, Any], data: bytes) -> Rows:
    rows = pq.read_table(io.BytesIO(data)).to_pylist()
    days = [field["name"] for field in schema["fields"] if field["type"] == "date"]
    return [{**row, **{day: row[day] and row[day].date() for day in days}} for row in rows]


def csv_rows(schema: Mapping[str, Any], data: bytes) -> Rows:
    fields = {field["name"]: field for field in schema["fields"]}

    def cell(name: str, text: str) -> Any:
        if text in fields[name].get("missingValues", schema["missingValues"]):
            return None
        return FROM_TEXT[fields[name]["type"]](text)

    read = csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline=""))
    return [{name: cell(name, text) for name, text in row.items()} for row in read]


def sql_rows(world: World, schema: Mapping[str, Any], place: str) -> Rows:
    types = {field["name"]: field["type"] for field in schema["fields"]}

    def cell(name: str, value: Any) -> Any:
        if types.get(name) in ("date", "datetime") and value is not None:
            return FROM_TEXT[types[name]](value)
        return bool(value) if types.get(name) == "boolean" else value

    with sqlite3.connect(world.ledger.database.url.database or "") as connection:
        connection.row_factory = sqlite3.Row
        rows = [dict(row) for row in connection.execute(f"SELECT * FROM {place}")]
    connection.close()
    return [{name: cell(name, value) for name, value in row.items()} for row in rows]


@pytest.mark.parametrize("name", IN_FILES)
def test_published_files_follow_the_contract(world: World, name: str) -> None:
    schema, folder = SCHEMAS[name], (world.folder / "current").resolve()
    columns = [field["name"] for field in schema["fields"]]
    parquet = parquet_rows(schema, (folder / f"{name}.parquet").read_bytes())
    text = csv_rows(schema, (folder / f"{name}.csv").read_bytes())
    assert parquet or name in ("forecast_changes", "change_notes", "site_openings")
    for rows in (parquet, text):
        assert breaches(schema, rows, schema["primaryKey"]) == []
        assert all(list(row) == columns for row in rows)
    assert len(parquet) == len(text)


@pytest.mark.parametrize("name", IN_SQL)
def test_rows_in_the_database_follow_the_contract(world: World, name: str) -> None:
    schema = SCHEMAS[name]
    rows = sql_rows(world, schema, schema["sitecast"]["sql_table"])
    assert breaches(schema, rows, schema["sitecast"]["sql_key"]) == []
    for row in rows:
        further = {"publication_id"} if "sql_view" in schema["sitecast"] else set()
        assert set(row) == {field["name"] for field in schema["fields"]} | further


@pytest.mark.parametrize("name", [table.name for table in PUBLISHED_TABLES])
def test_every_published_table_has_a_view_of_just_the_current_publication(
    world: World, name: str
) -> None:
    schema = SCHEMAS[name]
    current = world.ledger.feed()[-1].current_publication_id
    shown = sql_rows(world, schema, schema["sitecast"]["sql_view"])
    kept = sql_rows(world, schema, schema["sitecast"]["sql_table"])
    assert breaches(schema, shown, schema["primaryKey"]) == []
    key = [row for row in kept if row["publication_id"] == current]
    assert sorted(shown, key=str) == sorted(key, key=str)
    assert len(shown) * 2 == len(kept)


def test_the_folder_and_the_feed_name_the_version(world: World) -> None:
    manifest = json.loads((world.folder / "current" / "manifest.json").read_text())
    assert manifest["contract_version"] == CONTRACT_VERSION
    assert {event.contract_version for event in world.ledger.feed()} == {CONTRACT_VERSION}
    assert {s["sitecast"]["contract_version"] for s in SCHEMAS.values()} == {CONTRACT_VERSION}
    assert re.fullmatch(r"[1-9]\d*\.\d+", CONTRACT_VERSION)


def test_every_table_of_a_publication_has_a_schema(world: World) -> None:
    manifest = json.loads((world.folder / "current" / "manifest.json").read_text())
    assert set(manifest["rows"]) == set(IN_FILES)
    for schema in SCHEMAS.values():
        for field in schema["fields"]:
            assert field["description"], (schema["name"], field["name"])


@pytest.mark.parametrize(
    ("name", "change", "told"),
    [
        ("site_load", {"site_id": None}, "site_id = None: empty"),
        ("site_load", {"boxes_mean": -1.0}, "boxes_mean = -1.0: out of bounds"),
        ("site_load", {"cap_boxes": 1.5}, "cap_boxes = 1.5: not a integer"),
        ("site_forecast", {"kind": "toy"}, "kind = 'toy': not in the enumeration"),
        ("site_forecast", {"need_date": "x"}, "need_date = 'x': not a date"),
    ],
)
def test_the_check_of_this_file_finds_what_is_wrong(
    world: World, name: str, change: dict[str, Any], told: str
) -> None:
    rows = sql_rows(world, SCHEMAS[name], f"current_{name}")
    rows[0] |= change
    assert breaches(SCHEMAS[name], rows, ["publication_id", *SCHEMAS[name]["primaryKey"]]) == [told]
