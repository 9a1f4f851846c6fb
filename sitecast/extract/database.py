"""A SQL database as a source: read-only, one snapshot, names from an allow-list, bound values."""

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pandas as pd
import sqlalchemy as sa

from sitecast.errors import DataError, SettingsError, SourceUnavailable
from sitecast.extract.mapping import AS_OF, ColumnMapping
from sitecast.records.tables_read import TABLES_READ

ROWS_AT_ONCE = 50_000
MAX_ROWS = 50_000_000
"""Of one read, a week's order lines at most: a view that joins to more is refused, not awaited."""
STATEMENT_TIMEOUT_S = 900.0
"""A locked table, or a view that never ends, fails its week; the week is tried again."""
BY_WEEK = ("menu", "item_sites", "box_forecast")  # a row never moves to another week
SNAPSHOTS = ("postgresql", "mysql", "mariadb")


class DatabaseSource:
    """Tables of one database, all read in one transaction that ends with the object."""

    def __init__(self, url: str, mapping: ColumnMapping) -> None:
        try:
            self._url = sa.make_url(url)
            self._engine = sa.create_engine(self._url, poolclass=sa.pool.NullPool)
        except (sa.exc.ArgumentError, ImportError) as error:
            raise SettingsError(
                f"cannot open a database by this URL ({type(error).__name__})", {},
                "write it like postgresql://user@host/database, with its driver installed",
            ) from None  # fmt: skip
        self._mapping = mapping
        self._connection: sa.Connection | None = None

    @property
    def name(self) -> str:
        """The URL without its password, and without its options: one may be a password too."""
        return self._url.set(query={}).render_as_string(hide_password=True)

    def read(self, table: str, menu_weeks: Sequence[str] | None = None) -> pd.DataFrame | None:
        """The table's rows; see Source.read."""
        with self._answering() as connection:
            found = self._found(connection, table)
            if found is None:
                return None
            query = sa.select(*found.c)
            if menu_weeks is not None:
                query = query.where(*self._of_weeks(connection, table, found, menu_weeks))
            query = query.limit(MAX_ROWS + 1)
            result = connection.execution_options(stream_results=True).execute(query)
            names, rows = list(result.keys()), list(result.yield_per(ROWS_AT_ONCE))
        if len(rows) > MAX_ROWS:
            raise DataError(
                f"there are more than {MAX_ROWS:,} rows", {"table": table, "database": self.name},
                "read a view without what the plan does not need",
            )  # fmt: skip
        columns = zip(*rows, strict=True) if rows else ([] for _ in names)
        raw = pd.DataFrame(
            {name: pd.Series(values, dtype=object)
             for name, values in zip(names, columns, strict=True)}
        )  # fmt: skip
        return self._mapping.apply(table, raw)

    def counted_week(self, menu_week: str) -> None:
        """Rows of a database are not known without reading them; see Source.counted_week."""

    def require_unchanged(self) -> None:
        """Nothing to look at: all of it was read in one transaction, from one snapshot."""

    def fingerprints(self) -> dict[str, str]:
        """Rows and latest as_of of each table; a hash of the rows where there is no as_of."""
        with self._answering() as connection:
            found = {table: self._found(connection, table) for table in TABLES_READ}
            return {
                table: _fingerprint(
                    connection, columns, self._mapping.columns(table, columns.c.keys())
                )
                for table, columns in found.items()
                if columns is not None
            }

    def close(self) -> None:
        """End the transaction."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def __del__(self) -> None:
        if getattr(self, "_connection", None) is not None:
            with suppress(sa.exc.SQLAlchemyError):  # the driver may have been collected first
                self.close()

    def _found(self, connection: sa.Connection, table: str) -> sa.TableClause | None:
        """The table with its mapped columns; names come from the contract or the mapping."""
        schema, _, name = self._mapping.source_name(table).rpartition(".")
        inspector = sa.inspect(connection)
        if not (inspector.has_table(name, schema or None) or
                name in inspector.get_view_names(schema or None)):  # fmt: skip
            return None
        there = [column["name"] for column in inspector.get_columns(name, schema or None)]
        wanted = dict.fromkeys(self._mapping.columns(table, there).values())
        return sa.table(name, *(sa.column(c) for c in wanted), schema=schema or None)

    def _of_weeks(
        self, connection: sa.Connection, table: str, found: sa.TableClause, weeks: Sequence[str]
    ) -> list[sa.ColumnElement[bool]]:
        """Rows of the weeks; for orders and their lines, everything about an order of the weeks."""
        columns = self._mapping.columns(table, found.c.keys())
        if "order_id" in columns:
            ids = self._orders_of(connection, weeks)
            return [] if ids is None else [found.c[columns["order_id"]].in_(ids)]
        if "menu_week" not in columns or table not in BY_WEEK:
            return []
        if not self._mapping.keeps_values(table, "menu_week"):
            return []
        return [found.c[columns["menu_week"]].in_(list(weeks))]

    def _orders_of(self, connection: sa.Connection, weeks: Sequence[str]) -> sa.Select[Any] | None:
        orders = self._found(connection, "orders")
        if orders is None or not self._mapping.keeps_values("orders", "menu_week"):
            return None
        columns = self._mapping.columns("orders", orders.c.keys())
        if not {"order_id", "menu_week"} <= set(columns):
            return None
        ids = sa.select(orders.c[columns["order_id"]])
        return ids.where(orders.c[columns["menu_week"]].in_(list(weeks)))

    @contextmanager
    def _answering(self) -> Iterator[sa.Connection]:
        try:
            if self._connection is None:
                self._connection = self._begin()
            yield self._connection
        except (sa.exc.OperationalError, sa.exc.InterfaceError, sa.exc.TimeoutError) as error:
            self.close()
            cause = str(getattr(error, "orig", None) or type(error).__name__)
            raise SourceUnavailable(
                f"the source database does not answer: {cause}", {"database": self.name},
                "check that it runs and that this machine may read it",
            ) from None  # fmt: skip
        except sa.exc.DBAPIError as error:
            self.close()
            raise DataError(
                f"the source database refuses: {error.orig}", {"database": self.name},
                "check the file, the mapping, and that this user may read the tables",
            ) from None  # fmt: skip

    def _begin(self) -> sa.Connection:
        dialect, file = self._url.get_backend_name(), self._url.database
        if (
            dialect == "sqlite"
            and file
            and not file.startswith("file:")
            and not Path(file).exists()
        ):
            raise SettingsError(
                "there is no such database file", {"database": self.name}, "correct the URL"
            )
        connection = self._engine.connect()
        if dialect == "postgresql":
            connection = connection.execution_options(postgresql_readonly=True)
        if dialect in SNAPSHOTS:
            connection = connection.execution_options(isolation_level="REPEATABLE READ")
        if (limit := _limit(connection, STATEMENT_TIMEOUT_S)) is not None:
            connection.exec_driver_sql(limit)
        if dialect == "sqlite":
            connection.exec_driver_sql("PRAGMA query_only = ON")
            connection.exec_driver_sql("BEGIN")
        return connection


def _limit(connection: sa.Connection, seconds: float) -> str | None:
    """What makes later statements end after so long; None where a database cannot."""
    if getattr(connection.dialect, "is_mariadb", False):  # it may be reached by MySQL's URL
        return f"SET SESSION max_statement_time = {seconds:.3f}"
    limits = {
        "postgresql": f"SET statement_timeout = {seconds * 1000:.0f}",
        "mysql": f"SET SESSION max_execution_time = {seconds * 1000:.0f}",
    }
    return limits.get(connection.dialect.name)


def _fingerprint(connection: sa.Connection, table: Any, columns: dict[str, str]) -> str:
    if AS_OF in columns:
        latest = sa.select(sa.func.count(), sa.func.max(table.c[columns[AS_OF]])).select_from(table)
        facts = connection.execute(latest).one()
        return hashlib.sha256(repr(tuple(map(str, facts))).encode()).hexdigest()
    total, rows = 0, 0
    for row in connection.execute(sa.select(*table.c)).yield_per(ROWS_AT_ONCE):
        mark = hashlib.blake2b(repr(tuple(map(str, row))).encode(), digest_size=16).digest()
        total, rows = (total + int.from_bytes(mark, "little")) % 2**128, rows + 1
    return hashlib.sha256(f"{rows}:{total}".encode()).hexdigest()
