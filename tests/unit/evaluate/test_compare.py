import datetime as dt

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from poisoned import MemorySource
from worlds import WEEK, small_plan, small_provenance, small_week

from sitecast.errors import DataError
from sitecast.evaluate import (
    PlannedWeek,
    actual_need,
    compare_with_actuals,
    measure,
    references,
)
from sitecast.evaluate.compare import EVER
from sitecast.evaluate.delivered import CELL
from sitecast.evaluate.forecast_cells import ForecastDraws
from sitecast.evaluate.measure import Forecast
from sitecast.records.tables_accuracy import FORECAST_ACCURACY
from sitecast.records.week_record import SiteForecast

WEEKS = {"2026-W45": "2026-11-01", "2026-W46": "2026-11-08", WEEK: "2026-11-28"}


class PastSource(MemorySource):
    """Three weeks of one order each: 1, 3 and 2 kits of r1 for two people, made at north."""

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


def planned(*kits, before=None, brought=None):
    """The week with so many kits of r1 at north in each draw, a box each."""
    plan = small_plan()
    draws = pd.DataFrame({"draw": range(len(kits)), "kits": kits, "boxes": kits}).assign(
        site_id="north", production_date=pd.Timestamp("2026-11-27"), item_type="recipe",
        item_id="r1", portions=2,
    )  # fmt: skip
    packs = draws.assign(item_type="box", item_id="1")
    mean = draws.head(1).assign(boxes_mean=np.mean(kits), kits_mean=np.mean(kits),
                                delivery_date=pd.Timestamp("2026-11-28"))  # fmt: skip
    boxes = pd.DataFrame({"site_id": ["north"] * kits[0], "region_id": "a"})
    tables = {"load_draws": draws, "site_forecast_draws": pd.concat([draws, packs]),
              "site_load": mean, "recipe_site_forecast": mean, "allocations": boxes}  # fmt: skip
    week = small_week(plan, box_forecast=brought)
    regions = pd.Series({"a": float(np.mean(kits))})
    return PlannedWeek(week, SiteForecast(small_provenance(plan), tables), regions, before)


def shown(kits):
    """A forecast of which only the means are asked."""
    cell = {
        "site_id": "north",
        "item_type": "recipe",
        "item_id": "r1",
        "kits_mean": kits,
        "boxes_mean": 1.0,
        "sku_id": "sku-rice",
        "kind": "ingredient",
        "qty_mean": 150.0 * kits,
    }
    frame = pd.DataFrame([cell])
    names = ("site_load", "recipe_site_forecast", "site_forecast")
    return SiteForecast(small_provenance(small_plan()), dict.fromkeys(names, frame))


def value(table, method, level="site_sku", what="wape"):
    row = table[(table["method"] == method) & (table["level"] == level)]
    return row[what].item()


def test_actual_need_is_kits_times_bom_with_yield():
    need = actual_need(PastSource(), EVER, [WEEK]).set_index("sku_id")["qty"]
    assert need.to_dict() == pytest.approx({"sku-chicken": 2 * 200 / 0.9, "sku-rice": 2 * 150.0})


def test_what_is_cancelled_placed_or_without_site_is_no_actual():
    orders = PastSource().tables["orders"]
    for change in ({"state": "placed"}, {"state": "cancelled"}, {"site_id": None}):
        source = PastSource(orders=orders.assign(**change))
        assert actual_need(source, EVER, list(WEEKS)).empty


def test_forecast_and_references_are_measured_over_the_same_cells():
    table = compare_with_actuals(PastSource(), small_plan(), [planned(1, 4)])
    assert table.dtypes.equals(FORECAST_ACCURACY.empty().dtypes)
    assert set(table["lead_day"]) == {8}
    assert table.groupby(["level", "method"]).size().eq(1).all()
    for level, n in {"site_sku": 2, "sku": 2, "site_item": 1, "item": 1}.items():
        assert set(table["n"][table["level"] == level]) == {n}
        assert value(table, "sitecast", level) == pytest.approx(0.25)
        assert value(table, "naive", level, "bias") == pytest.approx(0.5)
        assert value(table, "naive", level, "fva") == pytest.approx(0.25)
        assert value(table, "mean_8", level, "wape") == pytest.approx(0.0)
    assert value(table, "sitecast", "total") == pytest.approx(1.5)  # 2.5 boxes, and one was packed
    assert value(table, "mean_8", "total") == pytest.approx(0.0)


def test_spread_by_hand():
    table = compare_with_actuals(PastSource(), small_plan(), [planned(1, 4)])
    kits = table[(table["level"] == "item") & (table["method"] == "sitecast")].iloc[0]
    assert kits["noise_floor"] == pytest.approx(1.5 / 2.5)
    assert kits["coverage_80"] == kits["coverage_95"] == 1.0
    losses = (0.1 * (2 - 1), 0.5 * (2 - 1), 0.1 * (4 - 2))  # quantiles 1, 1 and 4; 2 were sold
    assert kits["pinball"] == pytest.approx(sum(losses) / 3 / 2)
    wide = compare_with_actuals(PastSource(), small_plan(), [planned(3, 4)])
    assert value(wide, "sitecast", "item", "coverage_95") == 0.0
    assert table.loc[table["method"] != "sitecast", "pinball"].isna().all()


