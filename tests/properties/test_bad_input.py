"""R12: bad input stops its own week with one error that lists every breach; other weeks go on."""

import copy
import datetime as dt
import string

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from worlds import AS_OF, DAYS, WEEK, small_plan, small_week

from sitecast.errors import DataError
from sitecast.extract import check_data, extract_week, read_calendar

NEXT = "2026-W49"
CYRILLIC_A = chr(0x410)


class MemorySource:
    """Tables as a CSV folder would give them: every cell is text."""

    name = "memory"

    def __init__(self, tables):
        self.tables = tables

    def read(self, table, menu_weeks=None):
        return self.tables.get(table)

    def fingerprints(self):
        return {}


def as_text(frame):
    return pd.DataFrame({
        name: ["" if pd.isna(value) else str(value) for value in frame[name]] for name in frame
    }, dtype=object)  # fmt: skip


TABLES = {name: as_text(frame) for name, frame in small_week().tables.items() if len(frame)}


def changed(*changes):
    tables = copy.deepcopy(TABLES)
    for change in changes:
        change(tables)
    return MemorySource(tables)


def put(table, column, value, row=0):
    def change(tables):
        tables[table].loc[row, column] = value

    return change  # fmt: skip


def add(table, **cells):
    def change(tables):
        frame = tables[table]
        row = {**frame.iloc[0].to_dict(), **cells}
        tables[table] = pd.concat([frame, pd.DataFrame([row])], ignore_index=True)

    return change  # fmt: skip


def again(table):
    return add(table)


def drop_rows(table, keep):
    def change(tables):
        tables[table] = tables[table][keep(tables[table])].reset_index(drop=True)

    return change  # fmt: skip


def without(table, column=None):
    def change(tables):
        if column is None:
            del tables[table]
        else:
            tables[table] = tables[table].drop(columns=column)

    return change  # fmt: skip


def everywhere(table, column, value):
    def change(tables):
        tables[table][column] = value

    return change  # fmt: skip


def breaches_of(source, plan=None):
    with pytest.raises(DataError, match="breaks the data contract") as caught:
        extract_week(source, plan or small_plan(), WEEK)
    return caught.value.breaches


