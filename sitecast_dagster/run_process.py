"""Whether the process of a run still lives: it holds a lock that the system drops when it dies.

What belongs here: taking the lock, looking at it, and dying with one's parent. What does not: what
follows when a process is gone (run_launcher.py, ui.py).

A lock tells what neither a process id (used again) nor a server that answers (it may not be the
one that started the run) can tell, and it outlives nothing: not kill -9, not a power cut.
"""

import ctypes
import fcntl
import json
import multiprocessing
import os
import signal
import socket
import threading
from contextlib import suppress
from multiprocessing.process import BaseProcess
from pathlib import Path
from uuid import UUID

import dagster as dg

from sitecast.store.files import make_folder
from sitecast_dagster.shared_lock import SharedLock, database_of

_PR_SET_PDEATHSIG = 1
_ANSWER_SECONDS = 2.0
_STATEMENT_MS, _RECYCLE_SECONDS = 60_000, 3_600
CODE_SERVER_TAG = ".dagster/grpc_info"
"""Dagster's own tag: where the code server listens that was asked to start the run."""

_held: dict[str, tuple[int, SharedLock | None]] = {}


def hold_lock(instance: dg.DagsterInstance, run_id: str) -> None:
    """Show that this process works on a run, until drop_lock() or its end, whatever ends it."""
    if run_id in _held:  # resources that hold others are set up more than once
        return
    path = _lock(instance, run_id)
    make_folder(path.parent)
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    fcntl.flock(handle, fcntl.LOCK_EX)
    database = database_of(instance)
    _held[run_id] = handle, None if database is None else SharedLock(database, run_id)
    if database is not None:  # a connection for each of a week's 60 events costs the server most
        instance.optimize_for_webserver(_STATEMENT_MS, _RECYCLE_SECONDS, max_overflow=4)
    if multiprocessing.parent_process() is not None:
        die_with_parent()


def drop_lock(instance: dg.DagsterInstance, run_id: str) -> None:
    """The run has ended in this process: nothing is left of its lock."""
    held = _held.pop(run_id, None)
    if held is not None:
        handle, shared = held
        forget(instance, run_id)
        os.close(handle)
        if shared is not None:
            shared.drop()


def forget(instance: dg.DagsterInstance, run_id: str) -> None:
    """Remove what a run left that is over."""
    _lock(instance, run_id).unlink(missing_ok=True)


def lives(instance: dg.DagsterInstance, run: dg.DagsterRun) -> bool:
    """Whether anybody still works on a run that has not ended.

    Before the run's process has a lock, and after it dropped it, its code server answers for it.
    """
    try:
        handle = os.open(_lock(instance, run.run_id), os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        return _code_server_answers(run)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(handle)
    return False


def die_with_parent() -> None:
    """End this process when its parent dies, whatever it is doing (at once on Linux).

    The system knows who forked it; with a fork server, that is not who asked for it.
    """
    prctl = getattr(ctypes.CDLL(None), "prctl", None)
    if prctl is not None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    parent = multiprocessing.parent_process()
    if parent is not None and os.getppid() != parent.pid:
        threading.Thread(target=_die_after, args=(parent,), daemon=True).start()


def _die_after(parent: BaseProcess) -> None:
    parent.join()
    os.kill(os.getpid(), signal.SIGKILL)


def _lock(instance: dg.DagsterInstance, run_id: str) -> Path:
    return Path(instance.root_directory) / "run-locks" / str(UUID(run_id))


def _code_server_answers(run: dg.DagsterRun) -> bool:
    place = json.loads(run.tags.get(CODE_SERVER_TAG, "{}"))
    with suppress(OSError):
        if place.get("socket"):
            with socket.socket(socket.AF_UNIX) as plug:
                plug.settimeout(_ANSWER_SECONDS)
                plug.connect(place["socket"])
            return True
        if place.get("port"):
            address = (place["host"], place["port"])
            socket.create_connection(address, _ANSWER_SECONDS).close()
            return True
    return False
