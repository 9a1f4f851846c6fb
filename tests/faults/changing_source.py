"""A database of input tables that somebody changes while a week is read from it."""

from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from poisoned import TABLES
from worlds import WEEK, small_plan

from sitecast.extract import extract_week, open_source


def fill(url: str) -> None:
    """The tables of the small company."""
    engine = sa.create_engine(url, poolclass=sa.pool.NullPool)
    for name, frame in TABLES.items():
        frame.to_sql(name, engine, index=False)


def require_one_snapshot(url: str, base: Path) -> None:
    """Orders vanish after they were read; the week is what it was before, and the next is not."""
    quiet = extract_week(open_source(url, base, None), small_plan(), WEEK)
    source, tried = open_source(url, base, None), []
    read = source.read

    def changed_meanwhile(table: str, weeks: Any = None) -> Any:
        if table == "order_lines" and not tried:
            tried.append(_all_orders_vanish(url))
        return read(table, weeks)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(source, "read", changed_meanwhile)
        assert extract_week(source, small_plan(), WEEK).version == quiet.version
    source.close()  # type: ignore[attr-defined]
    assert tried == ["done"] or _all_orders_vanish(url) == "done"
    assert len(extract_week(open_source(url, base, None), small_plan(), WEEK)["orders"]) == 0


def _all_orders_vanish(url: str) -> str:
    arguments = {"timeout": 0.1} if url.startswith("sqlite") else {}
    engine = sa.create_engine(url, poolclass=sa.pool.NullPool, connect_args=arguments)
    try:
        with engine.begin() as database:
            for table in ("orders", "order_lines"):
                database.execute(sa.text(f"DELETE FROM {table}"))
    except sa.exc.OperationalError:  # a reader keeps SQLite's writers out, unless it has a WAL
        return "refused"
    return "done"