# what is wrong, how it is made, then of the breach: table, column, part of key, of value, of rule
CASES = [
    ("missing table", without("sites"), "sites", "", "", "", "table is missing"),
    ("missing column", without("menu", "recipe_id"), "menu", "recipe_id", "", "", "missing"),
    ("missing date column", without("orders", "delivery_date"), "orders", "delivery_date", "", "",
     "column is missing"),
    ("text for a count", put("site_caps", "cap_boxes", "many"), "site_caps", "cap_boxes",
     "site_id=north", "many", "whole number"),
    ("fraction for a count", put("order_lines", "quantity", "1.5"), "order_lines", "quantity",
     "order_id=o1", "1.5", "whole number"),
    ("huge count", put("order_lines", "quantity", "1e20"), "order_lines", "quantity", "line_no=1",
     "1e20", "whole number"),
    ("count beyond 2**53", put("order_lines", "quantity", "9" * 17), "order_lines", "quantity",
     "order_id=o1", "9" * 17, "at most"),
    ("decimal comma", put("recipe_bom", "qty", "1,5"), "recipe_bom", "qty", "recipe_id=r1", "1,5",
     "decimal point"),
    ("impossible date", put("orders", "delivery_date", "2026-02-30"), "orders", "delivery_date",
     "order_id=o1", "2026-02-30", "a date such as"),
    ("local date form", put("delivery_days", "delivery_date", "28.11.2026"), "delivery_days",
     "delivery_date", "", "28.11.2026", "a date such as"),
    ("moment without a time zone's sense", put("orders", "created_at", "yesterday"), "orders",
     "created_at", "order_id=o1", "yesterday", "a moment such as"),
    ("neither true nor false", put("menu", "available", "maybe"), "menu", "available",
     "recipe_id=r1", "maybe", "true or false"),
    ("not a number", put("recipe_bom", "qty", "nan"), "recipe_bom", "qty", "recipe_id=r1", "nan",
     "a number"),
    ("infinite", put("skus", "unit_cost", "inf"), "skus", "unit_cost", "sku_id=", "inf", "number"),
    ("overflow to infinity", put("skus", "unit_cost", "1e999"), "skus", "unit_cost", "sku_id=",
     "inf", "at least 0"),
    ("empty key", put("menu", "recipe_id", "  "), "menu", "recipe_id", "menu_week=2026-W48",
     "empty", "must not be empty"),
    ("empty quantity", put("recipe_bom", "qty", ""), "recipe_bom", "qty", "recipe_id=r1", "empty",
     "must not be empty"),
    ("duplicate key", again("recipes"), "recipes", "recipe_id", "recipe_id=r1", "", "twice"),
    ("duplicate order", again("orders"), "orders", "order_id", "order_id=o1", "", "twice"),
    ("duplicate line", again("order_lines"), "order_lines", "order_id+line_no", "line_no=1", "",
     "twice"),
    ("keys equal once blanks are gone", add("skus", sku_id=f" {TABLES['skus'].sku_id[0]} "),
     "skus", "sku_id", "sku_id=", "", "twice"),
    ("negative quantity", put("order_lines", "quantity", "-1"), "order_lines", "quantity",
     "order_id=o1, line_no=1", "-1", "at least 1"),
    ("negative boxes", put("box_forecast", "mean_boxes", "-3"), "box_forecast", "mean_boxes",
     "region_id=a", "-3", "at least 0"),
    ("zero in a BOM", put("recipe_bom", "qty", "0"), "recipe_bom", "qty", "recipe_id=r1", "0",
     "above 0"),
    ("negative in a BOM", put("recipe_bom", "qty", "-75"), "recipe_bom", "qty", "portions=2",
     "-75", "above 0"),
    ("yield above 1", put("skus", "yield_rate", "1.2"), "skus", "yield_rate", "sku_id=", "1.2",
     "at most 1"),
    ("unknown unit", put("skus", "base_uom", "kg"), "skus", "base_uom", "sku_id=", "kg",
     "one of g, ml, each"),
    ("unknown state", put("orders", "state", "open"), "orders", "state", "order_id=o1", "open",
     "one of placed"),
    ("unknown recipe on the menu", add("menu", recipe_id="r9"), "menu", "recipe_id",
     "recipe_id=r9", "r9", "unknown recipe"),
    ("unknown recipe in an order", put("order_lines", "item_id", "r9"), "order_lines", "item_id",
     "order_id=o1", "r9", "unknown recipe"),
    ("unknown product in an order", put("order_lines", "item_id", "tea", 4), "order_lines",
     "item_id", "order_id=o2", "tea", "unknown product"),
    ("look-alike letter", put("menu", "recipe_id", CYRILLIC_A), "menu", "recipe_id", CYRILLIC_A,
     CYRILLIC_A, "unknown recipe"),
    ("unknown SKU", put("recipe_bom", "sku_id", "sku-saffron"), "recipe_bom", "sku_id",
     "recipe_id=r1", "sku-saffron", "unknown SKU"),
    ("unknown SKU in packaging", put("packaging_rules", "sku_id", "crate"), "packaging_rules",
     "sku_id", "rule_id=any", "crate", "unknown SKU"),
    ("unknown site", put("item_sites", "site_id", "moon"), "item_sites", "site_id", "moon", "moon",
     "unknown site"),
    ("unknown region", put("orders", "region_id", "z"), "orders", "region_id", "order_id=o1", "z",
     "unknown region"),
    ("unknown region in the forecast", put("box_forecast", "region_id", "z"), "box_forecast",
     "region_id", "segment=family", "z", "unknown region"),
    ("order of a recipe that is not on the menu", drop_rows("menu", lambda f: f.recipe_id != "r1"),
     "order_lines", "item_id", "order_id=o1", "r1", "not on the menu"),
    ("no BOM at a portions size",
     drop_rows("recipe_bom", lambda f: (f.recipe_id != "r2") | (f.portions != "4")),
     "recipe_bom", "recipe_id", "recipe_id=r2, portions=4", "", "no BOM for 4 portions"),
    ("BOM that has expired", everywhere("recipe_bom", "valid_to", "2026-01-01"), "recipe_bom",
     "recipe_id", "recipe_id=r1, portions=2", "", "no BOM"),
    ("BOM lines that overlap", add("recipe_bom", valid_from="2026-01-01"), "recipe_bom",
     "valid_from", "recipe_id=r1", "2026-01-01", "overlaps"),
    ("product without BOM", without("product_bom"), "products", "product_id", "cola", "cola",
     "no BOM"),
    ("item no site makes", drop_rows("item_sites", lambda f: f.item_id != "r4"), "item_sites",
     "item_id", "item_id=r4", "", "no site makes it"),
    ("no region is reachable", drop_rows("region_sites", lambda f: f.site_id == ""),
     "region_sites", "site_id", WEEK, "", "no site reaches any region"),
    ("cap below floor", put("site_caps", "floor_boxes", "41"), "site_caps", "cap_boxes",
     "site_id=north", "40", "cap below the floor"),
    ("empty menu", everywhere("menu", "available", "false"), "menu", "recipe_id", WEEK, "",
     "the menu is empty"),
    ("menu smaller than the smallest box", drop_rows("menu", lambda f: f.recipe_id == "r1"),
     "menu", "recipe_id", WEEK, "1", "less than the smallest box"),
    ("weeks that overlap", add("menu_weeks", menu_week=NEXT, start_date=DAYS[-1],
                               end_date="2026-12-04"),
     "menu_weeks", "start_date", "menu_week=2026-W48", DAYS[0], f"overlaps with {NEXT}"),
    ("week that ends before it starts", put("menu_weeks", "end_date", "2026-11-01"), "menu_weeks",
     "end_date", WEEK, "2026-11-01", "ends before it starts"),
    ("delivery date in two weeks", add("delivery_days", menu_week=NEXT), "delivery_days",
     "delivery_date", DAYS[0], DAYS[0], f"belongs to {NEXT} too"),
    ("delivery date outside its week", add("delivery_days", delivery_date="2026-12-24"),
     "delivery_days", "delivery_date", "2026-12-24", "2026-12-24", "lies outside"),
    ("week without delivery days", everywhere("delivery_days", "menu_week", NEXT),
     "delivery_days", "menu_week", "", WEEK, "no delivery day"),
    ("order outside its week", put("orders", "delivery_date", "2026-12-24"), "orders",
     "delivery_date", "order_id=o1", "2026-12-24", "not a delivery day"),
    ("forecast outside its week", put("box_forecast", "delivery_date", "2026-12-24"),
     "box_forecast", "delivery_date", "2026-12-24", "2026-12-24", "not a delivery day"),
    ("order after its cut-off", everywhere("delivery_days", "cutoff_at", "2026-11-01T00:00Z"),
     "orders", "created_at", "order_id=o1", "2026-11-15", "after the cut-off"),
    ("order without lines", drop_rows("order_lines", lambda f: f.order_id != "o3"), "orders",
     "order_id", "order_id=o3", "o3", "order without lines"),
    ("line without an order", add("order_lines", order_id="o9"), "order_lines", "order_id",
     "order_id=o9", "o9", "line without an order"),
    ("quantiles that cross", lambda tables: tables["box_forecast"].update(
        pd.DataFrame({"p10_boxes": ["9"], "p50_boxes": ["8"], "p90_boxes": ["12"]})),
     "box_forecast", "p50_boxes", "region_id=a", "8", "quantiles cross"),
    ("control character", put("sites", "name", "No\x07rth"), "sites", "name", "site_id=north",
     "x07", "without control characters"),
    ("reversed writing direction", put("skus", "name", "ok\u202egpj"), "skus", "name", "sku_id=",
     "u202e", "without control characters"),
    ("attributes that are no JSON", put("recipes", "attributes", "{protein: tofu}"), "recipes",
     "attributes", "recipe_id=r1", "{protein", "JSON object"),
    ("attributes with NaN", put("recipes", "attributes", '{"cook_min": NaN}'), "recipes",
     "attributes", "recipe_id=r1", "NaN", "JSON object"),
]  # fmt: skip


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


