"""A code server whose word that it began a run comes too late: the run is begun once all the same.

Dagster waits for a minute, puts the run back into its queue and launches it again, while the first
process begins. Of the two, one finds that it is not wanted and ends; the code server takes that for
a crash of the run, which is then tried again although it works on: the week is done twice.
"""

import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import dagster as dg
import grpc
import pytest
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load_target import PythonFileTarget
from dagster._daemon.run_coordinator import QueuedRunCoordinatorDaemon
from dagster._grpc.client import DagsterGrpcClient
from faults.test_code_server import NAME, recorded

from sitecast.deployment import Deployment
from sitecast_dagster.instance import init_instance

CODE = """
import os, time
from pathlib import Path
import dagster as dg

FOLDER = Path(__file__).parent

@dg.op
def work():
    with (FOLDER / "begun").open("a") as begun:
        begun.write(f"{os.getpid()}\\n")
    while not (FOLDER / "end").exists():
        time.sleep(0.1)

@dg.job(executor_def=dg.in_process_executor)
def small():
    work()

defs = dg.Definitions(jobs=[small])
"""
PATIENCE_SECONDS = 300


class _Late(grpc.RpcError):
    def code(self) -> grpc.StatusCode:
        return grpc.StatusCode.DEADLINE_EXCEEDED


@pytest.fixture
def late(monkeypatch: pytest.MonkeyPatch) -> None:
    """The code server begins runs, and nobody waits until it says so."""
    respond = DagsterGrpcClient._get_response

    def unheard(self: Any, *arguments: Any, **named: Any) -> Any:
        if arguments[0] != "StartRun":
            return respond(self, *arguments, **named)
        threading.Thread(target=respond, args=(self, *arguments), kwargs=named).start()
        raise _Late

    monkeypatch.setattr(DagsterGrpcClient, "_get_response", unheard)


@pytest.mark.matrix("code server slow to say that it began a run")
def test_a_run_whose_launch_took_too_long_is_not_launched_again(tmp_path: Path, late: None) -> None:
    (tmp_path / "code.py").write_text(CODE)
    home = init_instance(Deployment(home=tmp_path / "home"))
    target = PythonFileTarget(str(tmp_path / "code.py"), None, str(tmp_path), NAME)
    begun = tmp_path / "begun"
    with (
        dg.DagsterInstance.from_config(str(home)) as instance,
        WorkspaceProcessContext(instance, target) as context,
        QueuedRunCoordinatorDaemon(interval_seconds=1) as daemon,
    ):
        run = recorded(context, {})
        instance.report_dagster_event(dg.DagsterEvent.job_enqueue(run), run.run_id)

        def launched_until(condition: Callable[[], object]) -> None:
            """Launch what is queued, again and again."""
            until = time.monotonic() + PATIENCE_SECONDS
            while not condition():
                assert time.monotonic() < until
                list(daemon.run_iteration(context))
                time.sleep(0.2)

        launched_until(begun.exists)
        (tmp_path / "end").touch()
        launched_until(lambda: instance.get_run_record_by_id(run.run_id).end_time)  # type: ignore[union-attr]
        (end,) = instance.get_runs()  # none that tries it again
        events = Counter(entry.dagster_event_type for entry in instance.all_logs(run.run_id))
    assert end.status == dg.DagsterRunStatus.SUCCESS
    assert events[dg.DagsterEventType.RUN_ENQUEUED] == 1
    assert events[dg.DagsterEventType.RUN_STARTING] == 1
    assert len(begun.read_text().split()) == 1
