"""Spreads fitted on past errors, kept in the ledger; the latest ones are those in use."""

import datetime as dt

import sqlalchemy as sa

from sitecast.settings_uncertainty import Uncertainty
from sitecast.store.ledger import Ledger
from sitecast.store.schema import CALIBRATIONS


def save_spreads(ledger: Ledger, fitted: Uncertainty, now: dt.datetime) -> None:
    """Keep what was fitted at a moment; what was fitted before stays."""
    row = {"calibrated_at": now, "content": fitted.model_dump_json()}
    with ledger.database.writing() as connection:
        same = CALIBRATIONS.c.calibrated_at == now
        connection.execute(sa.delete(CALIBRATIONS).where(same))
        connection.execute(sa.insert(CALIBRATIONS), row)


def latest_spreads(ledger: Ledger) -> Uncertainty | None:
    """What was fitted last, if anything was."""
    query = sa.select(CALIBRATIONS.c.content).order_by(CALIBRATIONS.c.calibrated_at.desc())
    with ledger.database.reading() as connection:
        content = connection.scalar(query.limit(1))
    return None if content is None else Uncertainty.model_validate_json(content)