def test_r12_one_error_lists_the_breaches_of_many_tables():
    source = changed(
        put("order_lines", "quantity", "-1"), put("recipe_bom", "qty", "nan"),
        add("menu", recipe_id="r9"), put("site_caps", "floor_boxes", "41"),
        without("packaging_rules", "qty"),
    )  # fmt: skip
    tables = {breach.table for breach in breaches_of(source)}
    assert {"order_lines", "recipe_bom", "menu", "site_caps", "packaging_rules"} <= tables


def test_r12_a_missing_table_does_not_make_every_other_row_wrong():
    assert {breach.table for breach in breaches_of(changed(without("sites")))} == {"sites"}


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


@settings(max_examples=25, deadline=None)
@given(
    table=st.sampled_from(sorted(TABLES)), data=st.data(),
    cell=st.one_of(st.text(max_size=20), st.text(string.printable, max_size=8),
                   st.sampled_from(["NA", "null", "None", "-0", "1e309", "0x10", "１２", "٣",
                                    "2026-W53", "=1+1", "\u202e", "\ud7ff", "NaN", "-inf"])),
)  # fmt: skip
def test_r12_any_cell_is_read_or_refused_but_never_crashes(table, data, cell):
    column = data.draw(st.sampled_from(list(TABLES[table].columns)))
    source = changed(put(table, column, cell))
    assert all(breach.remedy and breach.rule for breach in _outcome(source))


def _outcome(source):
    try:
        extract_week(source, small_plan(), WEEK)
    except DataError as error:
        return error.breaches or [None]
    return []


def test_names_of_any_script_and_length_are_fine():
    names = ["Żurek 🍲 with egg", "מרק עדשים", "x" * 500, "NA", "=1+1"]
    source = changed(*[put("recipes", "name", name, row) for row, name in enumerate(names)])
    told = extract_week(source, small_plan(), WEEK)["recipes"]["name"].tolist()
    assert told[:5] == names


def test_decomposed_letters_become_composed_ones():
    source = changed(put("sites", "name", "Cafe\u0301  "))
    assert extract_week(source, small_plan(), WEEK)["sites"]["name"][0] == "Caf\u00e9"
