"""The contract with services that read publications: a Table Schema for every published table.

What belongs here: the version, and turning declarations into schemas (Frictionless Table Schema,
Data Package 2.0). What does not: the declarations themselves (records/tables_….py).
"""

from typing import Any

from sitecast.records.contract import Column, Kind, TableContract
from sitecast.records.feed import PUBLICATION_FEED
from sitecast.records.tables_written import FORECAST_PLAN, PUBLISHED_TABLES

CONTRACT_VERSION = "1.0"
"""major.minor; docs/reference/contract/README.md says what moves which."""
PROFILE = "https://datapackage.org/profiles/2.0/tableschema.json"
FILE_TABLES = (*PUBLISHED_TABLES, FORECAST_PLAN)
"""In every publication's folder, as Parquet and CSV."""
CONTRACT_TABLES = (*FILE_TABLES, PUBLICATION_FEED)
_TYPES: dict[Kind, str] = {
    "text": "string", "json": "string", "count": "integer", "amount": "number",
    "day": "date", "instant": "datetime", "flag": "boolean",
}  # fmt: skip


def table_schema(table: TableContract) -> dict[str, Any]:
    """The Table Schema of one table, with what the standard has no word for in `sitecast`."""
    return {
        "$schema": PROFILE,
        "name": table.name,
        "description": table.description,
        "fields": [_field(column) for column in table.columns],
        "primaryKey": list(table.key),
        "missingValues": [""],
        "sitecast": {"contract_version": CONTRACT_VERSION, **_places(table)},
    }


def _places(table: TableContract) -> dict[str, Any]:
    if table in PUBLISHED_TABLES:
        return {"sql_view": f"current_{table.name}", "sql_table": table.name,
                "sql_key": ["publication_id", *table.key],
                "files": [f"{table.name}.parquet", f"{table.name}.csv"]}  # fmt: skip
    if table in FILE_TABLES:
        return {"files": [f"{table.name}.parquet", f"{table.name}.csv"]}
    return {"sql_table": table.name, "sql_key": list(table.key)}


def _field(column: Column) -> dict[str, Any]:
    field: dict[str, Any] = {
        "name": column.name, "type": _TYPES[column.kind], "description": column.description,
    }  # fmt: skip
    if column.unit:
        field["unit"] = column.unit
    if column.kind in ("text", "json") and not column.nullable:
        field["missingValues"] = []  # an empty cell is an empty text here
    bounds = {"minimum": column.minimum, "maximum": column.maximum,
              "exclusiveMinimum": column.above, "enum": list(column.values) or None}  # fmt: skip
    constraints = {name: bound for name, bound in bounds.items() if bound is not None}
    field["constraints"] = {"required": not column.nullable, **constraints}
    return field
