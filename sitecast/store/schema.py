"""The ledger's tables and views. The published tables follow from the contract's declarations."""

import datetime as dt
from typing import Any

import sqlalchemy as sa

from sitecast.records.contract import Column, TableContract
from sitecast.records.feed import PUBLICATION_FEED
from sitecast.records.tables_accuracy import BACKTEST_ACCURACY, FORECAST_ACCURACY
from sitecast.records.tables_written import PUBLISHED_TABLES


class UtcInstant(sa.types.TypeDecorator[dt.datetime]):
    """A moment in UTC, aware on both sides even where the database keeps no time zone."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: dt.datetime | None, _dialect: Any) -> dt.datetime | None:
        return None if value is None else value.astimezone(dt.UTC)

    def process_result_value(self, value: dt.datetime | None, _dialect: Any) -> dt.datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=dt.UTC) if value.tzinfo is None else value.astimezone(dt.UTC)


METADATA = sa.MetaData()

PLANS = sa.Table(
    "plans", METADATA,
    sa.Column("plan_id", sa.Text, primary_key=True),
    sa.Column("as_of", UtcInstant, nullable=False),
    sa.Column("made_at", UtcInstant, nullable=False),
    sa.Column("content", sa.Text, nullable=False),
)  # fmt: skip
ATTEMPTS = sa.Table(
    "attempts", METADATA,
    sa.Column("token", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True,
              autoincrement=True),
    sa.Column("plan_id", sa.Text, nullable=False),
    sa.Column("menu_week", sa.Text, nullable=False),
    sa.Column("asset", sa.Text, nullable=False),
    sqlite_autoincrement=True,
)  # fmt: skip
_KEY = ("plan_id", "menu_week", "asset")
WEEK_HEADS = sa.Table(
    "week_heads", METADATA,
    *(sa.Column(name, sa.Text, primary_key=True) for name in _KEY),
    sa.Column("version", sa.Text),
    sa.Column("token", sa.BigInteger, nullable=False),
)  # fmt: skip
"""The pointers of weeks that lie in an object store; a null is a tombstone."""
WEEK_VERSIONS = sa.Table(
    "week_versions", METADATA,
    *(sa.Column(name, sa.Text, primary_key=True) for name in (*_KEY, "version")),
    sa.Column("token", sa.BigInteger, nullable=False),
)  # fmt: skip
"""Below which attempt's token the objects of a version lie."""
PUBLICATIONS = sa.Table(
    "publications", METADATA,
    sa.Column("publication_id", sa.Text, primary_key=True),
    sa.Column("plan_id", sa.Text, sa.ForeignKey("plans.plan_id"), nullable=False),
    sa.Column("published_at", UtcInstant, nullable=False),
    sa.Column("supersedes", sa.Text, sa.ForeignKey("publications.publication_id")),
    sa.Column("versions", sa.Text, nullable=False),
)  # fmt: skip
CALIBRATIONS = sa.Table(
    "calibrations", METADATA,
    sa.Column("calibrated_at", UtcInstant, primary_key=True),
    sa.Column("content", sa.Text, nullable=False),
)  # fmt: skip
POINTERS = sa.Table(
    "pointers", METADATA,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("value", sa.Text, nullable=False),
)  # fmt: skip
OUTBOX = sa.Table(
    "outbox", METADATA,
    sa.Column("message_id", sa.Text, primary_key=True),
    sa.Column("publication_id", sa.Text, sa.ForeignKey("publications.publication_id")),
    sa.Column("channel", sa.Text, nullable=False),
    sa.Column("recipient", sa.Text, nullable=False),
    sa.Column("sender", sa.Text, nullable=False),
    sa.Column("message", sa.LargeBinary, nullable=False),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False, default=0),
    sa.Column("last_error", sa.Text, nullable=False, default=""),
    sa.Column("queued_at", UtcInstant, nullable=False),
    sa.Column("next_try_at", UtcInstant, nullable=False),
    sa.Column("sent_at", UtcInstant),
    sa.UniqueConstraint("publication_id", "channel", "recipient"),
)  # fmt: skip

_SQL_TYPES: dict[str, Any] = {
    "text": sa.Text, "json": sa.Text, "count": sa.BigInteger, "amount": sa.Double,
    "day": sa.Date, "instant": UtcInstant, "flag": sa.Boolean,
}  # fmt: skip


