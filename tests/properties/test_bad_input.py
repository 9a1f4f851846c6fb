"""R12: bad input stops its own week with one error that lists every breach; other weeks go on."""

import datetime as dt
import string

import pytest
from bad_input_cases import CASES
from hypothesis import given, settings
from hypothesis import strategies as st
from poisoned import NEXT, TABLES, add, again, changed, drop_rows, everywhere, put, without
from worlds import AS_OF, WEEK, small_plan

from sitecast.errors import Breach, DataError
from sitecast.extract import check_data, extract_week, read_calendar
from sitecast.records.tables_read import TABLES_READ


def breaches_of(source, plan=None):
    with pytest.raises(DataError, match="breaks the data contract") as caught:
        extract_week(source, plan or small_plan(), WEEK)
    return caught.value.breaches


@pytest.mark.parametrize(("change", "expected"), [
    pytest.param(case[1], case[2:], id=case[0]) for case in CASES
])  # fmt: skip
def test_r12_a_breach_names_table_column_key_value_and_remedy(change, expected):
    table, column, key, value, rule = expected
    found = breaches_of(changed(change))
    fitting = [
        breach for breach in found
        if (breach.table, breach.column) == (table, column) and key in breach.key
        and value in breach.value and rule in breach.rule
    ]  # fmt: skip
    assert fitting, [str(breach) for breach in found]
    assert all(breach.remedy for breach in found)


@pytest.mark.matrix("breaches of many tables: all at once", page="bad-input")
def test_r12_one_error_lists_the_breaches_of_many_tables():
    source = changed(
        put("order_lines", "quantity", "-1"), put("recipe_bom", "qty", "nan"),
        add("menu", recipe_id="r9"), put("site_caps", "floor_boxes", "41"),
        without("packaging_rules", "qty"),
    )  # fmt: skip
    tables = {breach.table for breach in breaches_of(source)}
    assert {"order_lines", "recipe_bom", "menu", "site_caps", "packaging_rules"} <= tables


@pytest.mark.matrix("numbers beyond what can be counted with", page="bad-input")
def test_r12_numbers_beyond_counting_are_refused_where_they_stand():
    beyond = {
        ("order_lines", "quantity"): ("100001", "at most 100,000"),
        ("orders", "portions"): ("40000", "at most 1,000"),
        ("box_forecast", "mean_boxes"): ("3e9", "at most 10,000,000"),
        ("box_forecast", "sd_boxes"): ("1e200", "at most 10,000,000"),
        ("recipe_bom", "qty"): ("1e300", "at most 1,000,000"),
        ("skus", "lead_time_days"): ("90000", "at most 3,650"),
    }
    source = changed(*(put(*place, value) for place, (value, _) in beyond.items()))
    found = {(breach.table, breach.column): breach.rule for breach in breaches_of(source)}
    assert found.keys() == beyond.keys()
    assert [bound in found[place] for place, (_, bound) in beyond.items()] == [True] * 6


@pytest.mark.matrix("attributes that cannot be read, diet tags among them", page="bad-input")
def test_r12_attributes_hold_finite_numbers_whole_letters_and_lists_of_tags():
    told = ['{"cook_min": 1' + "0" * 400 + "}", '{"protein": "\\ud83d"}', '{"diet_tags": "vegan"}',
            '{"diet_tags": true}', '{"diet_tags": null}']  # fmt: skip
    source = changed(*(put("recipes", "attributes", text, at) for at, text in enumerate(told)))
    found = {breach.key: breach.rule for breach in breaches_of(source)}
    assert list(found) == ["recipe_id=r1", "recipe_id=r2", "recipe_id=r3", "recipe_id=r4"]
    assert [rule.split()[0] for rule in found.values()] == [
        "must",
        "must",
        "diet_tags",
        "diet_tags",
    ]


def test_r12_a_missing_table_does_not_make_every_other_row_wrong():
    assert {breach.table for breach in breaches_of(changed(without("sites")))} == {"sites"}


