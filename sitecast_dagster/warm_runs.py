"""Runs of a code server begin as forks of a process that has everything imported.

What belongs here: how a code server starts the process of a run. What does not: launching,
watching and ending runs, which stay Dagster's; what is imported (preload.py).

Dagster starts every run as a new interpreter, which imports for seconds what is forecast in one.
Its code server takes processes from multiprocessing's `spawn` context; here they come from the fork
server instead: a process without threads that this code is imported into once. Where the code has
changed since, a run begins as Dagster would begin it, so that it runs the code that is there.
"""

import multiprocessing
import sys
from collections.abc import Callable
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import sitecast
from sitecast_dagster.kept_connections import keep_connections

PRELOADED = "sitecast_dagster.preloaded"
CODE_SERVER = ["api", "grpc"]
PACKAGES = [Path(sitecast.__file__).parent, Path(__file__).parent]
Start = Callable[..., BaseProcess]


def fork_runs_of_this_code_server() -> None:
    """From now on, runs that this process starts are forked; elsewhere than in a code server: no.

    Without a fork server (Windows), runs begin as Dagster begins them.
    """
    if sys.argv[1:3] != CODE_SERVER:
        return
    keep_connections()
    if "forkserver" in multiprocessing.get_all_start_methods():
        spawning: Any = multiprocessing.get_context("spawn")
        spawning.Process = forking_while_unchanged(spawning.Process)


def forking_while_unchanged(spawn: Start) -> Start:
    """Makes a process that is forked, or spawned once the code differs from what it was now."""
    forking = multiprocessing.get_context("forkserver")
    forking.set_forkserver_preload([PRELOADED])
    loaded = code_state()

    def process(*arguments: Any, **named: Any) -> BaseProcess:
        fork = forking.Process if code_state() == loaded else spawn
        return fork(*arguments, **named)

    return process


def code_state() -> dict[Path, tuple[int, int]]:
    """When each file of code was written, and its size."""
    files = [path for package in PACKAGES for path in package.rglob("*.py")]
    stats = {path: path.stat() for path in files}
    return {path: (stat.st_mtime_ns, stat.st_size) for path, stat in stats.items()}
