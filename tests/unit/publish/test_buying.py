"""The purchase plan of a whole plan: which inputs it takes from where."""

import pandas as pd
import pytest
from publish_world import WEEKS, forecast_tables
from worlds import AS_OF, small_plan, small_provenance, small_week

from sitecast.publish.buying import plan_purchases
from sitecast.records.plan import ForecastPlan
from sitecast.records.tables_purchases import PURCHASE_PLAN
from sitecast.records.week_record import SiteForecast

RICE = 13_574.0  # 110 % of 12,340 g, each of three days a week; cases of 1,000 g


def purchases(stock=(), orders=(), **buying):
    settings = small_plan(buying=buying).settings
    plan = ForecastPlan("20261120T0600-0123456789ab", AS_OF, WEEKS, "test", settings, {})
    at_hand = pd.DataFrame(stock, columns=["site_id", "sku_id", "expiry_date", "qty"])
    coming = pd.DataFrame(orders, columns=["po_id", "site_id", "sku_id", "due_date", "qty"])
    weeks = {WEEKS[0]: small_week(stock=at_hand, open_pos=coming), WEEKS[1]: small_week()}
    forecasts = {
        week: SiteForecast(small_provenance(plan, week),
                           {"site_forecast": forecast_tables(week)["site_forecast"]})
        for week in WEEKS
    }  # fmt: skip
    bought = plan_purchases(plan, forecasts, weeks)
    assert PURCHASE_PLAN.breaches(bought) == []
    return bought[(bought["site_id"] == "north") & (bought["sku_id"] == "sku-rice")]


def test_one_stock_serves_both_weeks_once():
    rice = purchases([("north", "sku-rice", "2027-01-31", 4 * RICE)])
    assert rice["from_stock"].tolist() == pytest.approx([RICE] * 4 + [0.0] * 2)
    assert rice["cases"].tolist() == [0, 0, 0, 0, 14, 14]
    assert rice["from_surplus"].tolist() == pytest.approx([0.0] * 5 + [14_000 - RICE])
    assert set(rice["menu_week"].iloc[[0, -1]]) == set(WEEKS)


def test_an_order_on_its_way_counts_from_the_day_it_comes():
    rice = purchases(orders=[("p1", "north", "sku-rice", "2026-11-28", 2 * RICE)])
    left = 2 * (14_000 - RICE)  # of 14 cases on each of the two days before
    expected = [0.0, 0.0, RICE - left, RICE, left, 0.0]
    assert rice["from_open_pos"].tolist() == pytest.approx(expected)


def test_stock_can_be_left_to_weeks_before_the_plan():
    rice = purchases([("north", "sku-rice", "2027-01-31", 1e9)], net_of_stock=False)
    assert (rice["from_stock"] == 0).all()
    assert (rice["qty_ordered"].cumsum() >= rice["qty_required"].cumsum()).all()


def test_what_is_due_before_the_next_plan_is_made_now():
    assert (purchases(days_to_next_plan=0)["commit_now"] > 0).all()  # due on 19 November: late
