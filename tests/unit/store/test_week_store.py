import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from worlds import WEEK, small_plan, small_provenance, small_week

from sitecast.errors import Corrupt, NotFound, Overtaken, SettingsError, StoreError
from sitecast.records.contract import TEXT
from sitecast.records.week_record import SimulatedOrders, WeekData
from sitecast.store import Ledger, WeekStore, version_files
from sitecast.store.places import Place, open_place

PLAN = small_plan()
ID = PLAN.plan_id


@pytest.fixture
def folder_store(tmp_path: Path) -> WeekStore:
    ledger = Ledger(f"sqlite:///{tmp_path / 'ledger.db'}")
    ledger.create()
    return WeekStore(tmp_path / "weeks", ledger)


@pytest.fixture
def object_store(s3: str, postgres: str) -> WeekStore:
    ledger = Ledger(postgres)
    ledger.create()
    return WeekStore(open_place(s3), ledger)


@pytest.fixture(params=["folder_store", "object_store"])
def store(request: pytest.FixtureRequest) -> WeekStore:
    """A store of each kind: in a folder with SQLite, as objects with PostgreSQL."""
    found: WeekStore = request.getfixturevalue(request.param)
    return found


def put(store: WeekStore, record: SimulatedOrders | WeekData) -> str:
    return store.commit(record, store.begin(ID, WEEK, record.asset))


def numbers(*values: float) -> SimulatedOrders:
    return SimulatedOrders(small_provenance(PLAN), {"numbers": pd.DataFrame({"value": values})})


def version_folder(store: WeekStore, asset: str, version: str) -> Place:
    folder = store.root / ID / WEEK / asset
    if isinstance(folder, Path):
        return folder / "v" / version
    manifests = {place: json.loads((place / "manifest.json").read_bytes())
                 for place in folder.iterdir()}  # fmt: skip
    return next(place for place, m in manifests.items() if m["version"] == version)


def test_week_comes_back_with_its_version_and_dtypes(store: WeekStore) -> None:
    week = small_week()
    version = put(store, week)
    again = store.read(WeekData, ID, WEEK)
    assert (again.version, again.provenance) == (version, week.provenance)
    assert WeekData(again.provenance, again.tables).version == week.version
    assert list(again.tables) == sorted(week.tables)
    for name, frame in week.tables.items():
        pd.testing.assert_frame_equal(again[name], frame.reset_index(drop=True))


