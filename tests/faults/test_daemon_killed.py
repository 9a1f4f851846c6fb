"""The daemon, SIGKILLed at Dagster's own named points: every week is asked for once, none lost."""

import itertools
import logging
import os
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

import dagster as dg
import pytest
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load_target import ModuleTarget
from dagster._daemon.backfill import execute_backfill_iteration
from dagster._daemon.sensor import execute_sensor_iteration
from orchestration.conftest import Company
from orchestration.test_backfill import a_backfill

from sitecast.pipeline import configure_plan
from sitecast.records.plan import ForecastPlan
from sitecast_dagster.instance import dagster_home, init_instance
from sitecast_dagster.stored_runs import MODULE
from sitecast_dagster.tags import PARTITION_TAG

Iterate = Callable[[WorkspaceProcessContext], Iterable[object]]


@pytest.fixture
def plan(company: Company, monkeypatch: pytest.MonkeyPatch) -> ForecastPlan:
    """A plan of eight weeks on an instance whose queue nobody empties."""
    monkeypatch.setenv("SITECAST_HOME", str(company.home))
    company.plan(horizon_weeks=8)
    init_instance(company.deployment)
    opened = company.open()
    return configure_plan(opened, opened.plan_settings(), company.resource.now())


def instance_of(company: Company) -> dg.DagsterInstance:
    return dg.DagsterInstance.from_config(str(dagster_home(company.deployment)))


def in_a_daemon(company: Company, iterate: Iterate, until: Callable[[], bool]) -> int:
    """Iterate in a fork of this process, as a daemon does; how it ended."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            target = ModuleTarget(MODULE, None, None, None)
            with instance_of(company) as instance, WorkspaceProcessContext(instance, target) as ui:
                for _ in range(60):
                    list(iterate(ui))
                    if until():
                        break
                    time.sleep(0.5)
            code = 0
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def asked_for(company: Company) -> Counter[str]:
    with instance_of(company) as instance:
        return Counter(run.tags[PARTITION_TAG] for run in instance.get_runs())


def tick(flags: dict[str, int]) -> Iterate:
    """One look at the sensors, killed at a point of new_weeks."""
    return lambda ui: execute_sensor_iteration(
        ui, logging.getLogger(), None, None, debug_crash_flags={"new_weeks": flags}
    )  # fmt: skip


def require_each_week_once_after_a_tick_killed_at(
    point: str, company: Company, plan: ForecastPlan
) -> None:
    def done() -> bool:
        return len(asked_for(company)) == 8

    flags: dict[str, int] = {point: signal.SIGKILL}
    assert in_a_daemon(company, tick(flags), done) == -signal.SIGKILL
    assert in_a_daemon(company, tick({}), done) == 0
    assert asked_for(company) == dict.fromkeys(plan.menu_weeks, 1)


@pytest.mark.matrix("sensor tick killed between asking for a run and saving its cursor")
def test_a_killed_tick_asks_for_each_week_once(company: Company, plan: ForecastPlan) -> None:
    require_each_week_once_after_a_tick_killed_at("RUN_CREATED", company, plan)


@pytest.mark.slow
@pytest.mark.parametrize("point", ["TICK_CREATED", "RUN_IDS_RESERVED", "RUN_LAUNCHED"])
@pytest.mark.matrix("sensor tick killed at its other points")
def test_a_tick_killed_anywhere_asks_for_each_week_once(
    company: Company, plan: ForecastPlan, point: str
) -> None:
    require_each_week_once_after_a_tick_killed_at(point, company, plan)


@pytest.mark.slow
@pytest.mark.matrix("sensor tick killed, and the daemon away for more than a day")
def test_a_tick_too_old_to_be_resumed_loses_nothing(
    company: Company, plan: ForecastPlan, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As if a day had passed: Dagster gives such a tick up, and looks anew from its old cursor.
    monkeypatch.setattr("dagster._daemon.sensor.MAX_TIME_TO_RESUME_TICK_SECONDS", -1)
    require_each_week_once_after_a_tick_killed_at("RUN_IDS_RESERVED", company, plan)


@pytest.mark.slow
@pytest.mark.parametrize("submitted", [1, 3, 8])
@pytest.mark.matrix("daemon killed in the middle of a backfill of 8 weeks, and restarted")
def test_a_backfill_whose_daemon_was_killed_asks_for_each_week_once(
    company: Company, plan: ForecastPlan, submitted: int
) -> None:
    with instance_of(company) as instance:
        instance.add_dynamic_partitions("menu_week", list(plan.menu_weeks))
        instance.add_backfill(a_backfill(instance, plan.menu_weeks))

    def done() -> bool:
        return len(asked_for(company)) == 8

    def carry_out(ui: WorkspaceProcessContext) -> Iterable[object]:
        return execute_backfill_iteration(ui, logging.getLogger())

    def die_when_so_many_are_submitted(ui: WorkspaceProcessContext) -> Iterable[object]:
        submit, count = dg.DagsterInstance.submit_run, itertools.count(1)

        def submit_and_die(*arguments: Any, **named: Any) -> Any:
            run = submit(*arguments, **named)
            if next(count) == submitted:
                os.kill(os.getpid(), signal.SIGKILL)
            return run

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(dg.DagsterInstance, "submit_run", submit_and_die)
            return list(carry_out(ui))

    killed = in_a_daemon(company, die_when_so_many_are_submitted, done)
    assert killed == -signal.SIGKILL
    assert in_a_daemon(company, carry_out, done) == 0
    assert asked_for(company) == dict.fromkeys(plan.menu_weeks, 1)
