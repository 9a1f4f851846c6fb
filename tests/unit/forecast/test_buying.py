"""Service levels from costs, and packs to buy, on numbers that can be checked by hand."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from worlds import small_week

from sitecast.errors import DataError
from sitecast.forecast.buying import service_levels, with_orders
from sitecast.records.quantiles import draw_quantile
from sitecast.settings import plan_settings

money = st.integers(0, 40).map(float)


def levels(skus, **settings):
    frame = pd.DataFrame(skus, columns=["unit_cost", "shortage_cost", "surplus_cost"])
    return service_levels(frame, plan_settings({"service_level": 0.8, **settings})).tolist()


def test_costs_of_the_sku_go_first():
    assert levels([(2.0, 6.0, None), (2.0, 6.0, 1.0)]) == pytest.approx([3 / 4, 6 / 7])


def test_without_costs_the_plan_decides():
    assert levels([(2.0, None, None), (2.0, None, 0.5), (0.0, 0.0, 0.0)]) == [0.8, 0.8, 0.8]


def test_the_plans_ratio_stands_in_for_a_shortage_cost():
    skus = [(2.0, None, None), (2.0, None, 0.5), (2.0, 2.0, None), (0.0, None, None)]
    found = levels(skus, buying={"shortage_cost_ratio": 4})
    assert found == pytest.approx([4 / 5, 8 / 8.5, 1 / 2, 0.8])


def test_what_costs_nothing_to_have_is_never_short():
    assert levels([(0.0, 3.0, None), (3.0, 0.0, None)]) == [1.0, 0.0]


@given(st.lists(money, min_size=1, max_size=25), money, money)
def test_the_quantile_at_the_level_costs_least(draws, short, over):
    """The newsvendor: no other quantity costs less over the draws."""
    ordered = np.sort(np.array([draws]))
    level = np.array(levels([(1.0, short, over)]))

    def cost(qty):
        missing = ordered[0] - qty
        return (short * missing.clip(min=0) + over * (-missing).clip(min=0)).sum()

    best = min(cost(qty) for qty in range(int(ordered.max()) + 1))
    assert cost(draw_quantile(ordered, level)[0]) == pytest.approx(best)


@given(st.lists(st.lists(st.integers(0, 9), min_size=7, max_size=7), min_size=1, max_size=9),
       st.data())  # fmt: skip
def test_levels_by_row_are_levels_one_by_one(rows, data):
    ordered = np.sort(np.array(rows), axis=1)
    each = data.draw(st.lists(st.floats(0, 1), min_size=len(rows), max_size=len(rows)))
    one_by_one = [draw_quantile(ordered[[i]], level)[0] for i, level in enumerate(each)]
    assert draw_quantile(ordered, np.array(each)).tolist() == one_by_one


def test_packs_and_the_last_day_to_order():
    needs = with_orders(pd.DataFrame({
        "qty_required": [1200.0, 10.0, 0.0], "case_size": 500.0, "moq": [0.0, 900.0, 900.0],
        "need_date": pd.Timestamp("2026-11-27"), "lead_time_days": [0, 3, 30],
    }))  # fmt: skip
    assert needs["cases_to_buy"].tolist() == [3, 2, 0]
    assert [f"{day:%m-%d}" for day in needs["order_by"]] == ["11-27", "11-24", "10-28"]


def test_a_week_of_nothing_has_no_orders():
    columns = ["qty_required", "case_size", "moq", "need_date", "lead_time_days"]
    assert with_orders(pd.DataFrame(columns=columns)).empty


@pytest.mark.parametrize(("case_size", "moq"), [(1e-17, 0.0), (500.0, 1e300)])
def test_more_cases_than_can_be_counted_are_refused(case_size, moq):
    needs = pd.DataFrame({
        "sku_id": ["rice", "salt"], "qty_required": [1200.0, 2.0], "case_size": [case_size, 1.0],
        "moq": [moq, 0.0], "need_date": pd.Timestamp("2026-11-27"), "lead_time_days": 0,
    })  # fmt: skip
    with pytest.raises(DataError, match="more cases than can be counted") as told:
        with_orders(needs)
    (breach,) = told.value.breaches
    assert (breach.table, breach.column, breach.key) == ("skus", "case_size", "sku_id=rice")


def test_costs_may_be_left_out_of_the_input():
    skus = small_week()["skus"]
    assert skus[["shortage_cost", "surplus_cost"]].isna().all(axis=None)
    assert set(service_levels(skus, plan_settings({}))) == {0.9}