def test_what_was_published_before_is_a_method_too():
    table = compare_with_actuals(PastSource(), small_plan(), [planned(2, 2, before=shown(3.0))])
    assert value(table, "previous_plan", "item") == pytest.approx(0.5)
    assert value(table, "previous_plan", "total") == pytest.approx(0.0)
    assert value(table, "sitecast", "site_sku") == pytest.approx(0.0)


def test_the_same_week_a_year_ago():
    starts = pd.to_datetime(["2025-11-29", "2026-11-08", "2026-11-28"])
    calendar = pd.DataFrame({"menu_week": list(WEEKS), "start_date": starts,
                             "end_date": starts + pd.Timedelta(days=6)})  # fmt: skip
    table = compare_with_actuals(PastSource(menu_weeks=calendar), small_plan(), [planned(2)])
    assert value(table, "seasonal_naive", "item") == pytest.approx(0.5)
    assert value(table, "naive", "item") == pytest.approx(0.5)
    plain = compare_with_actuals(PastSource(), small_plan(), [planned(2)])
    assert "seasonal_naive" not in set(plain["method"])


def test_a_week_whose_deliveries_are_not_known_yet_is_no_reference():
    orders = PastSource().tables["orders"].assign(state=["delivered", "placed", "delivered"])
    table = compare_with_actuals(PastSource(orders=orders), small_plan(), [planned(2)])
    for method in ("naive", "mean_8"):
        assert value(table, method, "item") == pytest.approx(0.5)  # one kit of the first week, of 2


@settings(deadline=None, max_examples=25)
@given(arrays(np.float64, (4, 5), elements=st.floats(0, 1e4)),
       arrays(np.float64, 4, elements=st.floats(0, 1e4)))  # fmt: skip
def test_r11_coarser_levels_are_never_worse(kits, actual):
    cells = pd.DataFrame(
        [(measure, site, item) for measure in ("need", "kits", "boxes")
         for site, item in (("a", "x"), ("a", "y"), ("b", "x"), ("b", "y"))], columns=CELL,
    )  # fmt: skip
    draws = ForecastDraws(cells, np.tile(kits, (3, 1)))
    truth = cells.assign(qty=np.tile(actual + 1.0, 3))
    table = measure(Forecast("p", WEEK, 8), truth, draws, {"naive": truth}, [truth] * 3)
    wape = table[table["method"] == "sitecast"].set_index("level")["wape"]
    for fine, coarse in (("site_sku", "sku"), ("site_item", "item"), ("site", "total")):
        assert wape[coarse] <= wape[fine] * (1 + 1e-9) + 1e-12
    bias = table[table["method"] == "sitecast"]["bias"]
    np.testing.assert_allclose(bias, bias.iloc[0], atol=1e-9)  # adding up keeps the sum
    assert (table.loc[table["method"] == "naive", "wape"] == 0).all()


def test_references_do_not_know_the_future():
    plan = small_plan()
    known, other = (references(PastSource(kits=kits), plan.as_of, [WEEK])[WEEK]
                    for kits in ((1, 3, 2), (1, 3, 77)))  # fmt: skip
    for method in ("naive", "mean_8"):
        pd.testing.assert_frame_equal(known[method], other[method])


def test_actuals_may_be_read_as_known_at_a_moment():
    early = dt.datetime(2026, 11, 20, tzinfo=dt.UTC)
    with pytest.raises(DataError, match="no delivered order names the site"):
        compare_with_actuals(PastSource(), small_plan(), [planned(1)], early)


def test_no_past_deliveries_is_an_error():
    past = PastSource().tables["orders"].assign(state=["placed", "placed", "delivered"])
    with pytest.raises(DataError, match="the past weeks"):
        compare_with_actuals(PastSource(orders=past), small_plan(), [planned(1)])


def test_cells_that_only_a_reference_has_are_covered_by_nobody():
    orders, lines = (PastSource().tables[name] for name in ("orders", "order_lines"))
    source = PastSource(order_lines=lines.assign(item_id=["r1", "r2", "r1"]), orders=orders)
    kits = compare_with_actuals(source, small_plan(), [planned(5, 6)]).query("level == 'item'")
    ours = kits[kits["method"] == "sitecast"].iloc[0]
    assert (ours["n"], ours["coverage_95"]) == (1, 0.0)  # r2 was last week's
    assert kits.loc[kits["method"] == "naive", "wape"].item() == pytest.approx((3 + 2) / 2)


def test_all_sites_together_are_one_cell():
    cells = pd.DataFrame([("boxes", site, "") for site in "ab"], columns=CELL)
    cells = pd.concat([cells, cells.assign(measure="kits"), cells.assign(measure="need")])
    truth = cells.assign(qty=1.0)
    table = measure(
        Forecast("p", WEEK, 8), truth, ForecastDraws(cells, np.full((6, 2), 9.0)), {}, [truth] * 3
    )
    total = table[table["level"] == "total"].iloc[0]
    assert (total["n"], total["coverage_80"]) == (1, 0.0)


def test_the_companys_own_forecast_is_a_method_of_all_boxes():
    day = pd.Timestamp("2026-11-28")
    brought = pd.DataFrame({"menu_week": WEEK, "delivery_date": day, "region_id": "a",
                            "segment": "family", "mean_boxes": [3.0]})  # fmt: skip
    table = compare_with_actuals(PastSource(), small_plan(), [planned(1, brought=brought)])
    own = table[table["method"] == "box_forecast"]
    assert own["level"].tolist() == ["total"]
    assert own["wape"].item() == pytest.approx(2.0)
    assert own["fva"].item() == pytest.approx(2.0)
