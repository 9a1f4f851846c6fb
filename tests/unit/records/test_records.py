import dataclasses

import numpy as np
import pandas as pd
import pytest
from worlds import small_plan, small_provenance, small_week

from sitecast.errors import SettingsError
from sitecast.records.plan import ForecastPlan, checked_plan_id
from sitecast.records.tables_orders import ORDER_LINES, ORDERS
from sitecast.records.tables_read import TABLES_READ
from sitecast.records.week_axes import week_axes
from sitecast.records.week_record import WeekData, content_hash


def test_the_small_company_keeps_the_contract():
    week = small_week()
    found = [b for name, frame in week.tables.items() for b in TABLES_READ[name].breaches(frame)]
    assert found == []


def test_breaches_name_table_column_key_value_and_remedy():
    lines = small_week()["order_lines"].copy()
    lines.loc[0, "quantity"] = -2
    lines.loc[1, "item_type"] = "drink"
    lines.loc[2, "line_no"] = 3
    lines.loc[4, "line_no"] = 3
    messages = [str(breach) for breach in ORDER_LINES.breaches(lines)]
    assert any("order_lines.quantity at order_id=o1, line_no=1 = -2" in m for m in messages)
    assert any(
        "item_type" in m and "= drink: must be one of recipe, product" in m for m in messages
    )
    assert any("order_id=o2, line_no=3" in m and "stands twice" in m for m in messages)


def test_missing_columns_empty_cells_and_infinite_values_are_breaches():
    week = small_week()
    missing = ORDERS.breaches(week["orders"].drop(columns=["segment"]))
    assert [(b.column, b.rule) for b in missing] == [("segment", "column is missing")]
    bom = week["recipe_bom"].copy()
    bom.loc[0, "qty"] = np.inf
    bom.loc[1, "sku_id"] = None
    rules = {b.column: b.rule for b in TABLES_READ["recipe_bom"].breaches(bom)}
    assert set(rules) == {"qty", "sku_id"}
    assert rules["sku_id"] == "must not be empty"


def test_plan_json_is_canonical():
    plan = small_plan(horizon_weeks=3)
    assert ForecastPlan.from_json(plan.to_json()) == plan
    assert list(plan.as_table()["n_draws"]) == [20]


@pytest.mark.parametrize("plan_id", ["", "../x", "20261120T0600-0123456789AB", "x" * 40])
def test_plan_ids_are_checked_before_they_touch_a_path(plan_id):
    with pytest.raises(SettingsError, match="not a plan id"):
        checked_plan_id(plan_id)


def test_r7_the_version_follows_content_and_provenance_only():
    week = small_week()
    assert week.version == small_week().version
    other = dataclasses.replace(week, provenance=small_provenance(small_plan(), "2026-W49"))
    assert other.version != week.version
    changed = {**week.tables, "sites": week["sites"].assign(priority=[2, 1])}
    assert WeekData(week.provenance, changed).version != week.version


def test_content_hash_tells_empty_from_missing_and_shifted_text():
    def text_hash(*values):
        return content_hash(pd.DataFrame({"a": pd.Series(values, dtype=ORDERS["order_id"].dtype)}))

    assert len({text_hash("ab", "c"), text_hash("a", "bc"), text_hash("abc", ""),
                text_hash("abc", None)}) == 4  # fmt: skip


def test_axes_know_who_reaches_and_makes_what():
    axes = week_axes(small_week())
    assert axes.sites.tolist() == ["north", "south"]
    assert axes.reach[0].tolist() == [3, 3, 1]
    items = axes.items()
    both = dict(zip(items["item_id"], axes.item_sites.tolist(), strict=True))
    assert both["r4"] == 1
    assert both["cola"] == 3
    lane = axes.lanes.loc[axes.lane[0, 0, 1]]
    assert str(lane["production_date"].date()) == "2026-11-26"


def test_a_closed_site_reaches_nothing():
    sites = small_week()["sites"].assign(closes_on=pd.Timestamp("2026-11-27"))
    axes = week_axes(small_week(sites=sites))
    assert axes.reach[2].tolist() == [0, 0, 0]
