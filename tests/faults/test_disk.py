"""A disk that is full or broken, at every file operation of a commit and of a publication."""

import errno
import os
import resource
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd
import pytest
from counts import Counted, nightly
from faults.harness import failing
from publish_world import NOW, UI_URL, WEEKS, World
from worlds import WEEK, small_plan, small_provenance

from sitecast.errors import StoreError, memory_told
from sitecast.publish import current_publication, publish_plan
from sitecast.records.week_record import SimulatedOrders
from sitecast.store import Ledger, WeekStore, folder_versions
from sitecast.store.folder_versions import FolderVersions
from sitecast.store.outbox import Outbox
from sitecast.store.week_key import WeekKey

PLAN = small_plan()
ERRORS = (errno.ENOSPC, errno.EIO)
ALLOWED = {"", "StoreError", "StoreUnavailable"}


def open_store(folder: Path) -> WeekStore:
    ledger = Ledger(f"sqlite:///{folder / 'ledger.db'}")
    ledger.create()
    return WeekStore(folder / "weeks", ledger)


def record(number: int, rows: int = 200) -> SimulatedOrders:
    return SimulatedOrders(
        small_provenance(PLAN), {"a": pd.DataFrame({"value": range(number, number + rows)})}
    )


def put(store: WeekStore, made: SimulatedOrders) -> str:
    return store.commit(made, store.begin(PLAN.plan_id, WEEK, made.asset))


def head(store: WeekStore) -> str:
    found = store.read(SimulatedOrders, PLAN.plan_id, WEEK)
    return SimulatedOrders(found.provenance, found.tables).version


def commits_on_a_failing_disk(folder: Path, rounds: int = 1) -> tuple[int, list[str]]:
    """Every file operation of a commit fails in each way; the number, and broken promises."""
    store, wrong, done = open_store(folder), [], 0
    put(store, record(0))
    old = head(store)
    _, operations = failing(store.root, lambda: put(store, record(1)), None, 0)
    old = head(store)
    for number in [*range(operations)] * rounds:
        for error in ERRORS:
            new = record(1000 * (done + 1))
            told, _ = failing(store.root, lambda new=new: put(store, new), number, error)
            done += 1
            seen = _seen(lambda: head(store))
            point = f"operation {number}, {os.strerror(error)}"
            if told not in ALLOWED:
                wrong.append(f"{point}: {told}")
            if seen not in (old, new.version) or (told == "" and seen != new.version):
                wrong.append(f"{point}: said {told or 'done'}, a reader finds {seen}")
            if _seen(lambda new=new: put(store, new)) != new.version:
                wrong.append(f"{point}: cannot recover")
            old = new.version
    left = store.root / PLAN.plan_id / WEEK / "simulated_orders" / "tmp"
    wrong += [f"left behind: {path.name}" for path in left.iterdir()]
    return done, wrong


def _seen(look: Callable[[], str]) -> str:
    try:
        return look()
    except StoreError as error:
        return type(error).__name__


@pytest.mark.matrix("disk full or broken at any file operation of a commit")
def test_a_commit_on_a_failing_disk_says_so_and_tears_nothing(
    fast_path: Path, counted: Counted
) -> None:
    done, wrong = commits_on_a_failing_disk(fast_path, rounds=3)
    counted("failing file operations", done)
    assert wrong == []
    assert done >= 75


@pytest.mark.slow
@pytest.mark.matrix("disk full or broken at any file operation of a commit, many times")
def test_many_commits_on_a_failing_disk_say_so_and_tear_nothing(
    fast_path: Path, counted: Counted
) -> None:
    done, wrong = commits_on_a_failing_disk(fast_path, rounds=nightly(60))
    counted("failing file operations", done)
    assert wrong == []


def _written_in_place(path: Path, data: bytes) -> None:
    with path.open("wb") as file:
        file.write(data[:3])
        os.fsync(file.fileno())
        file.write(data[3:])


def _silent(
    self: FolderVersions, key: WeekKey, version: str, files: dict[str, bytes], token: int
) -> None:
    try:
        COMMIT(self, key, version, files, token)
    except OSError:
        return


COMMIT = FolderVersions._commit


@pytest.mark.parametrize(
    ("name", "bug"),
    [("replace_file", _written_in_place), ("FolderVersions._commit", _silent)],
    ids=["pointer written in place", "errors swallowed"],
)
def test_the_failing_disk_finds_planted_bugs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, bug: object
) -> None:
    monkeypatch.setattr(f"{folder_versions.__name__}.{name}", bug)
    assert commits_on_a_failing_disk(tmp_path)[1] != []


def complete_world(folder: Path) -> World:
    folder.mkdir(exist_ok=True)
    world = World(folder)
    for week in WEEKS:
        world.store_week(week)
    return world


def publish(world: World) -> None:
    publish_plan(world.plan, world.weeks, world.ledger, world.folder, UI_URL, NOW)


def state(world: World) -> tuple[str, int, int]:
    """Current publication, number of publications, number of messages."""
    current = current_publication(world.ledger, world.folder)
    assert current is not None
    assert (current.folder / "manifest.json").is_file()
    count = len(world.ledger.publications())
    return current.publication_id, count, len(Outbox(world.ledger.database).rows("pending"))


