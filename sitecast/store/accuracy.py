"""forecast_accuracy in the ledger: rows of a plan's week are replaced together."""

import pandas as pd
import sqlalchemy as sa

from sitecast.records.tables_accuracy import FORECAST_ACCURACY
from sitecast.store.ledger import Ledger
from sitecast.store.schema import ACCURACY


def save_accuracy(ledger: Ledger, table: pd.DataFrame) -> None:
    """Keep rows of forecast_accuracy; those of the same plan and week go."""
    rows = table.astype(object).where(table.notna(), None).to_dict("records")
    weeks = table[["plan_id", "menu_week"]].drop_duplicates().itertuples(index=False)
    with ledger.database.writing() as connection:
        for plan_id, menu_week in weeks:
            mine = (ACCURACY.c.plan_id == plan_id) & (ACCURACY.c.menu_week == menu_week)
            connection.execute(sa.delete(ACCURACY).where(mine))
        connection.execute(sa.insert(ACCURACY), rows)


def measured_weeks(ledger: Ledger) -> set[tuple[str, str]]:
    """(plan_id, menu_week) that have rows."""
    query = sa.select(ACCURACY.c.plan_id, ACCURACY.c.menu_week).distinct()
    with ledger.database.reading() as connection:
        return {(row.plan_id, row.menu_week) for row in connection.execute(query)}


def forecast_accuracy(ledger: Ledger) -> pd.DataFrame:
    """The whole table, sorted by its key."""
    query = sa.select(ACCURACY).order_by(*(ACCURACY.c[name] for name in FORECAST_ACCURACY.key))
    with ledger.database.reading() as connection:
        rows = connection.execute(query).all()
    names = [column.name for column in FORECAST_ACCURACY.columns]
    return FORECAST_ACCURACY.shaped(pd.DataFrame(rows, columns=names))
