"""Runs functions in forked children, so many at once, and passes their messages on.

What belongs here: processes and pipes. What does not: what the children do (local_runner.py).
A forked child starts with every module imported: half a second a week instead of half a minute.
The parent must have no threads of its own.
"""

import multiprocessing
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkProcess
from pathlib import Path

from sitecast_dagster.run_process import die_with_parent

Say = Callable[[str], None]
Work = Callable[[Say], str]
"""Does the work of one child; says how far it is; returns its result; raises when it fails."""

_FORK = multiprocessing.get_context("fork")


@dataclass(frozen=True)
class Outcome:
    """How a child ended: its result, or what went wrong."""

    succeeded: bool
    text: str


@dataclass
class _Pool:
    log: Path
    progress: Callable[[str, str], None]
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    running: dict[Connection, tuple[str, ForkProcess]] = field(default_factory=dict)

    def start(self, subject: str, work: Work) -> None:
        receiver, sender = _FORK.Pipe(duplex=False)
        child = _FORK.Process(target=_child, args=(work, sender, self.log), name=subject)
        child.start()
        sender.close()  # so that the end of the child is the end of the pipe
        self.running[receiver] = (subject, child)

    def listen(self) -> None:
        for receiver in [ready for ready in wait(list(self.running)) if ready in self.running]:
            self._hear(receiver)

    def _hear(self, receiver: Connection) -> None:
        subject, child = self.running[receiver]
        try:
            kind, text = receiver.recv()
        except EOFError:
            child.join()
            del self.running[receiver]
            died = f"its process died (exit code {child.exitcode}); see {self.log}"
            self.outcomes.setdefault(subject, Outcome(False, died))
            receiver.close()
            return
        if kind == "says":
            self.progress(subject, text)
        else:
            self.outcomes[subject] = Outcome(kind == "done", text)

    def stop(self) -> None:
        """Kill what still runs: whatever it was writing is not there yet, or there whole."""
        for _, child in self.running.values():
            child.kill()
        for _, child in self.running.values():
            child.join()


def run_forked(
    tasks: Mapping[str, Work], at_once: int, log: Path, progress: Callable[[str, str], None]
) -> dict[str, Outcome]:
    """Run every task in a child of its own, in order, at most `at_once` side by side.

    Args:
        tasks: work by subject.
        at_once: how many children run side by side.
        log: file that takes what the children print.
        progress: called in this process with a subject and what its child says.
    """
    waiting: Sequence[tuple[str, Work]] = list(tasks.items())
    pool = _Pool(log, progress)
    try:
        while waiting or pool.running:
            while waiting and len(pool.running) < at_once:
                (subject, work), *waiting = waiting
                pool.start(subject, work)
            pool.listen()
    finally:
        pool.stop()
    return pool.outcomes


def _child(work: Work, sender: Connection, log: Path) -> None:
    os.setpgrp()  # Ctrl-C on the terminal reaches the parent only, which decides
    die_with_parent()
    handle = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.dup2(handle, 1)
    os.dup2(handle, 2)
    try:
        result = work(lambda text: sender.send(("says", text)))
    except Exception as error:
        sender.send(("failed", str(error)))
    else:
        sender.send(("done", result))
