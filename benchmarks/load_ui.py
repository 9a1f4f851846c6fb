"""`make ui` in the background, and the CPU seconds of all its processes."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

PATIENCE_SECONDS = 300
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Ui:
    """A running UI with its daemon and code servers."""

    address: str
    group: int
    ready_after: float

    def cpu(self) -> float:
        """CPU seconds that its processes have used so far, those that ended included."""
        return sum(_cpu_of(process, self.group) for process in Path("/proc").glob("[0-9]*"))


@contextmanager
def running_ui(home: Path) -> Iterator[Ui]:
    """Start it, wait until it answers; stop it at the end."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    start = time.monotonic()
    with (home / "ui.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "sitecast_dagster.ui", "--port", str(port)],
            env={**os.environ, "SITECAST_HOME": str(home)},
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


def _cpu_of(process: Path, session: int) -> float:
    try:
        fields = (process / "stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return 0.0
    # Fields from 3 on: session is 6, and 14 to 17 are times, those of ended children included.
    return sum(map(int, fields[11:15])) / TICKS if int(fields[3]) == session else 0.0


def _answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(f"{address}/server_info", timeout=5):
            return True
    except OSError:
        return False
