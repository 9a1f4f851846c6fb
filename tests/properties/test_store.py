"""R9: a reader never sees a half-written table; G1–G4 of the store, under real SIGKILLs."""

import itertools
import os
import signal
import time
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from counts import Counted, nightly
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import pandas as pdst
from killing import count_operations, kill_at
from worlds import WEEK, small_plan, small_provenance

from sitecast.errors import Overtaken, StoreError
from sitecast.records.contract import TEXT
from sitecast.records.week_record import SimulatedOrders
from sitecast.store import Ledger, WeekStore, folder_versions
from sitecast.store.folder_versions import FolderVersions
from sitecast.store.parquet import from_parquet, to_parquet
from sitecast.store.week_key import Head, WeekKey

PLAN = small_plan()
ID = PLAN.plan_id
CI_KILLS, NIGHTLY_KILLS = 300, 10_000


def open_store(folder: Path) -> WeekStore:
    ledger = Ledger(f"sqlite:///{folder / 'ledger.db'}")
    ledger.create()
    return WeekStore(folder / "weeks", ledger)


def record(number: int, rows: int = 500) -> SimulatedOrders:
    numbers = pd.DataFrame({"value": range(number, number + rows)})
    return SimulatedOrders(small_provenance(PLAN), {"a": numbers, "b": numbers * 2})


def put(store: WeekStore, made: SimulatedOrders) -> str:
    return store.commit(made, store.begin(ID, WEEK, made.asset))


def read_state(store: WeekStore) -> str:
    """The version that a reader gets, recomputed from the values; or what it trips over."""
    try:
        found = store.read(SimulatedOrders, ID, WEEK)
    except StoreError as error:
        return type(error).__name__
    return SimulatedOrders(found.provenance, found.tables).version


def sweep(folder: Path, enough: int) -> tuple[int, list[str]]:
    """Kill a commit at every operation, until there were enough; kills and broken promises."""
    store, spare = open_store(folder), open_store(folder / "count")
    kills, broken = 0, []
    old = put(store, record(0))
    put(spare, record(0))
    points = count_operations(spare.root, lambda: put(spare, record(1)))
    for turn in itertools.count(1):
        if kills >= enough:
            break
        for k in range(points):
            new = record(turn * 1000 + k)
            if not kill_at(store.root, lambda new=new: put(store, new), k):
                broken.append(f"kill {k}: the commit ended by itself")
            kills += 1
            seen = read_state(store)
            if seen not in (old, new.version):
                broken.append(f"kill {k}: a reader finds {seen}")
            try:
                old = put(store, new)
            except StoreError as error:
                broken.append(f"kill {k}: cannot recover: {error}")
            if read_state(store) != new.version:
                broken.append(f"kill {k}: success was reported, but nothing is there")
    left = store.root / ID / WEEK / "simulated_orders" / "tmp"
    broken += [f"left behind: {path.name}" for path in left.iterdir()]
    return kills, broken


@pytest.mark.matrix("commit killed at any operation", page="faults")
def test_r9_a_commit_killed_anywhere_leaves_the_old_version_or_the_new_one(
    fast_path: Path, counted: Counted
) -> None:
    kills, broken = sweep(fast_path, CI_KILLS)
    counted("kills of a commit", kills)
    assert broken == []
    assert kills >= CI_KILLS


@pytest.mark.slow
@pytest.mark.matrix("commit killed at any operation, many times", page="faults")
def test_r9_a_commit_killed_many_times_leaves_the_old_version_or_the_new_one(
    fast_path: Path, counted: Counted
) -> None:
    enough = nightly(NIGHTLY_KILLS)
    kills, broken = sweep(fast_path, enough)
    counted("kills of a commit", kills)
    assert broken == []
    assert kills >= enough


def _in_place(path: Path, data: bytes) -> None:
    path.write_bytes(data[:5])
    os.fsync(os.open(path, os.O_RDONLY))
    path.write_bytes(data)


def _file_by_file(beside: Path, target: Path) -> None:
    target.mkdir(parents=True)
    for path in sorted(beside.iterdir(), key=lambda path: path.name != "manifest.json"):
        path.rename(target / path.name)
    beside.rmdir()


def _pointer_first(
    self: FolderVersions, key: WeekKey, version: str, files: Any, token: int
) -> None:
    folder = self._folder(key)
    self._move_head(folder, Head(version, token))
    beside = folder_versions.write_beside(folder / "tmp", str(token), files)
    folder_versions.rename_into_place(beside, folder / "v" / version)


@pytest.mark.parametrize(
    "bugs",
    [
        {"replace_file": _in_place},
        {"rename_into_place": _file_by_file, "_is_intact": Path.exists},
        {"FolderVersions._commit": _pointer_first},
        {"_clear_older_attempts": lambda *_: None},
    ],
    ids=lambda bugs: "+".join(bugs),
)
@pytest.mark.matrix("planted bugs in the store", page="faults")
def test_the_sweep_finds_planted_bugs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bugs: dict[str, Any]
) -> None:
    for place in (tmp_path, tmp_path / "count"):
        (place / "weeks" / ID / WEEK / "simulated_orders").mkdir(parents=True)
    for name, bug in bugs.items():
        monkeypatch.setattr(f"sitecast.store.folder_versions.{name}", bug)
    assert sweep(tmp_path, 1)[1] != []