def _sql_column(column: Column, contract: TableContract) -> Any:
    return sa.Column(column.name, _SQL_TYPES[column.kind], nullable=column.nullable,
                     primary_key=column.name in contract.key, autoincrement=False)  # fmt: skip


FEED = sa.Table(
    PUBLICATION_FEED.name, METADATA,
    *(_sql_column(column, PUBLICATION_FEED) for column in PUBLICATION_FEED.columns),
)  # fmt: skip
ACCURACY = {
    contract.name: sa.Table(
        contract.name, METADATA, *(_sql_column(column, contract) for column in contract.columns)
    )
    for contract in (FORECAST_ACCURACY, BACKTEST_ACCURACY)
}


def _published(contract: TableContract) -> sa.Table:
    version = sa.Column("publication_id", sa.Text, sa.ForeignKey("publications.publication_id"),
                        primary_key=True)  # fmt: skip
    columns = [_sql_column(column, contract) for column in contract.columns]
    # SQLite would keep every key twice, in the rows and in an index.
    return sa.Table(contract.name, METADATA, version, *columns, sqlite_with_rowid=False)


PUBLISHED: dict[str, sa.Table] = {table.name: _published(table) for table in PUBLISHED_TABLES}


def current_rows(table: sa.Table) -> sa.Select[Any]:
    """The rows of the current publication; all columns but publication_id."""
    mine = (POINTERS.c.name == "publication") & (POINTERS.c.value == table.c.publication_id)
    columns = [column for column in table.columns if column.name != "publication_id"]
    return sa.select(*columns).join_from(table, POINTERS, mine)


def create_all(connection: sa.Connection) -> None:
    """Create the tables and views that do not exist yet; add columns that earlier code had not."""
    METADATA.create_all(connection)
    there = sa.inspect(connection)
    loosen_outbox(connection, there)
    views = set(there.get_view_names())
    for table in ACCURACY.values():
        _add_missing(connection, there, table)
    for name, table in PUBLISHED.items():
        known = [column["name"] for column in there.get_columns(name)]
        missing = _add_missing(connection, there, table)
        if missing or f"current_{name}" not in views:
            # New columns stand last, as PostgreSQL asks of a view that is replaced.
            order = [*(table.c[place] for place in known if place in table.c), *missing]
            _create_view(connection, table, order)


def loosen_outbox(connection: sa.Connection, there: sa.Inspector) -> None:
    """Let messages be about no publication; earlier code had none that were not."""
    columns = {column["name"]: column for column in there.get_columns(OUTBOX.name)}
    if columns["publication_id"]["nullable"]:
        return
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("ALTER TABLE outbox ALTER COLUMN publication_id DROP NOT NULL")
        return
    # SQLite changes no column: the table is written anew, in this transaction.
    before = sa.table("outbox_before", *[sa.column(name) for name in columns])
    connection.exec_driver_sql("ALTER TABLE outbox RENAME TO outbox_before")
    OUTBOX.create(connection)
    connection.execute(sa.insert(OUTBOX).from_select(list(columns), sa.select(before)))
    connection.exec_driver_sql("DROP TABLE outbox_before")


def _add_missing(
    connection: sa.Connection, there: sa.Inspector, table: sa.Table
) -> list[sa.Column[Any]]:
    known = {column["name"] for column in there.get_columns(table.name)}
    missing = [column for column in table.columns if column.name not in known]
    for column in missing:
        connection.exec_driver_sql(added(column, connection.dialect))
    return missing


def added(column: sa.Column[Any], dialect: sa.Dialect) -> str:
    """The statement that adds a column; rows of earlier publications are left empty there."""
    empty = sa.Column(column.name, column.type, nullable=True)
    declared = sa.schema.CreateColumn(empty).compile(dialect=dialect)
    return f"ALTER TABLE {column.table.name} ADD COLUMN {declared}"


def _create_view(connection: sa.Connection, table: sa.Table, columns: list[sa.Column[Any]]) -> None:
    name = f"current_{table.name}"
    mine = (POINTERS.c.name == "publication") & (POINTERS.c.value == table.c.publication_id)
    rows = sa.select(*columns).join_from(table, POINTERS, mine)
    query = rows.compile(connection, compile_kwargs={"literal_binds": True})
    replace = "OR REPLACE "
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(f"DROP VIEW IF EXISTS {name}")
        replace = ""
    # Names come from the contract, never from input.
    connection.exec_driver_sql(f"CREATE {replace}VIEW {name} AS {query}")
