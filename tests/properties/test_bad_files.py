"""Files as people and programs leave them: read, or refused in words; never a crash or a hang."""

import io
import os
import signal
from contextlib import contextmanager

import pandas as pd
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import pytest
import yaml
from counts import nightly
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from poisoned import TABLES
from worlds import AS_OF

from sitecast.errors import DataError, OutOfMemory, SettingsError, memory_told
from sitecast.extract import files, open_source
from sitecast.extract.files import read_file
from sitecast.extract.folder import FolderSource
from sitecast.extract.mapping import ColumnMapping
from sitecast.extract.reader import TableReader
from sitecast.settings import PlanSettings, known_settings, load_plan_file

CALM = settings(
    deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
THOROUGH = settings(CALM, max_examples=nightly(10_000))  # of each of five readers
SITES = pd.DataFrame({"site_id": ["north", "00123", "NA"], "name": ["a", "Żurek 🍲", "ע"],
                      "priority": [1, 2, 3]})  # fmt: skip
CSV = SITES.to_csv(index=False).encode()


def parquet(frame=SITES, **options):
    sink = io.BytesIO()
    pa.parquet.write_table(pa.Table.from_pandas(frame), sink, **options)
    return sink.getvalue()


PARQUET = parquet()
MANY = parquet(pd.DataFrame({"site_id": [f"s{n}" for n in range(5_000)]}), compression="zstd")
ODD = ["", "north", "2026-W48", "1e309", "-1", "no", "null", "[", "{a: b}", "&x", "*x", "x" * 500,
       "!!python/object:os.system", "🍲", "\u202e", "true", "2026-11-24"]  # fmt: skip
WORDS = st.sampled_from([*known_settings(), *ODD])


@contextmanager
def within(seconds):
    """Fail where something hangs, even inside C code that gives back control."""

    def too_long(_signal, _frame):
        raise TimeoutError(f"took longer than {seconds} s")

    before = signal.signal(signal.SIGALRM, too_long)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def outcome(read, *wrong):
    """What was read, or None where it was refused in words; no other kind of error."""
    with within(20):
        try:
            return read()
        except wrong:
            return None


def read_csv(folder, data):
    (folder / "sites.csv").write_bytes(data)
    return outcome(lambda: read_file(folder / "sites.csv", "sites"), DataError)


def read_parquet(folder, data):
    (folder / "sites.parquet").write_bytes(data)

    def read():
        return FolderSource(folder, ColumnMapping()).read("sites")

    return outcome(read, DataError)


def read_plan(folder, data):
    (folder / "plan.yaml").write_bytes(data)
    return outcome(lambda: load_plan_file(folder / "plan.yaml"), SettingsError)


def read_mapping(folder, data):
    (folder / "mapping.yaml").write_bytes(data)
    return outcome(lambda: ColumnMapping.load(folder / "mapping.yaml"), SettingsError)


def edited(data):
    """A file with bytes cut off, put in, or overwritten."""
    edit = st.tuples(st.integers(0, len(data)), st.integers(0, 40), st.binary(max_size=12))
    edits = st.lists(edit, min_size=1, max_size=4)
    return edits.map(lambda changes: _apply(data, changes))


def _apply(data, changes):
    for at, cut, new in changes:
        data = data[:at] + new + data[at + cut :]
    return data


yaml_like = st.recursive(
    WORDS | st.integers() | st.floats() | st.booleans() | st.none() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WORDS, inner, max_size=4),
    max_leaves=12,
)
yaml_files = st.dictionaries(WORDS, yaml_like, max_size=5).map(
    lambda content: yaml.safe_dump(content, allow_unicode=True).encode()
) | st.lists(WORDS, max_size=12).map(lambda words: ": ".join(words).encode())
READERS = [(read_csv, CSV), (read_parquet, PARQUET), (read_parquet, MANY),
           (read_plan, b"company: A\nsimulator:\n  box_sizes: [2, 3]\nseed: 4\n"),
           (read_mapping, b"sites:\n  from: factories\n  columns: {site_id: id}\n")]  # fmt: skip


@pytest.mark.matrix("any byte of a plan, mapping, CSV or Parquet file", page="bad-input")
@pytest.mark.parametrize(("read", "good"), READERS)
def test_r12_an_edited_file_is_read_or_refused_in_words(read, good, tmp_path):
    @CALM
    @given(edited(good) | st.binary(max_size=200))
    def check(data):
        read(tmp_path, data)

    assert read(tmp_path, good) is not None
    check()


