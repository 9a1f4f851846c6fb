"""The daemon's care for code servers: a real one is killed while a run that crashed waits."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import enumerate as enumerate_threads
from types import SimpleNamespace
from typing import Any

import dagster as dg
import pytest
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load_target import PythonFileTarget

from sitecast.deployment import Deployment
from sitecast_dagster.daemon import MISSES, PatientRetryDaemon, daemons_of, silent_locations
from sitecast_dagster.instance import dagster_home, init_instance

FAILURE, STARTING = dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.STARTING
CODE = """
import dagster as dg

@dg.op
def nothing(): ...

@dg.job
def small():
    nothing()

defs = dg.Definitions(jobs=[small])
"""
NAME, GREETER = "small", "grpc-client-heartbeat"


@contextmanager
def workspace(folder: Path, code: str) -> Iterator[WorkspaceProcessContext]:
    """A workspace of one code location, on an instance as sitecast makes it."""
    (folder / "code.py").write_text(code)
    deployment = Deployment(home=folder / "home")
    init_instance(deployment)
    target = PythonFileTarget(str(folder / "code.py"), None, str(folder), NAME)
    with (
        dg.DagsterInstance.from_config(str(dagster_home(deployment))) as instance,
        WorkspaceProcessContext(instance, target) as context,
    ):
        yield context


@pytest.fixture
def context(tmp_path: Path) -> Iterator[WorkspaceProcessContext]:
    """A workspace of one tiny code location."""
    with workspace(tmp_path, CODE) as context:
        yield context


def kill_server(context: WorkspaceProcessContext) -> None:
    (entry,) = context._grpc_server_registry._active_entries.values()
    server: Any = entry.process.server_process  # type: ignore[union-attr]
    os.kill(server.pid, signal.SIGKILL)
    server.wait()


def recorded(context: WorkspaceProcessContext, tags: dict[str, str]) -> dg.DagsterRun:
    location = context.create_request_context().get_code_location(NAME)
    (repository,) = location.get_repositories().values()
    job = repository.get_full_job("small")
    plan = location.get_execution_plan(job, {}, step_keys_to_execute=None, known_state=None)
    return context.instance.create_run(
        job_name="small", run_id=None, run_config={}, status=STARTING, tags=tags,
        root_run_id=None, parent_run_id=None, step_keys_to_execute=None,
        execution_plan_snapshot=plan.execution_plan_snapshot, job_snapshot=job.job_snapshot,
        parent_job_snapshot=job.parent_job_snapshot, asset_selection=None,
        asset_check_selection=None, resolved_op_selection=None, op_selection=None,
        remote_job_origin=job.get_remote_origin(), job_code_origin=job.get_python_origin(),
        asset_graph=repository.asset_graph,
    )  # fmt: skip


def iterate(daemon: PatientRetryDaemon, context: WorkspaceProcessContext) -> None:
    for result in daemon.run_iteration(context):
        assert not isinstance(result, Exception)


def status(context: WorkspaceProcessContext, run: dg.DagsterRun) -> dg.DagsterRunStatus:
    found = context.instance.get_run_by_id(run.run_id)
    assert found is not None
    return found.status


def retries(context: WorkspaceProcessContext, run: dg.DagsterRun) -> int:
    runs = context.instance.get_runs(dg.RunsFilter(tags={"dagster/parent_run_id": run.run_id}))
    return len(runs)


@pytest.mark.matrix("code server killed while a crashed run waits to be tried again")
def test_a_dead_code_server_is_started_anew_and_no_retry_is_lost(
    context: WorkspaceProcessContext,
) -> None:
    daemon = PatientRetryDaemon()
    iterate(daemon, context)
    crashed, starting = (
        recorded(context, {".dagster/grpc_info": '{"host": "localhost", "socket": "/gone"}'})
        for _ in range(2)
    )
    context.instance.report_run_failed(crashed, "its process is gone")
    kill_server(context)
    assert silent_locations(context) == [NAME]
    iterate(daemon, context)
    assert (status(context, starting), retries(context, crashed)) == (STARTING, 0)
    for _ in range(MISSES - 1):
        iterate(daemon, context)
    assert silent_locations(context) == []
    assert [thread.name for thread in enumerate_threads()].count(GREETER) == 1
    assert status(context, starting) == FAILURE
    iterate(daemon, context)
    assert [retries(context, run) for run in (crashed, starting)] == [1, 1]


@pytest.mark.matrix("run lost before the daemon of a new instance looked for failures")
def test_a_failure_is_tried_again_that_came_before_the_first_look(
    context: WorkspaceProcessContext,
) -> None:
    long_ago, crashed = (recorded(context, {}) for _ in range(2))
    context.instance.report_run_failed(long_ago, "when no daemon was there yet")
    daemons_of(context.instance)  # a daemon starts, and dies before it looked
    context.instance.report_run_failed(crashed, "its process is gone")
    (daemon,) = [d for d in daemons_of(context.instance) if isinstance(d, PatientRetryDaemon)]
    iterate(daemon, context)
    assert [retries(context, run) for run in (long_ago, crashed)] == [0, 1]


def test_a_server_that_does_not_come_to_life_is_started_ever_more_rarely(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    restarts: list[int] = []
    monkeypatch.setattr("sitecast_dagster.daemon.silent_locations", lambda _: [NAME])
    monkeypatch.setattr("sitecast_dagster.daemon.close_lost_runs", lambda _: None)
    daemon, look = PatientRetryDaemon(), iter(range(1, 100))
    nothing = {NAME: SimpleNamespace(code_location=None)}
    request = SimpleNamespace(get_code_location_entries=lambda: nothing)
    broken: Any = SimpleNamespace(instance=None, create_request_context=lambda: request)
    for number in look:
        broken.reload_code_location = lambda _, number=number: restarts.append(number)
        daemon.look(broken)
    assert [b - a for a, b in zip([0, *restarts], restarts, strict=False)] == [2, 4, 8, 16, 32]
