"""Kill a forked copy of this process at its k-th durable operation: the tool of the fault tests.

Operations are everything below one folder that opens for writing, renames, removes, makes or fsyncs
a file, and every SQL statement and commit. The kill comes just before the operation; where a file
is overwritten, also between its loss and the first byte of the new one.
"""

import faulthandler
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import sqlalchemy as sa

STANDS_STILL_SECONDS = 120
FILE_EVENTS = {"os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.symlink", "os.truncate"}


def count_operations(folder: Path, action: Callable[[], object]) -> int:
    """How many operations an undisturbed run takes; it runs in a fork and leaves its results."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        counter = _Counter(folder, kill_at=None)
        _run(action)
        os.write(write, str(counter.count).encode())
        os._exit(0)
    os.close(write)
    with os.fdopen(read) as pipe:
        count = int(pipe.read())
    os.waitpid(child, 0)
    return count


def kill_at(folder: Path, action: Callable[[], object], k: int) -> bool:
    """Run in a fork that dies at its k-th operation (from 0); whether it was killed."""
    child = os.fork()
    if child == 0:
        _Counter(folder, kill_at=k)
        _run(action)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status)


def _run(action: Callable[[], object]) -> None:
    """Do it; a fork of a process with threads may stand still, and says then where."""
    faulthandler.dump_traceback_later(STANDS_STILL_SECONDS, exit=True, file=sys.__stderr__)
    try:
        action()
    except BaseException as error:  # a child must never return into the test runner
        sys.stderr.write(f"{error!r}\n")
        os._exit(1)


class _Counter:
    """Counts operations in this process from now on, and may end it."""

    def __init__(self, folder: Path, kill_at: int | None) -> None:
        self.count, self._kill_at, self._folder = 0, kill_at, str(folder)
        self._fsync = os.fsync
        os.fsync = self._counted_fsync  # type: ignore[assignment]
        sys.addaudithook(self._on_event)
        for name in ("before_cursor_execute", "commit"):
            sa.event.listen(sa.Engine, name, self._on_sql)

    def _step(self) -> None:
        if self.count == self._kill_at:
            os.kill(os.getpid(), signal.SIGKILL)
        self.count += 1

    def _on_event(self, event: str, arguments: tuple[Any, ...]) -> None:
        writes = event == "open" and bool(arguments[2] & (os.O_WRONLY | os.O_RDWR))
        if (writes or event in FILE_EVENTS) and self._folder in str(arguments[0]):
            self._step()
            if writes and arguments[2] & os.O_TRUNC and Path(arguments[0]).exists():
                os.truncate(arguments[0], 0)  # as the open is about to do: a point of its own
                self._step()

    def _on_sql(self, *_: object) -> None:
        self._step()

    def _counted_fsync(self, handle: int) -> None:
        self._step()
        self._fsync(handle)