@pytest.mark.matrix("plan settings that name unknown ids", page="bad-input")
@pytest.mark.parametrize("setting", [
    {"allocation": {"cap_overrides": [{"site_id": "nort", "production_date": "2026-11-27",
                                       "cap_boxes": 5, "reason": "flu"}]}},
    {"simulator": {"recipe_caps": [{"recipe_id": "r77", "max_kits": 5}]}},
    {"simulator": {"exclusions": [{"segment": "vegan", "recipe_id": "r77"}]}},
    {"simulator": {"exclusions": [{"segment": "vegan", "without_diet_tag": "vegen"}]}},
])  # fmt: skip
def test_r12_plan_settings_that_name_unknown_ids_are_breaches(setting):
    (breach,) = breaches_of(changed(), small_plan(**setting))
    assert breach.table == "plan file"
    assert "nearest known one is" in breach.remedy


@pytest.mark.matrix("breaches of another week stop this one in nothing", page="bad-input")
def test_r12_breaches_of_another_week_do_not_stop_this_one():
    source = changed(
        add("menu", menu_week=NEXT, recipe_id="r9"), add("menu", menu_week=NEXT, position="x"),
        add("orders", menu_week=NEXT, order_id="o8", region_id="z", portions="0"),
        add("order_lines", order_id="o8", quantity="-4", item_id="r9"),
        add("box_forecast", menu_week=NEXT, mean_boxes="nan"),
        add("item_sites", menu_week=NEXT, site_id="moon"),
        add("site_caps", production_date="2027-05-01", cap_boxes="-1"),
        add("site_caps", menu_week=NEXT, cap_boxes="few"),
        add("recipes", recipe_id="r9", attributes="no"),
        add("recipe_bom", recipe_id="r9", qty="0", sku_id="nowhere"),
        add("skus", sku_id="unused", case_size="0"),
        add("menu_weeks", menu_week=NEXT, start_date="2026-12-05", end_date="2026-12-01"),
        add("region_sites", region_id="z", valid_from="2030-01-01", transit_days="-1"),
    )  # fmt: skip
    week, clean = (extract_week(s, small_plan(), WEEK) for s in (source, changed()))
    assert week.content_hashes == clean.content_hashes


def test_r12_check_data_lists_the_breaches_of_every_week_once():
    source = changed(
        add("menu", menu_week="2026-W84"), add("skus", sku_id="unused", case_size="0"),
        put("order_lines", "quantity", "-1"),
    )  # fmt: skip
    found = check_data(source, small_plan().settings, AS_OF, [WEEK])
    told = {(breach.table, breach.column, breach.value) for breach in found}
    assert {("menu", "menu_week", "2026-W84"), ("skus", "case_size", "0.0"),
            ("order_lines", "quantity", "-1")} <= told  # fmt: skip
    assert len(found) == len(set(found))


@pytest.mark.matrix("week that is not in the calendar: the nearest is named", page="bad-input")
def test_r12_a_week_that_is_not_in_the_calendar_is_refused_with_the_nearest():
    with pytest.raises(DataError, match="the nearest week there is 2026-W48"):
        extract_week(changed(), small_plan(), "2026-W49")


def test_r12_a_broken_calendar_stops_the_configurator():
    source = changed(add("menu_weeks", menu_week="2026-49", start_date="2026-12-05",
                         end_date="2026-12-11"))  # fmt: skip
    with pytest.raises(DataError, match="must look like 2026-W48"):
        read_calendar(source, AS_OF)


def test_a_correction_known_before_as_of_replaces_the_bad_row():
    bad = "2026-11-01T00:00Z"
    source = changed(
        everywhere("order_lines", "as_of", bad), put("order_lines", "quantity", "-1"),
        add("order_lines", as_of="2026-11-02T00:00Z", quantity="2"),
    )  # fmt: skip
    assert extract_week(source, small_plan(), WEEK)["order_lines"]["quantity"][0] == 2


@pytest.mark.parametrize(("taken_out", "left"), [("2026-11-19", [2]), ("2026-11-21", [1, 2])])
def test_a_line_is_taken_out_of_its_order_by_a_later_row_of_nothing(taken_out, left):
    source = changed(
        everywhere("order_lines", "as_of", "2026-11-16T00:00Z"),
        add("order_lines", as_of=f"{taken_out}T00:00Z", quantity="0"),
    )
    lines = extract_week(source, small_plan(), WEEK)["order_lines"]
    assert lines.loc[lines["order_id"] == "o1", "line_no"].tolist() == left


