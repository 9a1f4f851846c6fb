import datetime as dt
import multiprocessing
import sqlite3
from pathlib import Path

import pandas as pd
import pytest
import sqlalchemy as sa
from worlds import small_plan

from sitecast.errors import NotFound, SettingsError, StoreUnavailable
from sitecast.records.plan import ForecastPlan
from sitecast.store import Ledger
from sitecast.store import database as database_module

NOW = dt.datetime(2026, 11, 20, 7, tzinfo=dt.UTC)
LATER = NOW + dt.timedelta(hours=1)


@pytest.fixture
def ledger(ledger_url: str) -> Ledger:
    made = Ledger(ledger_url)
    made.create()
    return made


def other_plan() -> ForecastPlan:
    plan = small_plan(seed=8)
    return ForecastPlan("20261120T0600-ba9876543210", plan.as_of, plan.menu_weeks, "test",
                        plan.settings, {"orders": "abc"})  # fmt: skip


def test_plan_comes_back_as_it_was_saved(ledger: Ledger) -> None:
    ledger.save_plan(other_plan(), NOW)
    assert ledger.plan(other_plan().plan_id) == other_plan()
    assert ledger.current_plan() == other_plan()


def test_saving_again_keeps_one_row_and_makes_it_current(ledger: Ledger) -> None:
    for plan, when in ((small_plan(), NOW), (other_plan(), LATER), (small_plan(), LATER)):
        ledger.save_plan(plan, when)
    plans = ledger.plans()
    assert plans["plan_id"].tolist() == [other_plan().plan_id, small_plan().plan_id]
    assert plans["is_current"].tolist() == [False, True]
    assert plans["made_at"].tolist() == [pd.Timestamp(LATER), pd.Timestamp(NOW)]


def test_empty_ledger_has_no_plan_and_empty_tables(ledger: Ledger) -> None:
    assert ledger.current_plan() is None
    assert len(ledger.plans()) == 0
    assert len(ledger.publications()) == 0
    assert len(ledger.current("site_forecast")) == 0
    with pytest.raises(NotFound, match=r"no such plan.*20261120T0600"):
        ledger.plan(small_plan().plan_id)


def test_only_published_tables_can_be_asked_for(ledger: Ledger) -> None:
    with pytest.raises(NotFound, match="not a published table"):
        ledger.current("plans; drop table plans")


def test_tokens_only_grow(ledger: Ledger) -> None:
    tokens = [ledger.next_token("plan", "2026-W48", asset) for asset in ("b", "a", "b")]
    assert tokens == sorted(set(tokens))


@pytest.mark.parametrize("url", ["sqlite://", "mysql://u@h/db", "nonsense"])
def test_wrong_urls_are_refused_without_showing_them(url: str) -> None:
    with pytest.raises(SettingsError, match="database"):
        Ledger(url)


@pytest.mark.matrix("database locked", page="faults")
def test_busy_database_is_a_transient_error_that_shows_no_parameter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database_module, "BUSY_TIMEOUT_MS", 10)
    ledger = Ledger(f"sqlite:///{tmp_path / 'ledger.db'}")
    ledger.create()
    blocker = sqlite3.connect(tmp_path / "ledger.db")
    blocker.execute("BEGIN EXCLUSIVE")
    with pytest.raises(StoreUnavailable, match="locked") as caught:
        ledger.save_plan(small_plan(), NOW)
    blocker.close()
    assert caught.value.transient
    assert "Test Kitchen" not in str(caught.value)


def _create_and_take_token(url: str, tokens: "multiprocessing.Queue[int]") -> None:
    ledger = Ledger(url)
    ledger.create()
    tokens.put(ledger.next_token("plan", "2026-W48", "a"))


def test_several_processes_create_the_same_ledger_at_once(ledger_url: str) -> None:
    fork = multiprocessing.get_context("fork")
    tokens = fork.Queue()
    processes = [
        fork.Process(target=_create_and_take_token, args=(ledger_url, tokens)) for _ in range(6)
    ]
    for process in processes:
        process.start()
    given = sorted(tokens.get(timeout=30) for _ in processes)
    for process in processes:
        process.join()
    assert given == [1, 2, 3, 4, 5, 6]


def test_readers_of_sqlite_never_wait_for_a_writer(tmp_path: Path) -> None:
    Ledger(f"sqlite:///{tmp_path / 'new.db'}").create()
    with sqlite3.connect(tmp_path / "new.db") as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    connection.close()


def _insert_then_fail(ledger: Ledger) -> None:
    with ledger.database.writing() as connection:
        connection.execute(sa.text("INSERT INTO pointers VALUES ('x', 'y')"))
        raise ZeroDivisionError("planted")


@pytest.mark.matrix("database dropped mid-transaction", page="faults")
def test_error_in_a_transaction_takes_everything_back(ledger: Ledger) -> None:
    with pytest.raises(ZeroDivisionError, match="planted"):
        _insert_then_fail(ledger)
    with ledger.database.reading() as connection:
        assert connection.execute(sa.text("SELECT * FROM pointers")).all() == []
