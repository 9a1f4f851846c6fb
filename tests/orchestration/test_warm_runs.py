"""Runs that a real code server starts: forked while its code is unchanged, and ended as others."""

import multiprocessing
import os
import signal
import time
from collections.abc import Iterator
from multiprocessing import forkserver
from multiprocessing.forkserver import ForkServer
from pathlib import Path
from types import SimpleNamespace

import dagster as dg
import pytest
from dagster._core.test_utils import create_test_daemon_workspace_context
from dagster._core.workspace.load_target import ModuleTarget

from sitecast.pipeline import configure_plan
from sitecast.store.files import locked
from sitecast_dagster import warm_runs
from sitecast_dagster.run_process import lives
from sitecast_dagster.stored_runs import MODULE, create_run
from sitecast_dagster.warm_runs import code_state, forking_while_unchanged

PATIENCE_SECONDS = 120
ENDED = [dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED]


@pytest.fixture
def server(stage, monkeypatch) -> Iterator[SimpleNamespace]:
    """A code server, a plan, and the first commit of its first week held up."""
    company = stage.company
    monkeypatch.setenv("SITECAST_HOME", str(company.home))
    monkeypatch.setenv("DAGSTER_HOME", stage.instance.root_directory)
    opened = company.open()
    plan = configure_plan(opened, opened.plan_settings(), company.resource.now())
    stage.instance.add_dynamic_partitions("menu_week", list(plan.menu_weeks))
    held = company.home / "weeks" / plan.plan_id / plan.menu_weeks[0] / "extracted_data" / ".lock"
    with create_test_daemon_workspace_context(
        ModuleTarget(MODULE, None, None, None), stage.instance
    ) as ui:
        yield SimpleNamespace(ui=ui, held=held, week=plan.menu_weeks[0])


def launched(stage, server) -> str:
    job = stage.definitions.resolve_job_def("forecast_week")
    run_id = create_run(stage.instance, job, {"dagster/partition": server.week})
    stage.instance.launch_run(run_id, server.ui.create_request_context())
    return run_id


def wait(condition) -> None:
    until = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.1)


def status(stage, run_id):
    return stage.instance.get_run_by_id(run_id).status


def worker(stage, run_id) -> int:
    """The process id that the run's log names."""
    logged = [entry.dagster_event for entry in stage.instance.all_logs(run_id)]
    messages = [event.message or "" for event in logged if event]
    (told,) = [m for m in messages if m.startswith("Started process for run (pid: ")]
    return int(told.split("pid: ")[1].split(")")[0])


def command(process: int) -> bytes:
    return Path(f"/proc/{process}/cmdline").read_bytes()


def at_work(stage, run_id) -> bool:
    events = [entry.dagster_event for entry in stage.instance.all_logs(run_id)]
    return any(event and event.is_step_start for event in events)


def holds_its_lock(stage, run_id) -> bool:
    run = stage.instance.get_run_by_id(run_id)
    (lock,) = (Path(stage.instance.root_directory) / "run-locks").iterdir()
    return lock.name == run_id and lives(stage.instance, run)


def launched_and_at_work(stage, server) -> str:
    run_id = launched(stage, server)
    wait(lambda: at_work(stage, run_id))
    return run_id


def ended(stage, run_id) -> None:
    assert stage.instance.run_launcher.terminate(run_id)
    wait(lambda: status(stage, run_id) == dg.DagsterRunStatus.CANCELED)


def is_forked(stage, run_id) -> bool:
    return b"multiprocessing.forkserver" in command(worker(stage, run_id))


def test_a_run_is_forked_holds_its_lock_and_can_be_terminated_or_killed(stage, server):
    with locked(server.held):
        first = launched_and_at_work(stage, server)
        while not is_forked(stage, first):  # a busy machine may not be ready to fork yet
            ended(stage, first)
            first = launched_and_at_work(stage, server)
        assert holds_its_lock(stage, first)
        ended(stage, first)
        second = launched_and_at_work(stage, server)
        assert worker(stage, second) != worker(stage, first)
        os.kill(worker(stage, second), signal.SIGKILL)
        wait(lambda: status(stage, second) == dg.DagsterRunStatus.FAILURE)
    third = launched(stage, server)
    wait(lambda: status(stage, third) in ENDED)
    assert status(stage, third) == dg.DagsterRunStatus.SUCCESS


@pytest.fixture
def preloading(tmp_path, monkeypatch) -> Iterator[Path]:
    """A fork server of its own, which imports until the file that is yielded is there."""
    fork_server = ForkServer()
    monkeypatch.setattr(forkserver, "_forkserver", fork_server)
    for name in ("ensure_running", "connect_to_new_process", "set_forkserver_preload"):
        monkeypatch.setattr(forkserver, name, getattr(fork_server, name))
    (tmp_path / "slow_to_import.py").write_text(
        "import pathlib, time\n"
        f"while not pathlib.Path({str(tmp_path / 'go')!r}).exists(): time.sleep(0.01)\n"
    )
    monkeypatch.setattr(warm_runs, "PRELOADED", "slow_to_import")
    monkeypatch.setattr(warm_runs, "PACKAGES", [tmp_path])
    monkeypatch.syspath_prepend(tmp_path)
    yield tmp_path / "go"
    (tmp_path / "go").touch()
    fork_server._stop()


def test_a_run_is_spawned_while_the_fork_server_imports_and_forked_then(preloading):
    process = forking_while_unchanged(multiprocessing.get_context("spawn").Process, 0.0)
    assert type(process(target=print)).__name__ == "SpawnProcess"
    preloading.touch()
    wait(lambda: type(process(target=print)).__name__ == "ForkServerProcess")
    forked = process(target=print)
    forked.start()
    forked.join()
    assert forked.exitcode == 0


def test_a_run_begins_anew_once_the_code_has_changed(preloading, tmp_path):
    preloading.touch()
    (tmp_path / "model.py").write_text("old")
    spawned = []
    process = forking_while_unchanged(lambda *arguments, **_: spawned.append(arguments), 60.0)
    assert type(process(target=print)).__name__ == "ForkServerProcess"
    (tmp_path / "model.py").write_text("new one")
    assert process("a", target=print) is None
    assert spawned == [("a",)]


def test_the_code_that_is_watched_is_all_of_it():
    names = {path.name for path in code_state()}
    assert {"pipeline.py", "simulate_orders.py", "definitions.py", "preload.py"} <= names
