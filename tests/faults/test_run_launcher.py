"""The probe of the run launcher, with real processes, a real instance and Dagster's own monitor."""

import logging
import multiprocessing
import os
import shutil
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import dagster as dg
import pytest
from dagster._core.test_utils import create_test_daemon_workspace_context
from dagster._core.workspace.load_target import EmptyWorkspaceTarget
from dagster._daemon.monitoring.run_monitoring import execute_run_monitoring_iteration
from orchestration.conftest import Stage

from sitecast.deployment import Deployment
from sitecast.errors import SettingsError
from sitecast_dagster.definitions import build_definitions
from sitecast_dagster.instance import dagster_home, init_instance
from sitecast_dagster.resources import InstallationResource
from sitecast_dagster.run_launcher import MISSES, ProbingRunLauncher
from sitecast_dagster.run_process import drop_lock, hold_lock, lives
from sitecast_dagster.stored_runs import create_run

STARTING, STARTED = dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED
FAILURE = dg.DagsterRunStatus.FAILURE
GONE = '{"host": "localhost", "socket": "/tmp/no-such-code-server"}'


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The home of an installation that was just made."""
    home = tmp_path_factory.mktemp("fresh") / "home"
    init_instance(Deployment(home=home))
    return home


@pytest.fixture
def stage(fresh: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    monkeypatch.chdir(tmp_path)
    home = shutil.copytree(fresh, tmp_path / "home")
    instance_home = str(dagster_home(Deployment(home=home)))
    with dg.DagsterInstance.from_config(instance_home) as instance:
        resource = InstallationResource(home=str(home))
        yield Stage(SimpleNamespace(home=home), instance, build_definitions(resource))


def recorded(stage: Stage, status: dg.DagsterRunStatus, **tags: str) -> str:
    """A run that came as far as `status`."""
    run_id = create_run(stage.instance, stage.definitions.resolve_job_def("plan_weeks"), tags)
    run = stage.instance.get_run_by_id(run_id)
    assert run is not None
    started = [dg.DagsterEventType.RUN_START] if status == STARTED else []
    for kind in [dg.DagsterEventType.RUN_STARTING, *started]:
        event = dg.DagsterEvent(event_type_value=kind.value, job_name=run.job_name)
        stage.instance.report_dagster_event(event, run_id)
    return run_id


@contextmanager
def working(stage: Stage, run_id: str) -> Iterator[int]:
    """A process that works on a run until the block ends, or somebody kills it."""
    told, tell = os.pipe()
    child = os.fork()
    if child == 0:
        hold_lock(stage.instance, run_id)
        os.write(tell, b"!")
        signal.pause()
        os._exit(0)
    os.read(told, 1)
    try:
        yield child
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def monitor(stage: Stage, times: int) -> None:
    """What the monitoring daemon does, so many times."""
    with create_test_daemon_workspace_context(EmptyWorkspaceTarget(), stage.instance) as ui:
        for _ in range(times):
            found = execute_run_monitoring_iteration(ui, logging.getLogger("monitor"))
            assert [error for error in found if error] == []


def status(stage: Stage, run_id: str) -> dg.DagsterRunStatus:
    run = stage.instance.get_run_by_id(run_id)
    assert run is not None
    return run.status


def test_a_new_instance_probes_its_runs_every_two_seconds(stage: Stage) -> None:
    assert isinstance(stage.instance.run_launcher, ProbingRunLauncher)
    assert stage.instance.run_monitoring_poll_interval_seconds * MISSES <= 10


@pytest.mark.matrix("run killed, and nobody left who would tell")
def test_a_run_whose_process_was_killed_fails_after_three_probes(stage: Stage) -> None:
    run_id = recorded(stage, STARTED, **{".dagster/grpc_info": GONE})
    with working(stage, run_id):
        monitor(stage, MISSES + 2)
        assert status(stage, run_id) == STARTED
    monitor(stage, MISSES - 1)
    assert status(stage, run_id) == STARTED
    monitor(stage, 1)
    assert status(stage, run_id) == FAILURE


@pytest.mark.matrix("run whose process works on while its code server is gone")
def test_a_run_that_works_is_left_alone_whatever_became_of_its_code_server(stage: Stage) -> None:
    run_id = recorded(stage, STARTED, **{".dagster/grpc_info": GONE})
    with working(stage, run_id):
        init_instance(Deployment(home=stage.company.home))
        monitor(stage, MISSES + 1)
        assert status(stage, run_id) == STARTED


@pytest.mark.matrix("host crash while runs were starting")
def test_runs_that_never_came_to_work_are_closed_when_everything_starts_again(
    stage: Stage,
) -> None:
    lost = recorded(stage, STARTING, **{".dagster/grpc_info": GONE})
    on_its_way = recorded(stage, STARTING)
    with _code_server() as place:
        starting = recorded(stage, STARTING, **{".dagster/grpc_info": place})
        init_instance(Deployment(home=stage.company.home))
        assert status(stage, starting) == STARTING
    assert status(stage, lost) == FAILURE
    assert status(stage, on_its_way) == STARTING


def test_misses_count_only_in_a_row(stage: Stage) -> None:
    run_id = recorded(stage, STARTED)
    run = stage.instance.get_run_by_id(run_id)
    assert run is not None
    launcher = stage.instance.run_launcher
    assert MISSES >= 2, "one look in vain is no proof"
    for _ in range(3):
        for _ in range(MISSES - 1):
            assert launcher.check_run_worker_health(run).status.value == "RUNNING"
        with working(stage, run_id):
            assert launcher.check_run_worker_health(run).status.value == "RUNNING"


def test_a_run_of_this_layer_holds_its_lock_while_it_works_and_leaves_none(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []

    def look(_: object) -> None:
        (run,) = stage.instance.get_runs(dg.RunsFilter(statuses=[STARTED]))
        seen.append(lives(stage.instance, run))
        raise SettingsError("seen enough")

    monkeypatch.setattr(InstallationResource, "open", look)
    stage.run("plan_weeks")
    assert set(seen) == {True}
    assert list((dagster_home(Deployment(home=stage.company.home)) / "run-locks").iterdir()) == []


def test_dropping_a_lock_that_is_not_held_changes_nothing(stage: Stage) -> None:
    drop_lock(stage.instance, recorded(stage, STARTED))


@contextmanager
def _code_server() -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f'{{"host": "127.0.0.1", "port": {server.getsockname()[1]}}}'


@pytest.mark.matrix("orphaned worker: the process that started it is killed")
def test_a_worker_dies_with_its_parent(stage: Stage) -> None:
    told, tell = os.pipe()
    parent = os.fork()
    if parent == 0:
        work = multiprocessing.get_context("fork").Process(target=_work, args=(stage, tell))
        work.start()
        signal.pause()
    assert os.read(told, 1) == b"!"
    os.kill(parent, signal.SIGKILL)
    os.waitpid(parent, 0)
    os.close(tell)
    assert os.read(told, 1) == b""  # the end of its last process is the end of the pipe


def _work(stage: Stage, tell: int) -> None:
    hold_lock(stage.instance, "00000000-0000-0000-0000-000000000000")
    os.write(tell, b"!")
    signal.pause()
