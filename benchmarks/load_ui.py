"""`make ui` in the background, and the CPU seconds of all its processes.

Also Dagster's UI of another code location, on the instance's folder that is given.
"""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

PATIENCE_SECONDS = 300
TICKS = os.sysconf("SC_CLK_TCK")
ROLES = {"forkserver": "runs", "watch_orphans": "runs", "webserver\0-": "webserver",
         "daemon\0run": "daemon", "code-server\0": "code server",
         "api\0grpc": "code server"}  # fmt: skip
"""What a process of the UI is for, by a piece of its command."""


@dataclass(frozen=True)
class Ui:
    """A running UI with its daemon and code servers."""

    address: str
    group: int
    ready_after: float

    def cpu(self) -> float:
        """CPU seconds that its processes have used so far, those that ended included."""
        return sum(self.cpu_by_role().values())

    def cpu_by_role(self) -> Counter[str]:
        """The same by what the processes are for."""
        used: Counter[str] = Counter()
        for process in Path("/proc").glob("[0-9]*"):
            if (cpu := _cpu_of(process, self.group)) is not None:
                used[_role(process)] += cpu
        return used


@contextmanager
def running_ui(home: Path, command: Sequence[str] = (), environment: Mapping[str, str] = {}
               ) -> Iterator[Ui]:  # fmt: skip
    """Start it, wait until it answers; stop it at the end.

    Args:
        home: SITECAST_HOME; its log is written there.
        command: another one than `make ui` has; the port is added.
        environment: what to add to the environment.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    start = time.monotonic()
    ours = [sys.executable, "-m", "sitecast_dagster.ui"]
    with (home / "ui.log").open("wb") as log:
        process = subprocess.Popen(
            [*(command or ours), "--port", str(port)],
            env={**os.environ, "SITECAST_HOME": str(home), **environment},
            stdout=log, stderr=log, start_new_session=True,
        )  # fmt: skip
    address = f"http://127.0.0.1:{port}"
    try:
        while not _answers(address):
            if time.monotonic() > start + PATIENCE_SECONDS or process.poll() is not None:
                raise SystemExit(f"the UI did not start: {(home / 'ui.log').read_text()[-2000:]}")
            time.sleep(0.1)
        yield Ui(address, process.pid, time.monotonic() - start)
    finally:
        os.killpg(process.pid, signal.SIGINT)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(30)


def _cpu_of(process: Path, session: int) -> float | None:
    try:
        fields = (process / "stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return None
    # Fields from 3 on: session is 6, and 14 to 17 are times, those of ended children included.
    return sum(map(int, fields[11:15])) / TICKS if int(fields[3]) == session else None


def _role(process: Path) -> str:
    try:
        command = (process / "cmdline").read_text()
    except OSError:
        command = ""
    return next((role for word, role in ROLES.items() if word in command), "others")


def _answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(f"{address}/server_info", timeout=5):
            return True
    except OSError:
        return False