@settings(max_examples=8, deadline=None)
@given(
    moments=st.lists(st.integers(-5, 5), min_size=1, max_size=6, unique=True),
    later=st.integers(1, 5),
)
def test_nothing_known_after_as_of_changes_the_week(moments, later):
    versions = [add("skus", as_of=(AS_OF + dt.timedelta(hours=hour)).isoformat(),
                    unit_cost=str(100 + hour)) for hour in moments]  # fmt: skip
    future = add(
        "orders", order_id="o7", created_at=(AS_OF + dt.timedelta(hours=later)).isoformat()
    )
    week = extract_week(changed(*versions, future, add("order_lines", order_id="o7")),
                        small_plan(), WEEK)  # fmt: skip
    known = [hour for hour in moments if hour <= 0]
    cost = week["skus"].set_index("sku_id")["unit_cost"][TABLES["skus"].sku_id[0]]
    assert cost == (100 + max(known) if known else 0)
    assert "o7" not in set(week["orders"]["order_id"])


CELLS = st.one_of(
    st.text(max_size=20), st.text(string.printable, max_size=8),
    st.sampled_from(["NA", "null", "None", "-0", "1e309", "0x10", "１２", "٣", "2026-W53", "=1+1",
                     "\u202e", "\ud7ff", "NaN", "-inf"]),
)  # fmt: skip


@st.composite
def poisons(draw):
    """A change of one table: a cell, a whole column, a row more or less, or all of them gone."""
    table = draw(st.sampled_from(sorted(TABLES)))
    column = draw(st.sampled_from(list(TABLES[table].columns)))
    row, cell = draw(st.integers(0, len(TABLES[table]) - 1)), draw(CELLS)
    return table, draw(st.sampled_from([
        put(table, column, cell, row), put(table, column, cell, row),
        everywhere(table, column, cell), add(table, **{column: cell}), again(table),
        drop_rows(table, lambda rows: rows.index != row),
        drop_rows(table, lambda rows: rows.index < 0), without(table, column),
    ]))  # fmt: skip


@pytest.mark.matrix("cells, columns and rows of any tables, several at once", page="bad-input")
@settings(max_examples=18, deadline=None)
@given(
    changes=st.lists(poisons(), min_size=1, max_size=4, unique_by=lambda one: one[0]),
    gone=st.sets(st.sampled_from(sorted(TABLES)), max_size=1),
)
def test_r12_any_poison_is_read_or_refused_but_never_crashes(changes, gone):
    kept = [change for table, change in changes if table not in gone]
    source = changed(*kept, *[without(table) for table in gone])
    for breach in _outcome(source):
        known = {column.name for column in TABLES_READ[breach.table].columns}
        assert set(breach.column.split("+")) - known <= {""}
        assert breach.rule
        assert breach.remedy


def test_r12_an_empty_key_is_told_in_words():
    """In words for people, and not as what Python calls an empty number or date."""
    told = set()
    for table in ("orders", "order_lines", "site_caps", "menu", "delivery_days", "skus"):
        cells = TABLES[table]
        keys = [column for column in TABLES_READ[table].key if column in cells]
        emptied = [put(table, column, "", row % len(cells)) for row, column in enumerate(keys)]
        told |= {part for breach in _outcome(changed(*emptied)) for part in breach.key.split(", ")}
    assert {part.partition("=")[2] for part in told} & {"nan", "NaT", "None", "<NA>"} == set()
    assert {"order_id=empty", "delivery_date=empty", "line_no=empty"} <= told


def _outcome(source):
    try:
        extract_week(source, small_plan(), WEEK)
    except DataError as error:
        return error.breaches or [Breach("menu_weeks", "", "", "", error.problem, error.remedy)]
    return []


@pytest.mark.matrix("names in any script, emoji, right-to-left, 500 characters", page="bad-input")
def test_names_of_any_script_and_length_are_fine():
    names = ["Żurek 🍲 with egg", "מרק עדשים", "x" * 500, "NA", "=1+1"]
    source = changed(*[put("recipes", "name", name, row) for row, name in enumerate(names)])
    told = extract_week(source, small_plan(), WEEK)["recipes"]["name"].tolist()
    assert told[:5] == names


def test_decomposed_letters_become_composed_ones():
    source = changed(put("sites", "name", "Cafe\u0301  "))
    assert extract_week(source, small_plan(), WEEK)["sites"]["name"][0] == "Caf\u00e9"
