"""Two of everything at the same moment: one wins, the other finds it done; nothing is mixed."""

import multiprocessing
import os
import sqlite3
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import dagster as dg
import pytest
from faults.test_week_killed import Trials
from orchestration.conftest import Company
from publish_world import NOW, UI_URL, WEEKS, World

from sitecast.pipeline import configure_plan
from sitecast.publish import publish_plan
from sitecast.records.week_record import WEEK_RECORDS
from sitecast.store.outbox import Outbox
from sitecast_dagster.definitions import build_definitions
from sitecast_dagster.instance import dagster_home, init_instance
from sitecast_dagster.kept_connections import keep_connections
from sitecast_dagster.stored_runs import create_run


def at_once(*actions: Callable[[], object]) -> list[int]:
    """Run each in a fork, all of them from the same moment; exit codes."""
    gate, open_gate = os.pipe()
    children = []
    for action in actions:
        child = os.fork()
        if child == 0:
            os.close(open_gate)
            os.read(gate, 1)  # its end comes for all of them together
            code = 1
            try:
                code = 0 if action() is not False else 2
            finally:
                os._exit(code)
        children.append(child)
    os.close(open_gate)
    os.close(gate)
    return [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]


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


@pytest.mark.matrix("the same week materialised twice at once")
def test_a_week_made_twice_at_once_is_made_once(
    fast_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(fast_path)
    trials = Trials(fast_path)
    before = trials.heads()
    trials.new_input()
    assert at_once(trials.run, trials.run) == [0, 0]
    assert trials.catalogue() == trials.heads() != before
    trials.require_nothing_torn()
    weeks, plan_id, week = trials.company.open().weeks, trials.plan.plan_id, trials.week
    for record in WEEK_RECORDS:
        made = weeks.read(record, plan_id, week)
        for asset, version in made.provenance.inputs.items():
            heads = {r.asset: weeks.head(plan_id, week, r) for r in WEEK_RECORDS}
            assert heads[asset] == version, "made from what the other run made"


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
