"""The ledger: plans, fencing tokens, publications and the outbox, in one SQL database."""

import datetime as dt
import json
from collections.abc import Mapping
from typing import Any

import pandas as pd
import sqlalchemy as sa

from sitecast.errors import NotFound
from sitecast.records.feed import FeedEvent
from sitecast.records.plan import ForecastPlan, PublishedForecast
from sitecast.records.tables_written import PUBLICATIONS as PUBLICATIONS_CONTRACT
from sitecast.records.tables_written import TABLES_WRITTEN
from sitecast.records.week_record import SiteForecast
from sitecast.store.database import Database
from sitecast.store.feed import begin_feed, events_since, recalled
from sitecast.store.schema import (
    ATTEMPTS,
    PLANS,
    POINTERS,
    PUBLICATIONS,
    PUBLISHED,
    create_all,
    current_rows,
)  # fmt: skip


class Ledger:
    """What was planned, attempted and published. Safe to use from several processes at once."""

    def __init__(self, url: str) -> None:
        self.database = Database(url)

    def create(self) -> None:
        """Create what is missing; safe when several processes start at once."""
        with self.database.exclusive("create"):
            self.database.prepare()
            with self.database.writing() as connection:
                create_all(connection)
                begin_feed(connection)

    def save_plan(self, plan: ForecastPlan, now: dt.datetime) -> None:
        """Keep a plan (once) and make it the current one."""
        row = {"plan_id": plan.plan_id, "as_of": plan.as_of, "made_at": now,
               "content": plan.to_json()}  # fmt: skip
        with self.database.writing() as connection:
            known = sa.select(PLANS.c.plan_id).where(PLANS.c.plan_id == plan.plan_id)
            lock_pointers(connection)
            if connection.scalar(known) is None:
                connection.execute(sa.insert(PLANS), row)
            point(connection, "plan", plan.plan_id)

    def current_plan(self) -> ForecastPlan | None:
        """The plan saved last, if any."""
        with self.database.reading() as connection:
            plan_id = pointer(connection, "plan")
        return None if plan_id is None else self.plan(plan_id)

    def plan(self, plan_id: str) -> ForecastPlan:
        """A saved plan.

        Raises:
            NotFound: no plan of this id was saved.
        """
        with self.database.reading() as connection:
            content = connection.scalar(
                sa.select(PLANS.c.content).where(PLANS.c.plan_id == plan_id)
            )
        if content is None:
            raise NotFound("no such plan", {"plan_id": plan_id}, "see `sitecast show plans`")
        return ForecastPlan.from_json(content)

    def plans(self) -> pd.DataFrame:
        """plan_id, as_of, made_at, menu_weeks, is_current; the newest first."""
        with self.database.reading() as connection:
            current = pointer(connection, "plan")
            query = sa.select(PLANS).order_by(PLANS.c.made_at.desc(), PLANS.c.plan_id)
            rows = connection.execute(query).mappings().all()
        weeks = [", ".join(json.loads(row["content"])["menu_weeks"]) for row in rows]
        return pd.DataFrame({
            "plan_id": [row["plan_id"] for row in rows],
            "as_of": pd.to_datetime([row["as_of"] for row in rows], utc=True),
            "made_at": pd.to_datetime([row["made_at"] for row in rows], utc=True),
            "menu_weeks": weeks,
            "is_current": [row["plan_id"] == current for row in rows],
        })  # fmt: skip

    def next_token(self, plan_id: str, menu_week: str, asset: str) -> int:
        """A number above every one given before: a fence against attempts that began earlier."""
        row = {"plan_id": plan_id, "menu_week": menu_week, "asset": asset}
        with self.database.writing() as connection:
            given = sa.insert(ATTEMPTS).returning(ATTEMPTS.c.token)
            return int(connection.execute(given, row).scalar_one())

    def publications(self) -> pd.DataFrame:
        """The table publications, the newest first."""
        with self.database.reading() as connection:
            current = pointer(connection, "publication")
            query = sa.select(PUBLICATIONS).order_by(
                PUBLICATIONS.c.published_at.desc(), PUBLICATIONS.c.publication_id
            )
            rows = [dict(row) for row in connection.execute(query).mappings()]
            wrong = set(connection.scalars(recalled()))
        for row in rows:
            state = "recalled" if row["publication_id"] in wrong else "superseded"
            row["status"] = "current" if row["publication_id"] == current else state
        columns = [column.name for column in PUBLICATIONS_CONTRACT.columns]
        return PUBLICATIONS_CONTRACT.shaped(pd.DataFrame(rows, columns=columns))

    def feed(self, since: int = 0) -> list[FeedEvent]:
        """What became of publications after event number `since`, in order."""
        with self.database.reading() as connection:
            return events_since(connection, since)

    def current(self, table: str) -> pd.DataFrame:
        """A published table as it stands in the current publication; empty before the first.

        Columns that the code of its publication did not know have empty cells.

        Raises:
            NotFound: no published table has this name.
        """
        if table not in PUBLISHED:
            known = ", ".join(PUBLISHED)
            raise NotFound("not a published table", {"table": table}, f"one of {known}")
        contract = TABLES_WRITTEN[table]
        with self.database.reading() as connection:
            query = current_rows(PUBLISHED[table]).order_by(*contract.key)
            rows = connection.execute(query).all()
        names = [column.name for column in contract.columns]
        frame = pd.DataFrame(rows, columns=names)
        return contract.allowing_empty(frame).shaped(frame)

    def published_versions(self) -> dict[str, tuple[str, Mapping[str, Mapping[str, str]]]]:
        """plan_id and versions (menu week → asset → version) of every publication, by its id."""
        with self.database.reading() as connection:
            rows = connection.execute(sa.select(PUBLICATIONS)).mappings().all()
        return {
            row["publication_id"]: (row["plan_id"], json.loads(row["versions"])) for row in rows
        }

    def forecasts_before(self, as_of: dt.datetime) -> dict[str, PublishedForecast]:
        """By menu week the forecast published last, by plans that knew less than `as_of`.

        What was recalled counts as never published.
        """
        query = sa.select(PLANS.c.plan_id, PLANS.c.as_of, PUBLICATIONS.c.versions)
        query = query.join(PUBLICATIONS, PUBLICATIONS.c.plan_id == PLANS.c.plan_id)
        query = query.where(PUBLICATIONS.c.publication_id.not_in(recalled()))
        order = (PLANS.c.as_of, PUBLICATIONS.c.published_at, PUBLICATIONS.c.publication_id)
        with self.database.reading() as connection:
            rows = connection.execute(query.order_by(*order)).mappings().all()
        return {
            week: PublishedForecast(row["plan_id"], versions[SiteForecast.asset])
            for row in rows if row["as_of"] < as_of
            for week, versions in json.loads(row["versions"]).items()
        }  # fmt: skip


def pointer(connection: sa.Connection, name: str) -> str | None:
    """What a named pointer points to, if anything."""
    found: Any = connection.scalar(sa.select(POINTERS.c.value).where(POINTERS.c.name == name))
    return None if found is None else str(found)


def lock_pointers(connection: sa.Connection) -> None:
    """Let one transaction at a time move pointers (a SQLite writer is alone from its start)."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("LOCK TABLE pointers IN EXCLUSIVE MODE")


def point(connection: sa.Connection, name: str, value: str | None) -> None:
    """Move a named pointer; None takes it away."""
    if value is None:
        connection.execute(sa.delete(POINTERS).where(POINTERS.c.name == name))
        return
    moved = sa.update(POINTERS).where(POINTERS.c.name == name).values(value=value)
    if connection.execute(moved).rowcount == 0:
        connection.execute(sa.insert(POINTERS).values(name=name, value=value))