def test_a_table_is_decoded_once_and_only_when_somebody_asks_for_it(
    store: WeekStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(store, small_week())
    decoded: list[bytes] = []
    decode = version_files.from_parquet
    monkeypatch.setattr(version_files, "from_parquet", lambda b: decoded.append(b) or decode(b))
    week = store.read(WeekData, ID, WEEK)
    assert not decoded
    assert week["sites"] is week["sites"]
    assert len(decoded) == 1


def test_manifest_tells_a_person_what_lies_there(store: WeekStore) -> None:
    version = put(store, small_week())
    manifest = json.loads((version_folder(store, "extracted_data", version) / "manifest.json")
                          .read_text())  # fmt: skip
    assert manifest["version"] == version
    assert manifest["rows"]["sites"] == 2
    assert manifest["provenance"]["plan_id"] == ID
    assert set(manifest["sha256"]) == {f"{name}.parquet" for name in small_week().tables}


def test_newest_commit_is_read_and_older_versions_stay(store: WeekStore) -> None:
    first, second = put(store, numbers(1.0)), put(store, numbers(2.0))
    assert store.head(ID, WEEK, SimulatedOrders) == second
    assert store.read(SimulatedOrders, ID, WEEK)["numbers"]["value"].tolist() == [2.0]
    assert store.read(SimulatedOrders, ID, WEEK, first)["numbers"]["value"].tolist() == [1.0]


def test_same_version_again_writes_nothing_but_moves_the_pointer(folder_store: WeekStore) -> None:
    first = put(folder_store, numbers(1.0))
    written = (version_folder(folder_store, "simulated_orders", first) / "manifest.json").stat()
    put(folder_store, numbers(2.0))
    assert put(folder_store, numbers(1.0)) == first == folder_store.head(ID, WEEK, SimulatedOrders)
    after = (version_folder(folder_store, "simulated_orders", first) / "manifest.json").stat()
    assert (after.st_ino, after.st_mtime_ns) == (written.st_ino, written.st_mtime_ns)


def test_older_attempt_cannot_move_the_pointer_back(store: WeekStore) -> None:
    early = store.begin(ID, WEEK, "simulated_orders")
    second = put(store, numbers(2.0))
    with pytest.raises(Overtaken, match="newer attempt"):
        store.commit(numbers(1.0), early)
    assert store.head(ID, WEEK, SimulatedOrders) == second


@pytest.mark.matrix("week deleted while a run works on it", page="faults")
def test_deleted_week_is_gone_and_attempts_under_way_are_fenced_off(store: WeekStore) -> None:
    version = put(store, numbers(1.0))
    running = store.begin(ID, WEEK, "simulated_orders")
    store.delete(ID, WEEK)
    assert store.head(ID, WEEK, SimulatedOrders) is None
    with pytest.raises(NotFound, match="nothing is stored"):
        store.read(SimulatedOrders, ID, WEEK)
    with pytest.raises(Overtaken, match="newer attempt"):
        store.commit(numbers(2.0), running)
    assert store.read(SimulatedOrders, ID, WEEK, version).version == version
    assert put(store, numbers(1.0)) == store.head(ID, WEEK, SimulatedOrders)


@pytest.mark.parametrize("name", ["numbers.parquet", "manifest.json"])
@pytest.mark.matrix("bit rot", page="faults")
def test_bit_rot_is_noticed_and_the_next_run_repairs_it(store: WeekStore, name: str) -> None:
    version = put(store, numbers(1.0, 2.0))
    path = version_folder(store, "simulated_orders", version) / name
    damaged = bytearray(path.read_bytes())
    damaged[len(damaged) // 2] ^= 1
    path.write_bytes(bytes(damaged))
    with pytest.raises(Corrupt, match=r"damaged|manifest"):
        store.read(SimulatedOrders, ID, WEEK)
    assert put(store, numbers(1.0, 2.0)) == version
    assert store.read(SimulatedOrders, ID, WEEK)["numbers"]["value"].tolist() == [1.0, 2.0]


def test_damaged_pointer_is_an_error_not_an_empty_store(folder_store: WeekStore) -> None:
    put(folder_store, numbers(1.0))
    (folder_store.root / ID / WEEK / "simulated_orders" / "HEAD").write_text('{"version": ')
    with pytest.raises(Corrupt, match="pointer is damaged"):
        folder_store.head(ID, WEEK, SimulatedOrders)


def test_manifest_of_another_version_is_refused(store: WeekStore) -> None:
    first, second = put(store, numbers(1.0)), put(store, numbers(2.0))
    folder = version_folder(store, "simulated_orders", second)
    for path in folder.iterdir():
        path.write_bytes(
            (version_folder(store, "simulated_orders", first) / path.name).read_bytes()
        )
    with pytest.raises(Corrupt, match="not this version's"):
        store.read(SimulatedOrders, ID, WEEK, second)


@pytest.mark.parametrize(
    "key", ["../../evil", "2026-W48\n", "", "..", "2026-w48", "/etc", "2026-W54"]
)
def test_keys_that_are_no_weeks_never_touch_a_path(store: WeekStore, key: str) -> None:
    with pytest.raises(SettingsError, match="not a known menu week"):
        store.begin(ID, key, "simulated_orders")
    with pytest.raises(SettingsError, match="not a known menu week"):
        store.delete(ID, key)


def test_other_parts_of_a_path_are_checked_too(store: WeekStore) -> None:
    with pytest.raises(SettingsError, match="not a plan id"):
        store.head("../x", WEEK, WeekData)
    with pytest.raises(StoreError, match="not an asset"):
        store.begin(ID, WEEK, "../x")
    put(store, numbers(1.0))
    with pytest.raises(StoreError, match="not a version"):
        store.read(SimulatedOrders, ID, WEEK, "../../../../x")
    with pytest.raises(NotFound, match="no such version"):
        store.read(SimulatedOrders, ID, WEEK, "0" * 16)


def test_symbolic_link_cannot_lead_out_of_the_store(
    folder_store: WeekStore, tmp_path: Path
) -> None:
    (tmp_path / "outside").mkdir()
    folder_store.root.mkdir()
    (folder_store.root / ID).symlink_to(tmp_path / "outside")
    with pytest.raises(StoreError, match="symbolic link"):
        put(folder_store, numbers(1.0))
    assert list((tmp_path / "outside").iterdir()) == []


def test_refused_dtype_names_the_column(store: WeekStore) -> None:
    frame = pd.DataFrame({"span": pd.to_timedelta([1], unit="h")})
    with pytest.raises(StoreError, match=r"cannot store the dtype timedelta64.*span"):
        put(store, SimulatedOrders(small_provenance(PLAN), {"numbers": frame}))
    assert store.head(ID, WEEK, SimulatedOrders) is None


def test_every_dtype_of_a_record_survives(store: WeekStore) -> None:
    frame = pd.DataFrame({
        "text": pd.Series(["00123", None, "NA", "ü😀"], dtype=TEXT),
        "none": pd.Series([None] * 4, dtype=TEXT),
        "wide": np.array([2**53, 0, -1, 7], dtype=np.int64),
        "bits": np.array([2**64 - 1, 0, 1, 7], dtype=np.uint64),
        "small": np.array([1, 2, 3, 4], dtype=np.int16),
        "single": np.array([0.1, np.nan, 0.3, -0.0], dtype=np.float32),
        "double": [np.inf, np.nan, 0.1 + 0.2, -0.0],
        "maybe": pd.array([1, None, 3, 2**53], dtype="Int64"),
        "flag": [True, False, True, False],
        "maybe_flag": pd.array([True, None, False, None], dtype="boolean"),
        "day": pd.Series(["2026-11-28", None, "2026-10-25", "1999-01-01"], dtype="datetime64[ms]"),
        "moment": pd.Series(pd.to_datetime(["2026-10-25T00:30Z", None] * 2)).astype(
            "datetime64[us, UTC]"
        ),
    })  # fmt: skip
    record = SimulatedOrders(small_provenance(PLAN), {"all": frame, "empty": frame.iloc[:0]})
    put(store, record)
    again = store.read(SimulatedOrders, ID, WEEK)
    pd.testing.assert_frame_equal(again["all"], frame)
    pd.testing.assert_frame_equal(again["empty"], frame.iloc[:0].reset_index(drop=True))
    assert SimulatedOrders(again.provenance, again.tables).version == record.version


def test_full_disk_is_one_clear_error_and_the_old_version_stays(
    folder_store: WeekStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = put(folder_store, numbers(1.0))

    def no_space(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", no_space)
    with pytest.raises(StoreError, match="No space left on device"):
        put(folder_store, numbers(2.0))
    monkeypatch.undo()
    assert folder_store.head(ID, WEEK, SimulatedOrders) == first
    assert [
        p.name for p in (folder_store.root / ID / WEEK / "simulated_orders" / "v").iterdir()
    ] == [first]
    assert list((folder_store.root / ID / WEEK / "simulated_orders" / "tmp").iterdir()) == []
