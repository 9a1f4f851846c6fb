"""The ledger's database: whether it answers, is whole, and has the tables of this version."""

import sqlalchemy as sa

from sitecast.deployment import Deployment
from sitecast.doctor.findings import Finding, Findings, of_error
from sitecast.errors import SitecastError
from sitecast.store import Ledger
from sitecast.store.schema import METADATA, OUTBOX, PUBLISHED

WHOLE_UP_TO_BYTES = 500_000_000
"""A larger SQLite file is not read whole: that would take longer than a person waits."""


def ledger(deployment: Deployment) -> Findings:
    """Everything about the database itself."""
    if deployment.warehouse_url is None and not (deployment.home / "sitecast.db").is_file():
        # Opening it would make a new, empty one.
        yield Finding("ledger-missing", "error", f"there is no ledger in {deployment.home}",
                      "run `sitecast init`")  # fmt: skip
        return
    try:
        opened = Ledger(deployment.ledger_url)
        with opened.database.reading() as connection:
            yield from _whole(connection)
            yield from _schema(connection)
    except SitecastError as error:
        yield of_error("ledger-unreachable", error)
    except sa.exc.DatabaseError as error:  # SQLite says so of a file that is none
        yield Finding("ledger-damaged", "error", f"the ledger cannot be read: {error.orig}",
                      "put a copy back in its place")  # fmt: skip


def _whole(connection: sa.Connection) -> Findings:
    if connection.dialect.name != "sqlite":
        return
    pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
    if pages * connection.exec_driver_sql("PRAGMA page_size").scalar_one() > WHOLE_UP_TO_BYTES:
        return
    told = str(connection.exec_driver_sql("PRAGMA quick_check(1)").scalar_one())
    if told != "ok":
        problem = f"the ledger is damaged: {' '.join(told.split())}"
        yield Finding("ledger-damaged", "error", problem, "put a copy back in its place")


def _schema(connection: sa.Connection) -> Findings:
    there = sa.inspect(connection)
    tables, views = set(there.get_table_names()), set(there.get_view_names())
    wanted = [table for table in METADATA.sorted_tables if table.name in tables]
    missing = [f"table {name}" for name in METADATA.tables if name not in tables]
    missing += [f"view current_{name}" for name in PUBLISHED if f"current_{name}" not in views]
    for table in wanted:
        known = {column["name"]: column for column in there.get_columns(table.name)}
        missing += [f"column {table.name}.{c.name}" for c in table.columns if c.name not in known]
        if table is OUTBOX and not known["publication_id"]["nullable"]:
            missing.append("messages that are about no publication")
    if missing:
        shown = ", ".join(missing[:5]) + (" …" if len(missing) > 5 else "")
        yield Finding("ledger-schema", "error", f"{len(missing)} missing in the ledger: {shown}",
                      "run `sitecast init`: it adds what is missing")  # fmt: skip