@pytest.mark.slow
@pytest.mark.matrix("any byte of a plan, mapping, CSV or Parquet file", page="bad-input")
@pytest.mark.parametrize(("read", "good"), READERS)
def test_r12_many_edited_files_are_read_or_refused_in_words(read, good, tmp_path):
    @THOROUGH
    @given(edited(good) | st.binary(max_size=400))
    def check(data):
        read(tmp_path, data)

    check()


@pytest.mark.matrix("any YAML as a plan or mapping file", page="bad-input")
@pytest.mark.parametrize("read", [read_plan, read_mapping])
def test_r12_any_yaml_is_read_or_refused_in_words(read, tmp_path):
    @CALM
    @given(yaml_files)
    def check(data):
        read(tmp_path, data)

    check()


def mappings():
    """A mapping that may be loaded, of one table: known columns, any names and words."""
    names = st.sampled_from([*TABLES["sites"], *TABLES["menu"], *ODD])
    return st.sampled_from(sorted(TABLES)).flatmap(lambda table: st.tuples(
        st.just(table),
        st.fixed_dictionaries({}, optional={
            "from": st.sampled_from([*TABLES, *ODD]),
            "columns": st.dictionaries(st.sampled_from(list(TABLES[table])), names, max_size=3),
            "values": st.dictionaries(
                st.sampled_from(list(TABLES[table])),
                st.dictionaries(names, names, max_size=3), max_size=2,
            ),
            "constants": st.dictionaries(st.sampled_from(list(TABLES[table])), names, max_size=2),
        }),
    ))  # fmt: skip


def require_read_or_refused_as_mapped(folder, mapping):
    table, entry = mapping
    (folder / "mapping.yaml").write_text(yaml.safe_dump({table: entry}), encoding="utf-8")

    def read():
        reader = TableReader(open_source(".", folder, folder / "mapping.yaml"), AS_OF)
        reader.table(table)
        return reader

    reader = outcome(read, SettingsError, DataError)
    for breach in reader.breaches if reader else ():
        assert breach.table == table
        assert breach.rule
        assert breach.remedy


@pytest.mark.parametrize("count", [
    60, pytest.param(nightly(10_000), marks=pytest.mark.slow)])  # fmt: skip
@pytest.mark.matrix("any mapping of a good folder: names, values and constants", page="bad-input")
def test_r12_a_folder_is_read_or_refused_in_words_however_it_is_mapped(count, tmp_path):
    for name, frame in TABLES.items():
        frame.to_csv(tmp_path / f"{name}.csv", index=False)

    @settings(CALM, max_examples=count)
    @given(mappings())
    def check(mapping):
        require_read_or_refused_as_mapped(tmp_path, mapping)

    check()


@pytest.mark.matrix("truncated Parquet file", page="bad-input")
@pytest.mark.parametrize("kept", [0, 3, 4, 8, 12, 0.25, 0.5, 0.9, 0.999])
def test_r12_a_truncated_parquet_file_is_refused(kept, tmp_path):
    size = kept if isinstance(kept, int) else int(len(MANY) * kept)
    path = tmp_path / "sites.parquet"
    path.write_bytes(MANY[:size])
    with pytest.raises(DataError, match="cannot read the file") as caught:
        FolderSource(tmp_path, ColumnMapping()).read("sites")
    assert caught.value.where["table"] == "sites"
    assert caught.value.remedy


@pytest.mark.matrix("huge input: more rows than a Parquet file may have", page="bad-input")
def test_r12_a_parquet_file_that_unfolds_to_too_much_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "MAX_ROWS", 4_999)
    (tmp_path / "sites.parquet").write_bytes(MANY)
    with pytest.raises(DataError, match="5,000 rows are more than a file may have") as caught:
        FolderSource(tmp_path, ColumnMapping()).read("sites")
    assert "menu weeks" in caught.value.remedy


@pytest.mark.matrix("huge input: a CSV file of more bytes than one may have", page="bad-input")
def test_r12_a_csv_file_that_is_too_big_is_refused_before_it_is_read(tmp_path):
    (tmp_path / "sites.csv").write_bytes(CSV)
    os.truncate(tmp_path / "sites.csv", files.MAX_CSV_BYTES + 1)  # sparse: takes no room
    with pytest.raises(DataError, match="10,000,000,001 bytes are more than") as caught:
        FolderSource(tmp_path, ColumnMapping()).read("sites")
    assert "Parquet parts" in caught.value.remedy