def test_commits_killed_at_any_moment_recover(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    old, kills = put(store, record(0)), 0
    for turn in range(1, 21):
        new = record(turn, rows=20_000)
        child = os.fork()
        if child == 0:
            put(store, new)
            os._exit(0)
        time.sleep(0.002 * turn)
        os.kill(child, signal.SIGKILL)
        kills += os.WIFSIGNALED(os.waitpid(child, 0)[1])
        assert read_state(store) in (old, new.version)
        old = put(store, new)
        assert read_state(store) == old
    assert kills >= 5


@pytest.mark.matrix("many writers and readers of one week", page="faults")
def test_g3_many_writers_and_readers_never_see_anything_torn_or_old(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    put(store, record(0))
    children = [os.fork() or _write_many(store, writer) for writer in range(3)]
    known = {record(writer * 100 + turn).version for writer in range(3) for turn in range(12)}
    known.add(record(0).version)
    reads, alive = 0, set(children)
    while alive:
        assert read_state(store) in known
        reads += 1
        looks = {child: os.waitpid(child, os.WNOHANG) for child in alive}
        assert all(status == 0 for _, status in looks.values()), "a writer failed"
        alive -= {child for child, (ended, _) in looks.items() if ended}
    assert reads >= 10
    assert read_state(store) in known


def _write_many(store: WeekStore, writer: int) -> int:
    code = 0
    for turn in range(12):
        token = store.begin(ID, WEEK, "simulated_orders")
        try:
            store.commit(record(writer * 100 + turn), token)
        except Overtaken:
            continue
        except BaseException:
            code = 1
    os._exit(code)


@settings(max_examples=30, deadline=None)
@given(order=st.permutations(range(4)))
@pytest.mark.matrix("overtaken attempt commits late (zombie writer)", page="faults")
def test_g3_the_pointer_never_goes_back_to_an_older_attempt(
    order: list[int], tmp_path_factory: pytest.TempPathFactory
) -> None:
    store = open_store(tmp_path_factory.mktemp("store"))
    tokens = [store.begin(ID, WEEK, "simulated_orders") for _ in range(4)]
    highest = -1
    for attempt in order:
        if attempt > highest:
            store.commit(record(attempt, rows=3), tokens[attempt])
            highest = attempt
        else:
            with pytest.raises(Overtaken, match="newer attempt"):
                store.commit(record(attempt, rows=3), tokens[attempt])
        assert read_state(store) == record(highest, rows=3).version


@pytest.mark.matrix("attempt overtaken while it looks whether its version is there", page="faults")
def test_g3_an_attempt_overtaken_before_it_holds_the_lock_moves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, old, new = open_store(tmp_path), record(0, rows=3), record(1, rows=3)
    put(store, old)
    put(store, new)
    look = folder_versions._is_intact

    def overtaken_meanwhile(place: Path) -> bool:
        monkeypatch.setattr(folder_versions, "_is_intact", look)
        put(store, new)
        return look(place)

    token = store.begin(ID, WEEK, old.asset)
    monkeypatch.setattr(folder_versions, "_is_intact", overtaken_meanwhile)
    with pytest.raises(Overtaken):
        store.commit(old, token)
    assert read_state(store) == new.version


def test_g3_an_older_attempt_leaves_what_a_younger_one_has_written_beside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, old, new = open_store(tmp_path), record(0, rows=3), record(1, rows=3)
    older, younger = (store.begin(ID, WEEK, old.asset) for _ in range(2))
    write = folder_versions.write_beside

    def older_meanwhile(*arguments: Any) -> Path:
        monkeypatch.setattr(folder_versions, "write_beside", write)
        beside = write(*arguments)
        store.commit(old, older)
        return beside

    monkeypatch.setattr(folder_versions, "write_beside", older_meanwhile)
    store.commit(new, younger)
    assert read_state(store) == new.version


TEXTS = st.one_of(st.none(), st.text(st.characters(exclude_categories=["Cs"]), max_size=8))
FRAMES = pdst.data_frames([
    pdst.column("whole", dtype="int64"),
    pdst.column("real", elements=st.floats(width=64)),
    pdst.column("flag", dtype="bool"),
    pdst.column("words", elements=TEXTS, dtype=object),
    pdst.column("maybe", elements=st.one_of(st.none(), st.integers(-(2**53), 2**53)), dtype=object),
])  # fmt: skip


@settings(max_examples=100, deadline=None)
@given(frame=FRAMES)
def test_r7_a_table_comes_back_with_the_same_values_dtypes_and_version(frame: pd.DataFrame) -> None:
    frame = frame.astype({"words": TEXT, "maybe": "Int64"}).reset_index(drop=True)
    made = SimulatedOrders(small_provenance(PLAN), {"table": frame})
    again = SimulatedOrders(small_provenance(PLAN), {"table": from_parquet(to_parquet(frame))})
    pd.testing.assert_frame_equal(again["table"], frame)
    assert again.version == made.version
