import datetime as dt

import pandas as pd
import pytest
from worlds import WEEK, small_plan, small_provenance, small_week

from sitecast.errors import DataError
from sitecast.evaluate import actual_need, compare_with_actuals, references
from sitecast.evaluate.compare import EVER
from sitecast.records.tables_written import FORECAST_ACCURACY
from sitecast.records.week_record import SiteForecast

WEEKS = {"2026-W45": "2026-11-01", "2026-W46": "2026-11-08", WEEK: "2026-11-28"}


class MemorySource:
    """Three weeks of one order each: 1, 3 and 2 kits of r1 for two people, made at north."""

    name = "memory"

    def __init__(self, kits=(1, 3, 2), **changed):
        week = small_week()
        starts = pd.to_datetime(pd.Series(list(WEEKS.values())))
        orders = pd.DataFrame({
            "order_id": list("abc"), "segment": "family", "menu_week": list(WEEKS),
            "delivery_date": starts, "region_id": "a", "portions": 2, "state": "delivered",
            "created_at": starts, "site_id": "north",
        })  # fmt: skip
        lines = pd.DataFrame(
            {
                "order_id": list("abc"),
                "line_no": 1,
                "item_type": "recipe",
                "item_id": "r1",
                "portions": [2, None, 2],
                "quantity": kits,
            }
        )
        calendar = pd.DataFrame({"menu_week": list(WEEKS), "start_date": starts,
                                 "end_date": starts + pd.Timedelta(days=6)})  # fmt: skip
        tables = {"orders": orders, "order_lines": lines, "menu_weeks": calendar}
        self.tables = {**week.tables, **tables, **changed}

    def read(self, table, menu_weeks=None):
        return self.tables.get(table)

    def fingerprints(self):
        return {}


def forecast(**qty):
    rows = [("north", name, "ingredient", value) for name, value in qty.items()]
    frame = pd.DataFrame([*rows, ("north", "sku-box", "packaging", 99.0)],
                         columns=["site_id", "sku_id", "kind", "qty_mean"])  # fmt: skip
    return SiteForecast(small_provenance(small_plan()), {"site_forecast": frame})


def value(table, method, level="site_sku", what="wape"):
    row = table[(table["method"] == method) & (table["level"] == level)]
    return row[what].item()


def test_actual_need_is_kits_times_bom_with_yield():
    need = actual_need(MemorySource(), EVER, [WEEK]).set_index("sku_id")["qty"]
    assert need.to_dict() == pytest.approx({"sku-chicken": 2 * 200 / 0.9, "sku-rice": 2 * 150.0})


def test_what_is_cancelled_placed_or_without_site_is_no_actual():
    orders = MemorySource().tables["orders"]
    for change in ({"state": "placed"}, {"state": "cancelled"}, {"site_id": None}):
        source = MemorySource(orders=orders.assign(**change))
        assert actual_need(source, EVER, list(WEEKS)).empty


def test_forecast_and_references_are_measured_over_the_same_pairs():
    table = compare_with_actuals(MemorySource(), small_plan(), [forecast(**{"sku-rice": 330.0})])
    assert table.dtypes.equals(FORECAST_ACCURACY.empty().dtypes)
    actual = 400 / 0.9 + 300
    assert set(table["n"][table["level"] == "site_sku"]) == {2}
    assert value(table, "sitecast") == pytest.approx((400 / 0.9 + 30) / actual)
    assert value(table, "sitecast", "total") == pytest.approx((actual - 330) / actual)
    assert value(table, "naive", what="bias") == pytest.approx(0.5)
    assert value(table, "mean_8", what="bias") == pytest.approx(0.0)


def test_references_do_not_know_the_future():
    plan = small_plan()
    known, other = references(MemorySource(), plan), references(MemorySource(kits=(1, 3, 77)), plan)
    pd.testing.assert_frame_equal(known["naive"], other["naive"])
    pd.testing.assert_frame_equal(known["mean_8"], other["mean_8"])


def test_actuals_may_be_read_as_known_at_a_moment():
    early = dt.datetime(2026, 11, 20, tzinfo=dt.UTC)
    with pytest.raises(DataError, match="no delivered order names the site"):
        compare_with_actuals(MemorySource(), small_plan(), [forecast()], early)


def test_no_past_deliveries_is_an_error():
    past = MemorySource().tables["orders"].assign(state=["placed", "placed", "delivered"])
    with pytest.raises(DataError, match="the past weeks"):
        compare_with_actuals(MemorySource(orders=past), small_plan(), [forecast()])