@pytest.mark.matrix("huge input: more than the memory of the machine", page="bad-input")
@pytest.mark.parametrize("name", ["sites.csv", "sites.parquet"])
def test_a_file_larger_than_the_memory_says_so_and_what_to_do(name, tmp_path, monkeypatch):
    (tmp_path / name).write_bytes(CSV if name.endswith("csv") else PARQUET)
    for module, reader in ((pa.csv, "read_csv"), (pa.parquet, "read_table")):
        monkeypatch.setattr(module, reader, lambda *_, **__: pa.allocate_buffer(2**60))
    with pytest.raises(OutOfMemory, match="not enough memory") as caught, memory_told():
        read_file(tmp_path / name, "sites")
    assert "give the machine more" in caught.value.remedy


@pytest.mark.matrix("CSV with BOM mark, semicolons, tabs, Windows or old Mac line ends",
                    page="bad-input")  # fmt: skip
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("separator", [b",", b";", b"\t"])
@pytest.mark.parametrize("line_end", [b"\n", b"\r\n"])
def test_csv_is_read_however_a_spreadsheet_wrote_it(mark, separator, line_end, tmp_path):
    data = mark + CSV.replace(b",", separator).replace(b"\n", line_end)
    table = read_csv(tmp_path, data)
    assert table.column_names == ["site_id", "name", "priority"]
    assert table.to_pydict()["site_id"] == ["north", "00123", "NA"]
    assert table.to_pydict()["name"] == SITES["name"].tolist()


@pytest.mark.matrix("CSV that is not UTF-8, ragged, without header, or not text", page="bad-input")
@pytest.mark.parametrize("data", [
    "site_id,name\nnorth,Köln\n".encode("latin-1"), "site_id,name\nnorth,a\n".encode("utf-16"),
    b"site_id,name\nnorth\n", b"site_id,name\nnorth,a,b\n", b"", b"\n\n", b"site_id,site_id\na,b\n",
    b"\x00" * 100, PARQUET, b"PK\x03\x04" + b"x" * 50, b'site_id,name\n"north,a\n',
])  # fmt: skip
def test_r12_a_broken_csv_is_refused(data, tmp_path):
    path = tmp_path / "sites.csv"
    path.write_bytes(data)
    with pytest.raises(DataError, match=r"cannot read the file|stand twice") as caught:
        read_file(path, "sites")
    assert caught.value.remedy


@pytest.mark.matrix("YAML bomb: aliases, deep nesting, a huge file", page="bad-input")
@pytest.mark.parametrize("bomb", [
    b"a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\ncompany: *c\n", b"[" * 5_000, b"{" * 5_000,
    b"a: " * 5_000, b"- " * 20_000, b"company: " + b"x" * 2_000_000, b"? " * 5_000,
    b"company: !!python/object/apply:os.system ['true']\n", b"company: !x y\n", b"\x00",
    b"<<: {company: A}\n? [1]\n: 2\n", b"%YAML 9.9\n---\na: 1\n", b"a: 1\n---\nb: 2\n", b"@", b"`",
])  # fmt: skip
@pytest.mark.parametrize("read", [read_plan, read_mapping])
def test_r12_a_bomb_is_refused_at_once(bomb, read, tmp_path):
    assert read(tmp_path, bomb) is None


@pytest.mark.matrix("unknown setting: the nearest known one is named", page="bad-input")
@given(name=st.sampled_from(sorted(PlanSettings.model_fields)), at=st.integers(0, 20),
       letter=st.sampled_from("xyz_"))  # fmt: skip
@CALM
def test_r12_a_mistyped_setting_names_the_nearest_one(name, at, letter, tmp_path):
    wrong = name[:at] + letter + name[at:]
    (tmp_path / "plan.yaml").write_text(f"{wrong}: 1\n", encoding="utf-8")
    with pytest.raises(SettingsError, match=r"unknown setting, the nearest known one is (.+)"):
        load_plan_file(tmp_path / "plan.yaml")


@pytest.mark.matrix("a wrong variable of the environment, a home that is a file", page="bad-input")
@pytest.mark.parametrize(("variable", "value"), [
    ("SITECAST_MAX_CONCURRENT_WEEKS", "many"), ("SITECAST_MAX_CONCURRENT_WEEKS", "0"),
    ("SITECAST_HOME", __file__), ("SITECAST_HOME", f"{__file__}/below"),
    ("SITECAST_WAREHOUSE_URL", "sqlite://"), ("SITECAST_WAREHOUSE_URL", "sqlite:////proc/no/such.db"),
])  # fmt: skip
def test_no_traceback_follows_from_the_environment(variable, value, monkeypatch, tmp_path):
    from click.testing import CliRunner

    from sitecast.cli import main

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(variable, value)
    for command in (["show", "plans"], ["run", "--runner", "direct"], ["doctor"]):
        told = CliRunner().invoke(main, command)
        assert isinstance(told.exception, SystemExit), repr(told.exception)
        assert told.exit_code in (1, 2)
