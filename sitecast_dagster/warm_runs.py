"""Runs of a code server begin as forks of a process that has everything imported.

What belongs here: how a code server starts the process of a run. What does not: launching,
watching and ending runs, which stay Dagster's; what is imported (preload.py).

Dagster starts every run as a new interpreter, which imports for seconds what is forecast in one.
Its code server takes processes from multiprocessing's `spawn` context; here they come from the fork
server instead: a process without threads that this code is imported into once. Where the code has
changed since, a run begins as Dagster would begin it, so that it runs the code that is there; and
so does one that would wait too long for the fork server: Dagster gives a launch 60 seconds, which a
busy machine may need to import all, and any machine to compile kernels.
"""

import multiprocessing
import threading
from collections.abc import Callable
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import sitecast
from sitecast_dagster.code_server import is_code_server
from sitecast_dagster.kept_connections import keep_connections

PRELOADED = "sitecast_dagster.preloaded"
PACKAGES = [Path(sitecast.__file__).parent, Path(__file__).parent]
PATIENCE_SECONDS = 15.0
"""How long a launch waits for the fork server; what is left of a minute is for a plain start."""
Start = Callable[..., BaseProcess]


def fork_runs_of_this_code_server() -> None:
    """From now on, runs that this process starts are forked; elsewhere than in a code server: no.

    Without a fork server (Windows), runs begin as Dagster begins them.
    """
    if not is_code_server():
        return
    keep_connections()
    if "forkserver" in multiprocessing.get_all_start_methods():
        spawning: Any = multiprocessing.get_context("spawn")
        spawning.Process = forking_while_unchanged(spawning.Process)


def forking_while_unchanged(spawn: Start, patience: float = PATIENCE_SECONDS) -> Start:
    """Makes a process that is forked, or spawned once the code differs from what it was now.

    Args:
        spawn: makes a process as Dagster would.
        patience: seconds to wait for the fork server, which begins with the first process; one
            that cannot wait is spawned.
    """
    forking = multiprocessing.get_context("forkserver")
    forking.set_forkserver_preload([PRELOADED])
    loaded, ready = code_state(), threading.Event()
    beginning = threading.Thread(target=_begin, args=(forking.Process, ready), daemon=True)
    first = threading.Lock()

    def process(*arguments: Any, **named: Any) -> BaseProcess:
        if code_state() != loaded:
            return spawn(*arguments, **named)
        with first:
            if beginning.ident is None:
                beginning.start()
        fork = forking.Process if ready.wait(patience) else spawn
        return fork(*arguments, **named)

    return process


def _begin(fork: Start, ready: threading.Event) -> None:
    """Start the fork server; the first fork starts when everything is imported."""
    nothing = fork()
    nothing.start()
    ready.set()
    nothing.join()


def code_state() -> dict[Path, tuple[int, int]]:
    """When each file of code was written, and its size."""
    files = [path for package in PACKAGES for path in package.rglob("*.py")]
    stats = {path: path.stat() for path in files}
    return {path: (stat.st_mtime_ns, stat.st_size) for path, stat in stats.items()}
