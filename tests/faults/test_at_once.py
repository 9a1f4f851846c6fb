"""Two of everything at the same moment: one wins, the other finds it done; nothing is mixed."""

import multiprocessing
import os
import sqlite3
import time
from collections import Counter
from pathlib import Path

import dagster as dg
import pytest
from faults.harness import at_once
from orchestration.conftest import Company
from publish_world import NOW, UI_URL, WEEKS, World

from sitecast.pipeline import configure_plan
from sitecast.publish import publish_plan
from sitecast.store.outbox import Outbox
from sitecast_dagster.definitions import build_definitions
from sitecast_dagster.instance import dagster_home, init_instance
from sitecast_dagster.kept_connections import keep_connections
from sitecast_dagster.stored_runs import create_run


@pytest.mark.matrix("two publishers at once")
def test_r10_publishers_at_once_publish_once(tmp_path: Path) -> None:
    world = World(tmp_path)
    for week in WEEKS:
        world.store_week(week)

    def publish() -> None:
        publish_plan(world.plan, world.weeks, world.ledger, world.folder, UI_URL, NOW)

    assert at_once(*[publish] * 4) == [0] * 4
    assert len(world.ledger.publications()) == 1
    assert [event.event for event in world.ledger.feed()] == ["published"]
    assert len(Outbox(world.ledger.database).rows("pending")) == 2
    assert len(world.ledger.current("site_load")) == 12


@pytest.mark.matrix("two configurators at once")
def test_configurators_at_once_leave_whole_plans_and_one_current(company: Company) -> None:
    opened, now = company.open(), company.resource.now()
    settings = opened.plan_settings()
    others = settings.model_copy(update={"draws": 7})
    actions = [lambda s=s: configure_plan(opened, s, now) for s in [settings, others] * 2]
    assert at_once(*actions) == [0] * 4
    plans = opened.ledger.plans()
    assert len(plans) == 2
    assert plans["is_current"].sum() == 1
    kept = [opened.ledger.plan(plan_id) for plan_id in plans["plan_id"]]
    assert sorted(plan.settings.draws for plan in kept) == [5, 7]
    assert opened.current_plan() in kept


@pytest.mark.matrix("many runs writing events to SQLite at once")
def test_no_event_is_lost_where_many_runs_write_to_sqlite(company: Company) -> None:
    init_instance(company.deployment)
    home = str(dagster_home(company.deployment))
    definitions = build_definitions(company.resource)
    job = definitions.resolve_job_def("plan_weeks")

    def write() -> None:
        with dg.DagsterInstance.from_config(home) as instance:
            run = instance.get_run_by_id(create_run(instance, job, {"writer": str(os.getpid())}))
            for number in range(40):
                instance.report_engine_event(f"event {number}", run)
            instance.report_run_failed(run, "enough")

    assert at_once(*[write] * 8) == [0] * 8
    with dg.DagsterInstance.from_config(home) as instance:
        runs = instance.get_runs()
        assert len({run.tags["writer"] for run in runs}) == 8
        for run in runs:
            logs = instance.all_logs(run.run_id, of_type=dg.DagsterEventType.ENGINE_EVENT)
            said = Counter(entry.get_dagster_event().message for entry in logs)
            assert {said[f"event {number}"] for number in range(40)} == {1}


@pytest.mark.matrix("another process locks Dagster's SQLite database while a run is created")
def test_a_locked_database_delays_a_run_and_loses_none(company: Company) -> None:
    init_instance(company.deployment)
    home = dagster_home(company.deployment)
    definitions = build_definitions(company.resource)
    job = definitions.resolve_job_def("plan_weeks")
    locked = multiprocessing.Event()

    def hold() -> None:
        with sqlite3.connect(home / "history" / "runs.db", isolation_level=None) as database:
            database.execute("BEGIN EXCLUSIVE")
            locked.set()
            time.sleep(8)  # longer than the five seconds that SQLite's driver waits by itself
            database.execute("ROLLBACK")

    def create() -> None:
        keep_connections()  # as the daemon and every run does
        locked.wait(30)
        with dg.DagsterInstance.from_config(str(home)) as instance:
            create_run(instance, job, {})

    assert at_once(hold, create) == [0, 0]
    with dg.DagsterInstance.from_config(str(home)) as instance:
        assert len(instance.get_runs()) == 1
