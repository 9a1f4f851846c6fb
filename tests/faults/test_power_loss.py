"""Power lost at the two moments that count: what a reader needs has reached the disk by then.

SIGKILL leaves the page cache, so nothing can be cut off here; what is asserted is the order that
the file system asks for: contents before names, the version before the pointer, the pointer's name
before success is told.
"""

import errno
import itertools
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from worlds import WEEK, small_plan, small_provenance

from sitecast.errors import OutOfMemory, SitecastError, StoreError, memory_told
from sitecast.records.week_record import SimulatedOrders
from sitecast.store import Ledger, WeekStore

PLAN = small_plan()
NOBODY_READS = ("tmp", ".lock")


class Disk:
    """Files below a folder whose contents, or whose names, were not fsynced since they changed."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._fsync, self._watches = folder, os.fsync, True
        self.contents: set[Path] = set()
        self.names: set[Path] = set()
        self.when_pointed: list[set[Path]] = []
        """What a loss of power would have taken just before each change of a pointer."""

    @property
    def would_lose(self) -> set[Path]:
        """What a loss of power now would take from readers; names that begin with a dot wait."""
        named = {path for path in self.names if not path.name.startswith(".")}
        inside = {path: path.relative_to(self._folder).parts for path in self.contents | named}
        return {path for path, parts in inside.items() if not set(parts) & set(NOBODY_READS)}

    def on_event(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self._watches or not str(arguments[:1]).count(str(self._folder)):
            return
        path = Path(os.fsdecode(arguments[0]))
        if event == "open" and arguments[2] & (os.O_WRONLY | os.O_RDWR):
            self.contents.add(path)
            self.names |= set() if path.exists() else {path}
        elif event == "os.mkdir":
            self.names.add(path)
        elif event == "os.rename":
            self._renamed(path, Path(os.fsdecode(arguments[1])))
        elif event == "os.remove":
            self.contents.discard(path)
            self.names.discard(path)

    def _renamed(self, old: Path, new: Path) -> None:
        if new.name == "HEAD":
            self.when_pointed.append(self.would_lose)
        for paths in (self.contents, self.names):
            moved = {path for path in paths if path.is_relative_to(old)}
            paths -= moved
            paths |= {new / path.relative_to(old) for path in moved}
        self.names.add(new)

    def fsync(self, handle: int) -> None:
        self._fsync(handle)
        path = Path(os.readlink(f"/proc/self/fd/{handle}"))
        self.contents.discard(path)
        self.names -= {name for name in self.names if name.parent == path}

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Note what happens until the block ends."""
        sys.addaudithook(self.on_event)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(os, "fsync", self.fsync)
            yield
        self._watches = False


@pytest.fixture
def store(tmp_path: Path) -> WeekStore:
    ledger = Ledger(f"sqlite:///{tmp_path / 'ledger.db'}")
    ledger.create()
    (tmp_path / "weeks").mkdir()
    return WeekStore(tmp_path / "weeks", ledger)


def record(number: int) -> SimulatedOrders:
    table = pd.DataFrame({"value": [number]})
    return SimulatedOrders(small_provenance(PLAN), {"a": table, "b": table})


def put(store: WeekStore, made: SimulatedOrders) -> str:
    return store.commit(made, store.begin(PLAN.plan_id, WEEK, made.asset))


@pytest.mark.matrix("power lost while a version becomes current")
def test_a_version_is_durable_before_it_is_pointed_to_and_the_pointer_before_success(
    store: WeekStore,
) -> None:
    for number in range(2):
        disk = Disk(store.root)
        with disk.watched():
            put(store, record(number))
        assert disk.when_pointed == [set()]
        assert disk.would_lose == set()


@pytest.mark.parametrize(
    ("error", "told"),
    [(errno.EIO, StoreError), (errno.ENOSPC, StoreError), (errno.ENOMEM, OutOfMemory)],
    ids=["broken", "full", "no memory"],
)
@pytest.mark.matrix("any fsync of a commit fails")
def test_an_fsync_that_fails_is_never_called_a_success(
    store: WeekStore, monkeypatch: pytest.MonkeyPatch, error: int, told: type[SitecastError]
) -> None:
    put(store, record(0))
    fsync, calls = os.fsync, 0

    def counted(handle: int) -> None:
        nonlocal calls
        calls += 1
        if calls == failing:
            raise OSError(error, os.strerror(error))
        fsync(handle)

    monkeypatch.setattr(os, "fsync", counted)
    for failing in itertools.count(1):
        calls = 0
        try:
            with memory_told():
                put(store, record(failing))
        except SitecastError as raised:
            seen: type[SitecastError] | None = type(raised)
        else:
            seen = None
        if calls < failing:
            break
        assert seen is told
    monkeypatch.undo()
    assert failing >= 5
    assert put(store, record(0)) == store.read(SimulatedOrders, PLAN.plan_id, WEEK).version
