"""Break a process, or all processes of a run, at a chosen file operation or SQL statement.

Forked children share one count, so that a point of a run in several processes has a number.
"""

import mmap
import os
import signal
import sqlite3
import struct
from collections.abc import Callable
from pathlib import Path

from killing import _Counter

from sitecast.errors import SitecastError

Action = Callable[[], object]


class _Shared(_Counter):
    """Counts over this process and all it forks; breaks at one number."""

    def __init__(self, folder: Path, at: int | None, strike: Callable[[], None]) -> None:
        self._number, self._at, self._strike = mmap.mmap(-1, 8), at, strike
        super().__init__(folder, None)

    @property
    def total(self) -> int:
        return int(struct.unpack("q", self._number[:8])[0])

    def _step(self) -> None:
        # Two processes may take the same number: the point is then one of two, and still a point.
        number = self.total
        self._number[:8] = struct.pack("q", number + 1)
        if number == self._at:
            self._strike()


class _Failing(_Shared):
    """Fails file operations; what happens inside the database is its own affair."""

    def _on_sql(self, *_: object) -> None:
        return


def broken(
    folder: Path, action: Action, at: int | None, everything: bool = True
) -> tuple[int, int]:
    """Run in a group of its own, SIGKILLed at its operation number `at` (None: never).

    Args:
        folder: operations below it count.
        action: what is run.
        at: which operation.
        everything: kill all processes of the group, else the one that came to it.
    Returns:
        The exit status of os.waitstatus_to_exitcode, and how many operations were counted.
    """

    def strike() -> None:
        if everything:
            os.killpg(group, signal.SIGKILL)
        os.kill(os.getpid(), signal.SIGKILL)

    told, tell = os.pipe()
    child = os.fork()
    if child == 0:
        os.setpgrp()
        group = os.getpid()
        counter = _Shared(folder, at, strike)
        code = 0 if _ends_well(action) else 1
        os.write(tell, str(counter.total).encode())
        os._exit(code)
    os.close(tell)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    with os.fdopen(told) as pipe:  # its end: every process of the group has ended
        return status, int(pipe.read() or 0)


def failing(folder: Path, action: Action, at: int | None, error: int) -> tuple[str, int]:
    """Run in a fork whose file operation number `at` fails with an errno.

    Returns:
        "" where the action ended well, else the name of what it raised; and the count.
    """

    def strike() -> None:
        raise OSError(error, os.strerror(error))

    told, tell = os.pipe()
    child = os.fork()
    if child == 0:
        counter = _Failing(folder, at, strike)
        problem = ""
        try:
            action()
        except SitecastError as raised:
            problem = type(raised).__name__
        except BaseException as raised:
            problem = f"not ours: {raised!r}"
        os.write(tell, f"{counter.total} {problem}".encode())
        os._exit(0)
    os.close(tell)
    with os.fdopen(told) as pipe:
        count, _, problem = pipe.read().partition(" ")
    os.waitpid(child, 0)
    return problem, int(count)


def at_once(*actions: Callable[[], object]) -> list[int]:
    """Run each in a fork, all of them from the same moment; exit codes."""
    gate, open_gate = os.pipe()
    children = []
    for action in actions:
        child = os.fork()
        if child == 0:
            os.close(open_gate)
            os.read(gate, 1)  # its end comes for all of them together
            code = 1
            try:
                code = 0 if action() is not False else 2
            finally:
                os._exit(code)
        children.append(child)
    os.close(open_gate)
    os.close(gate)
    return [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]


def files_below(folder: Path) -> dict[str, bytes]:
    """Every file by its path, with its bytes; what begins with a dot is nobody's business."""
    paths = [path for path in folder.rglob("*") if path.is_file() and not path.is_symlink()]
    inside = {path.relative_to(folder): path for path in paths}
    shown = {n: p for n, p in inside.items() if not any(x.startswith(".") for x in n.parts)}
    return {str(name): path.read_bytes() for name, path in sorted(shown.items())}


def rows_of(database: Path, *tables: str) -> dict[str, list[tuple[object, ...]]]:
    """All rows of some tables, in an order of their own."""
    with sqlite3.connect(database) as connection:
        return {t: sorted(connection.execute(f"SELECT * FROM {t}"), key=repr) for t in tables}


def _ends_well(action: Action) -> bool:
    try:
        return action() is not False
    except BaseException:
        return False
