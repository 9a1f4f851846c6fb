"""Dagster's PostgreSQL is away while the process of a run is killed; all of them are real."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from dagster._core.workspace.context import WorkspaceProcessContext
from faults.test_code_server import NAME, recorded, status, workspace
from servers import Postgres

CODE = """
import os, time
from pathlib import Path
import dagster as dg
from sitecast_dagster.code_server import look_after_runs_through_outages

look_after_runs_through_outages()

@dg.op
def work():
    begun = Path(__file__).with_name("begun")
    begun.with_suffix(".new").write_text(str(os.getpid()))
    begun.with_suffix(".new").rename(begun)
    time.sleep(600)

@dg.job(executor_def=dg.in_process_executor)
def small():
    work()

defs = dg.Definitions(jobs=[small])
"""
PATIENCE_SECONDS = 120
GIVEN_UP_SECONDS = 27
"""Longer than Dagster tries to connect: 0.2 + 0.6 + 1.4 + 3 + 6.2 s, times 2 at most."""


def wait_for(what: str, condition: Callable[[], bool]) -> None:
    until = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < until, f"not seen: {what}"
        time.sleep(0.1)


@pytest.fixture
def context(
    tmp_path: Path, postgres: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[WorkspaceProcessContext]:
    monkeypatch.setenv("SITECAST_DAGSTER_URL", postgres)
    with workspace(tmp_path, CODE) as context:
        yield context


def code_server(context: WorkspaceProcessContext) -> Any:
    """Its process."""
    (entry,) = context._grpc_server_registry._active_entries.values()
    return entry.process.server_process  # type: ignore[union-attr]


@pytest.mark.slow
@pytest.mark.matrix("Dagster's database away while the process of a run is killed")
@pytest.mark.parametrize("wanted", [True, False])
def test_a_code_server_looks_after_its_runs_through_an_outage(
    wanted: bool, context: WorkspaceProcessContext, tmp_path: Path, postgres_server: Postgres
) -> None:
    server, request = code_server(context), context.create_request_context()
    run = recorded(context, {})
    context.instance.launch_run(run.run_id, request)
    wait_for("the run at work", (tmp_path / "begun").exists)
    postgres_server.stop()
    try:
        os.kill(int((tmp_path / "begun").read_text()), signal.SIGKILL)
        time.sleep(GIVEN_UP_SECONDS)
        if not wanted:
            location: Any = request.get_code_location(NAME)
            location.client.shutdown_server()
            wait_for("its end", lambda: server.poll() is not None)
    finally:
        postgres_server.start()
    if wanted:
        wait_for("the loss told", lambda: status(context, run) == dg.DagsterRunStatus.FAILURE)
