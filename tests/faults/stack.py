"""Dagster as it runs behind the UI: a daemon, its code server and a process per run.

Kernels are compiled before it starts. Each of its processes would compile all of them for itself,
in minutes of two processors, and what a crash kills begins anew: the test would wait for that.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache, cached_property
from pathlib import Path

import dagster as dg
from orchestration.conftest import Company

from sitecast.rehearsal import rehearse_week
from sitecast_dagster.instance import dagster_home
from sitecast_dagster.stored_runs import MODULE

PATIENCE_SECONDS = 600
STARTED, FAILURE = dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.FAILURE


class Stack:
    """What `make ui` starts, without the web server; killed as a crash of the machine kills it."""

    def __init__(self, company: Company, log: Path) -> None:
        self.company, self._log = company, log
        self._group: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the daemon, which starts the code server."""
        home = str(dagster_home(self.company.deployment))
        folders = {"DAGSTER_HOME": home, "SITECAST_HOME": str(self.company.home.resolve())}
        with self._log.open("ab") as log:
            self._group = subprocess.Popen(
                [sys.executable, "-m", "sitecast_dagster.daemon", "run", "-m", MODULE],
                env={**os.environ, **folders}, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip

    def crash(self) -> None:
        """SIGKILL everything at once."""
        assert self._group is not None
        os.killpg(self._group.pid, signal.SIGKILL)
        self._group.wait()

    def kill_all_but_the_daemon(self) -> None:
        """SIGKILL code server and workers: nobody is left who knows of the runs."""
        assert self._group is not None
        for process in self.processes():
            if process != self._group.pid:
                os.kill(process, signal.SIGKILL)

    def kill_code_server(self) -> None:
        """SIGKILL the code server alone."""
        (server,) = [p for p in self.processes() if b"api\0grpc" in _command(p)]
        os.kill(server, signal.SIGKILL)

    def workers(self) -> list[int]:
        """The processes of runs."""
        forked = [p for p in self.processes() if b"multiprocessing.forkserver" in _command(p)]
        return [p for p in forked if _parent_of(p) in forked]  # the others are fork servers

    def processes(self) -> list[int]:
        """Every process of the group."""
        assert self._group is not None
        return [process for process in _all() if _group_of(process) == self._group.pid]

    @cached_property
    def instance(self) -> dg.DagsterInstance:
        """The instance as the UI sees it; opened once: it takes longer than a look into it."""
        return dg.DagsterInstance.from_config(str(dagster_home(self.company.deployment)))

    def wait(self, what: str, condition: Callable[[], bool]) -> None:
        """Look until a condition holds."""
        until = time.monotonic() + PATIENCE_SECONDS
        while not condition():
            assert time.monotonic() < until, f"not seen: {what}; the end of the log:\n{self.tail()}"
            time.sleep(0.2)

    def tail(self) -> str:
        """What the processes said last."""
        return self._log.read_text(errors="replace")[-4_000:]


@contextmanager
def running(company: Company, log: Path) -> Iterator[Stack]:
    """A started stack; whatever is left of it dies at the end."""
    _compile_kernels()
    stack = Stack(company, log)
    stack.start()
    try:
        yield stack
    finally:
        stack.crash()
        stack.instance.dispose()


@cache
def _compile_kernels() -> None:
    rehearse_week()


def _all() -> list[int]:
    return [int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit()]


def _group_of(process: int) -> int:
    try:
        return os.getpgid(process)
    except ProcessLookupError:
        return 0


def _parent_of(process: int) -> int:
    try:
        return int(Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[1])
    except OSError:
        return 0


def _command(process: int) -> bytes:
    try:
        return Path(f"/proc/{process}/cmdline").read_bytes()
    except OSError:
        return b""
