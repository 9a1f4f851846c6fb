import datetime as dt
import decimal
import uuid

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sitecast.extract.convert import convert
from sitecast.records.contract import (
    Column,
    TableContract,
    amount,
    count,
    day,
    flag,
    instant,
    json_text,
    text,
)  # fmt: skip
from sitecast.records.tables_read import TABLES_READ


def converted(column: Column, *values: object) -> tuple[list[object], list[str]]:
    table = TableContract("t", "", (column.name,), (column,))
    result = convert(table, pd.DataFrame({column.name: pd.Series(values, dtype=object)}))
    cells = [None if pd.isna(value) else value for value in result.frame[column.name]]
    return cells, list(result.faults.get(column.name, []))


@pytest.mark.parametrize(("value", "expected"), [
    ("12", 12), (" 12 ", 12), ("3.0", 3), ("-4", -4), (7, 7), (7.0, 7), (decimal.Decimal(5), 5),
])  # fmt: skip
def test_whole_numbers(value, expected):
    assert converted(count("n", ""), value) == ([expected], [])


@pytest.mark.parametrize(
    "value", ["1.5", "1e3", "0x10", "１２", "12 kg", 1.5, True, 1e300, "1_000"]
)
def test_what_is_no_whole_number_is_told(value):
    assert converted(count("n", ""), value) == ([None], [str(value)])


def test_amounts():
    assert converted(amount("q", ""), "1.5", ".5", "2e3") == ([1.5, 0.5, 2000.0], [])
    assert converted(amount("q", ""), "1,5", "nan", "inf", "")[1] == ["1,5", "nan", "inf"]


def test_days_and_instants():
    told, bad = converted(day("d", ""), "2026-11-28", "2026-11-28 00:00:00", "2026-02-30", "1/2/26")
    assert (told[:2], bad) == ([pd.Timestamp("2026-11-28")] * 2, ["2026-02-30", "1/2/26"])
    moments = ["2026-11-28", "2026-11-28T10:00", "2026-11-28 12:00:00+02:00", "2026-11-28T25:00Z"]
    told, bad = converted(instant("i", ""), *moments)
    ten = pd.Timestamp("2026-11-28T10:00Z")
    assert (told[1:3], bad) == ([ten, ten], ["2026-11-28T25:00Z"])


@pytest.mark.parametrize("hours", [-5, 0, 1, 13])
def test_midnight_anywhere_is_the_day_that_it_begins_there(hours):
    midnight = dt.datetime(2026, 11, 28, tzinfo=dt.timezone(dt.timedelta(hours=hours)))
    assert converted(day("d", ""), midnight)[0] == [pd.Timestamp("2026-11-28")]


def test_a_moment_with_a_time_is_no_day():
    assert converted(day("d", ""), dt.datetime(2026, 11, 28, 9))[0] == [None]


def test_flags():
    told, bad = converted(flag("f", ""), "TRUE", "no", "1", "perhaps")
    assert (told, bad) == ([True, False, True, None], ["perhaps"])
    one, zero = decimal.Decimal(1), decimal.Decimal(0)
    assert converted(flag("f", ""), one, zero)[0] == [True, False]
    told, bad = converted(flag("f", ""), 1.0, 0.0, 0.4, 1.7)
    assert (told, bad) == ([True, False, None, None], ["0.4", "1.7"])


def test_text_is_trimmed_and_composed_and_never_a_number():
    assert converted(text("t", ""), " NA ", "007", "e\u0301") == (["NA", "007", "é"], [])
    assert converted(text("t", ""), "a\u0000b")[1] == ["a\u0000b"]
    assert converted(text("t", ""), 12)[0] == ["12"]
    assert converted(text("t", ""), 9007199254740992.0)[1] == ["9007199254740992.0"]


def test_what_databases_give_for_uuid_numeric_and_json_columns():
    key = "7d444840-9dc0-11d1-b245-5ffdce74fad2"
    assert converted(text("t", ""), uuid.UUID(key), None) == ([key, None], [])
    assert converted(text("t", ""), decimal.Decimal(10**20)) == ([str(10**20)], [])
    told, bad = converted(json_text("j", ""), {"diet_tags": ["é"]}, {}, None)
    assert (told, bad) == (['{"diet_tags": ["é"]}', "{}", None], [])
    assert converted(json_text("j", ""), ["a", "b"], "{}")[0] == ['["a", "b"]', "{}"]
    assert converted(amount("q", ""), decimal.Decimal("Infinity"))[1] == ["Infinity"]


def test_optional_columns_take_their_defaults_and_required_ones_are_missed():
    raw = pd.DataFrame({"menu_week": ["2026-W48"], "max_per_box": [""]})
    result = convert(TABLES_READ["menu"], raw)
    assert result.missing == ("recipe_id",)
    row = result.frame.iloc[0]
    assert (row["max_per_box"], row["available"], row["surcharge"]) == (1, True, 0)


def test_a_bad_cell_of_an_optional_column_does_not_become_the_default():
    result = convert(TABLES_READ["menu"], pd.DataFrame({"available": ["maybe"]}))
    assert pd.isna(result.frame["available"][0])
    assert list(result.faults) == ["available"]


@pytest.mark.parametrize("name", sorted(TABLES_READ))
def test_typed_tables_keep_their_dtypes(name):
    empty = TABLES_READ[name].empty()
    assert convert(TABLES_READ[name], empty).frame.dtypes.equals(empty.dtypes)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.one_of(st.none(), st.text(max_size=12), st.integers(), st.floats(),
                          st.booleans(), st.dates(), st.datetimes(), st.binary(max_size=4)),
                max_size=5),
       st.sampled_from([text, count, amount, day, instant, flag]))  # fmt: skip
def test_any_column_is_converted_or_told(values, kind):
    cells, bad = converted(kind("x", ""), *values)
    given_cells = sum(not (pd.isna(v) or str(v).strip() == "") for v in values)
    assert sum(cell is not None for cell in cells) + len(bad) <= len(values)
    assert sum(cell is None for cell in cells) >= len(bad)
    assert given_cells <= sum(cell is not None for cell in cells) + len(bad)