@pytest.mark.matrix("disk full or broken while publishing")
def test_a_publication_on_a_failing_disk_is_whole_or_not_there(tmp_path: Path) -> None:
    world = complete_world(tmp_path / "world")
    publish(world)
    world.store_week(WEEKS[0], scale=2.0)
    _, operations = failing(world.folder, lambda: publish(world), None, 0)
    for turn, number in enumerate(range(0, operations, max(operations // 5, 1))):
        old = state(world)
        world.store_week(WEEKS[0], scale=3.0 + turn)
        error = ERRORS[turn % 2]
        told, _ = failing(world.folder, lambda: publish(world), number, error)
        seen = state(world)
        assert told in ALLOWED, (number, told)
        assert seen == old or seen[1:] == (old[1] + 1, old[2] + 2)
        publish(world)
        assert state(world)[1:] == (old[1] + 1, old[2] + 2)


@pytest.mark.matrix("no file may grow: the limit of the system, not a simulated one")
def test_a_disk_that_takes_no_more_leaves_the_last_publication(tmp_path: Path) -> None:
    world = complete_world(tmp_path / "world")
    publish(world)
    old = state(world)
    world.store_week(WEEKS[0], scale=2.0)
    child = os.fork()
    if child == 0:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, 40_000))
        try:
            publish(world)
        except StoreError:
            os._exit(0)
        except BaseException:
            os._exit(1)
        os._exit(2)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert state(world) == old
    publish(world)
    assert state(world)[1:] == (old[1] + 1, old[2] + 2)


def in_child(action: Callable[[], object]) -> str:
    """What an action ends with in a fork: "done", or the name of what it raised."""
    told, tell = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            action()
            os.write(tell, b"done")
        except BaseException as error:
            os.write(tell, type(error).__name__.encode())
        os._exit(0)
    os.close(tell)
    os.waitpid(child, 0)
    with os.fdopen(told) as pipe:
        return pipe.read()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A real file system of three megabytes."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(place)],
                             capture_output=True, text=True)  # fmt: skip
    if mounted.returncode:
        pytest.skip(f"needs the right to mount, which CI has: {mounted.stderr.strip()}")
    yield place
    subprocess.run(["umount", str(place)], check=True)


@pytest.mark.matrix("disk full: a real file system of three megabytes")
def test_a_full_file_system_leaves_the_last_publication(tmp_path: Path, small_disk: Path) -> None:
    world = complete_world(tmp_path / "world")
    world.folder = small_disk / "publications"
    publish(world)
    old = state(world)
    left = os.statvfs(small_disk)
    (small_disk / "others").write_bytes(b"x" * (left.f_bavail * left.f_bsize - 40_000))
    world.store_week(WEEKS[0], scale=2.0)
    with pytest.raises(StoreError, match="cannot write: No space left on device") as caught:
        publish(world)
    assert "free some space" in caught.value.remedy
    assert state(world) == old
    (small_disk / "others").unlink()
    publish(world)
    assert state(world)[1:] == (old[1] + 1, old[2] + 2)


@pytest.mark.matrix("output that is read-only: a real file system")
def test_a_read_only_file_system_leaves_the_last_publication(
    tmp_path: Path, small_disk: Path
) -> None:
    world = complete_world(tmp_path / "world")
    world.folder = small_disk / "publications"
    publish(world)
    old = state(world)
    world.store_week(WEEKS[0], scale=2.0)
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    with pytest.raises(StoreError, match="cannot write: Read-only file system"):
        publish(world)
    assert state(world) == old
    subprocess.run(["mount", "-o", "remount,rw", str(small_disk)], check=True)
    publish(world)
    assert state(world)[1:] == (old[1] + 1, old[2] + 2)


@pytest.mark.parametrize("small_room", [0, 100_000], ids=["tight", "small-room-left"])
@pytest.mark.parametrize("spare_megabytes", [1, 8, 32])
@pytest.mark.matrix("all memory asked for: the limit of the system")
def test_a_process_without_memory_tears_nothing(
    tmp_path: Path, spare_megabytes: int, small_room: int
) -> None:
    # Where small room is left, it is the mapping of a file that fails, and not an allocation.
    crumbs = [bytes(600 + 7 * n % 3400) for n in range(small_room)]
    kept = crumbs[::7]
    del crumbs
    world = complete_world(tmp_path / "world")
    publish(world)
    old = state(world)
    world.store_week(WEEKS[0], scale=2.0)

    def starved() -> None:
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        limit = pages * resource.getpagesize() + spare_megabytes * 2**20
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
        hoard = []
        with memory_told():
            while True:  # whatever the publisher asks for, it comes too late
                hoard.append(bytearray(2**18))
                if len(hoard) % (2 * spare_megabytes) == 0:
                    publish(world)

    assert in_child(starved) in ("OutOfMemory", "")  # "": the system ended it
    del kept
    assert state(world) in (old, (state(world)[0], old[1] + 1, old[2] + 2))
    publish(world)
    assert state(world)[1:] == (old[1] + 1, old[2] + 2)
