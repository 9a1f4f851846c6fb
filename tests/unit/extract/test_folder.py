import pandas as pd
import pytest
from worlds import WEEK, small_plan, small_week

from sitecast.errors import DataError, SettingsError
from sitecast.extract import extract_week, open_source


def read(folder, table="sites", weeks=None):
    return open_source(folder.name, folder.parent, None).read(table, weeks)


def write(tmp_path, name, content):
    folder = tmp_path / "in"
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(content)
    return folder


def test_a_csv_folder_gives_the_same_week_as_typed_tables(csv_folder, small_tables):
    week = extract_week(open_source("input", csv_folder.parent, None), small_plan(), WEEK)
    for name, frame in small_tables.items():
        pd.testing.assert_frame_equal(week[name], frame, obj=name)
    assert week["history_boxes"].empty


def test_parquet_gives_the_same_version_as_csv(csv_folder, tmp_path):
    other = tmp_path / "parquet"
    other.mkdir()
    for name, frame in small_week().tables.items():
        frame.sample(frac=1, random_state=3).to_parquet(other / f"{name}.parquet")
    versions = {extract_week(open_source(str(place), tmp_path, None), small_plan(), WEEK).version
                for place in (csv_folder, other)}  # fmt: skip
    assert len(versions) == 1


@pytest.mark.parametrize("content", [
    b"\xef\xbb\xbfsite_id,name\r\nNA,null\r\n007,None\r\n",
    b"site_id;name\nNA;null\n007;None\n",
    b"site_id\tname\nNA\tnull\n007\tNone",
    b'"site_id","name"\n"NA","null"\n"007","None"\n',
], ids=["byte-order mark", "semicolons", "tabs", "quotes"])  # fmt: skip
def test_dialects_of_csv(tmp_path, content):
    frame = read(write(tmp_path, "sites.csv", content))
    assert frame["site_id"].tolist() == ["NA", "007"]
    assert frame["name"].tolist() == ["null", "None"]


@pytest.mark.parametrize(("name", "content"), [
    ("sites.csv", b""), ("sites.csv", b"\n1,2\n"), ("sites.csv", b"site_id,name\na\n"),
    ("sites.csv", b"site_id,site_id\na,b\n"), ("sites.csv", b"site_id,name\na,\xff\xfe\n"),
    ("sites.parquet", b"PAR1 cut off"), ("sites/part.parquet", b""),
])  # fmt: skip
def test_damaged_files_are_named(tmp_path, name, content):
    folder = write(tmp_path, name, content)
    with pytest.raises(DataError, match=name.rpartition("/")[2]) as caught:
        read(folder)
    assert caught.value.where["table"] == "sites"
    assert caught.value.remedy


def test_a_truncated_parquet_file_is_refused(tmp_path):
    whole = tmp_path / "sites.parquet"
    small_week()["sites"].to_parquet(whole)
    folder = write(tmp_path, "sites.parquet", whole.read_bytes()[:-20])
    with pytest.raises(DataError, match="cannot read the file"):
        read(folder)


def test_parts_named_after_weeks_are_read_only_when_asked_for(tmp_path):
    folder = write(tmp_path, "orders/2026-W48.csv", b"order_id,menu_week\na,2026-W48\n")
    write(tmp_path, "orders/2026-W49.csv", b"order_id,menu_week\nb,2026-W49\n")
    assert read(folder, "orders")["order_id"].tolist() == ["a", "b"]
    assert read(folder, "orders", ["2026-W49"])["order_id"].tolist() == ["b"]
    assert read(folder, "orders", ["2026-W50"])["order_id"].tolist() == []


def test_an_absent_table_is_none_and_a_double_one_is_refused(tmp_path):
    folder = write(tmp_path, "sites.csv", b"site_id\na\n")
    assert read(folder, "regions") is None
    write(tmp_path, "sites/one.csv", b"site_id\na\n")
    with pytest.raises(DataError, match="more than once"):
        read(folder)


def test_a_missing_folder_is_a_wrong_setting(tmp_path):
    with pytest.raises(SettingsError, match="input folder does not exist"):
        open_source("nowhere", tmp_path, None)


def test_fingerprints_follow_the_bytes(tmp_path):
    folder = write(tmp_path, "sites.csv", b"site_id\na\n")
    before = open_source("in", tmp_path, None).fingerprints()
    write(tmp_path, "sites.csv", b"site_id\nb\n")
    after = open_source(str(folder), tmp_path, None).fingerprints()
    assert list(before) == list(after) == ["sites"]
    assert before != after


def test_damaged_tables_are_listed_with_all_other_breaches(csv_folder):
    (csv_folder / "skus.csv").write_bytes(b"sku_id,name\nx\n")
    (csv_folder / "sites.csv").unlink()
    with pytest.raises(DataError, match="breaks the data contract") as caught:
        extract_week(open_source("input", csv_folder.parent, None), small_plan(), WEEK)
    told = {(breach.table, breach.key, breach.rule[:20]) for breach in caught.value.breaches}
    assert told == {("skus", "skus.csv", "cannot read the file"), ("sites", "", "table is missing")}
