"""forecast_accuracy and backtest_accuracy in the ledger; a plan's week is replaced as one."""

import pandas as pd
import sqlalchemy as sa

from sitecast.records.contract import TableContract
from sitecast.records.tables_accuracy import FORECAST_ACCURACY
from sitecast.store.ledger import Ledger
from sitecast.store.schema import ACCURACY


def save_accuracy(
    ledger: Ledger, table: pd.DataFrame, into: TableContract = FORECAST_ACCURACY
) -> None:
    """Keep rows of forecast_accuracy (or backtest_accuracy); those of the same plan and week go."""
    kept = ACCURACY[into.name]
    rows = table.astype(object).where(table.notna(), None).to_dict("records")
    weeks = table[["plan_id", "menu_week"]].drop_duplicates().itertuples(index=False)
    with ledger.database.writing() as connection:
        for plan_id, menu_week in weeks:
            mine = (kept.c.plan_id == plan_id) & (kept.c.menu_week == menu_week)
            connection.execute(sa.delete(kept).where(mine))
        if rows:
            connection.execute(sa.insert(kept), rows)


def measured_weeks(ledger: Ledger) -> dict[tuple[str, str], str | None]:
    """(plan_id, menu_week) that have rows in forecast_accuracy → what they were measured by."""
    kept = ACCURACY[FORECAST_ACCURACY.name]
    query = sa.select(kept.c.plan_id, kept.c.menu_week, kept.c.actuals).distinct()
    with ledger.database.reading() as connection:
        rows = connection.execute(query).all()
    return {(row.plan_id, row.menu_week): row.actuals for row in rows}


def forecast_accuracy(ledger: Ledger, table: TableContract = FORECAST_ACCURACY) -> pd.DataFrame:
    """The whole table, sorted by its key."""
    kept = ACCURACY[table.name]
    names = [column.name for column in table.columns]
    query = sa.select(*(kept.c[name] for name in names))
    query = query.order_by(*(kept.c[name] for name in table.key))
    with ledger.database.reading() as connection:
        rows = connection.execute(query).all()
    return table.shaped(pd.DataFrame(rows, columns=names))
