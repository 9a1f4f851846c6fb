"""Netting of stock and open purchase orders, against a store kept unit by unit."""

import math
from typing import NamedTuple

import hypothesis.strategies as st
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from scipy.sparse import csr_array
from scipy.sparse.csgraph import maximum_bipartite_matching

from sitecast.publish.buying import buy_plan
from sitecast.records.tables_purchases import PURCHASE_PLAN
from sitecast.records.tables_read import OPEN_POS, STOCK

TODAY = pd.Timestamp("2026-11-20")
WEEKS = ("2026-W48", "2026-W49")
SOURCES = ("from_stock", "from_open_pos", "from_surplus")
SKUS = {"a": (1.0, 0.0, 2), "b": (3.0, 0.0, 3), "c": (4.0, 10.0, 1), "d": (2.0, 6.0, 0)}
"""sku_id → case_size, moq, shelf_life_days."""


class Case(NamedTuple):
    """One plan: days are counted from TODAY."""

    needs: list[tuple[str, str, str, int, int]]
    """menu_week, site, sku, day, quantity."""
    stock: list[tuple[str, str, int, int]]
    """site, sku, last usable day, quantity."""
    orders: list[tuple[str, str, int, int]]
    """site, sku, due day, quantity."""


site, sku = st.sampled_from(["n", "s"]), st.sampled_from(list(SKUS))
lots = st.lists(st.tuples(site, sku, st.integers(-2, 7), st.integers(0, 9)), max_size=12)
cases = st.builds(
    Case,
    st.lists(st.tuples(st.sampled_from(WEEKS), site, sku, st.integers(-1, 6), st.integers(0, 9)),
             max_size=25, unique_by=lambda row: row[:4]),
    lots.map(lambda rows: list({row[:3]: row for row in rows}.values())), lots,
)  # fmt: skip


def day(number):
    return TODAY + pd.Timedelta(days=number)


def planned(case, scale=1.0, days_to_next_plan=2):
    needs = pd.DataFrame(
        [(*key, day(d), q * scale, "g", *SKUS[key[2]], day(d - 1)) for *key, d, q in case.needs],
        columns=["menu_week", "site_id", "sku_id", "need_date", "qty_required", "uom",
                 "case_size", "moq", "shelf_life_days", "order_by"],
    ).astype({"need_date": "datetime64[ms]", "order_by": "datetime64[ms]"})  # fmt: skip
    needs = needs.assign(case_size=needs["case_size"] * scale, moq=needs["moq"] * scale)
    stock = [(s, k, day(d), q * scale) for s, k, d, q in case.stock]
    orders = [(f"p{i}", s, k, day(d), q * scale) for i, (s, k, d, q) in enumerate(case.orders)]
    return buy_plan(
        needs,
        STOCK.shaped(pd.DataFrame(stock, columns=["site_id", "sku_id", "expiry_date", "qty"])),
        OPEN_POS.shaped(
            pd.DataFrame(orders, columns=["po_id", "site_id", "sku_id", "due_date", "qty"])
        ),
        TODAY, day(days_to_next_plan),
    )  # fmt: skip


def unit_by_unit(case):
    """(site, day, week, sku) → units from stock, open orders, surplus; missing, cases, left."""
    shelf = [(q, s, k, 0, last, 0) for s, k, last, q in case.stock]
    shelf += [(q, s, k, max(due, 0), max(due, 0) + SKUS[k][2], 1) for s, k, due, q in case.orders]
    units = [tuple(lot) for q, *lot in shelf for _ in range(q)]
    found = {}
    for week, site, sku, day, wanted in sorted(case.needs, key=lambda row: (row[3], row[0])):
        if day < 0:
            continue
        size, least, keeps = SKUS[sku]
        used = [0, 0, 0]
        for _ in range(wanted):
            fit = [u for u in units if u[:2] == (site, sku) and u[2] <= day <= u[3]]
            if fit:
                first = min(fit, key=lambda u: (u[3], u[2], *u[4:]))
                units.remove(first)
                used[first[4]] += 1
        missing = wanted - sum(used)
        packs = math.ceil(max(missing, least) / size) if missing else 0
        units += [(site, sku, day, day + keeps, 2, week)] * int(packs * size - missing)
        found[week, site, day, sku] = (*used, missing, packs)
    return {
        (week, site, day, sku): (
            *row, sum(u[:3] == (site, sku, day) and u[5:] == (week,) for u in units)
        )
        for (week, site, day, sku), row in found.items()
    }  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(cases)
def test_every_row_is_what_a_store_kept_unit_by_unit_gives(case):
    plan = planned(case)
    days = (plan["need_date"] - TODAY).dt.days
    keys = zip(plan["menu_week"], plan["site_id"], days, plan["sku_id"], strict=True)
    rows = plan[[*SOURCES, "net", "cases", "left_over"]].itertuples(index=False, name=None)
    assert dict(zip(keys, rows, strict=True)) == unit_by_unit(case)


@settings(max_examples=30, deadline=None)
@given(cases, st.sampled_from([1.0, 0.1, 1 / 3]), st.integers(0, 6))
def test_quantities_are_conserved_and_orders_are_least(case, scale, days_to_next_plan):
    plan = planned(case, scale, days_to_next_plan)
    assert PURCHASE_PLAN.breaches(plan) == []  # nothing is negative, every key stands once
    assert plan[list(PURCHASE_PLAN.key)].equals(
        plan[list(PURCHASE_PLAN.key)].sort_values(list(PURCHASE_PLAN.key), ignore_index=True)
    )
    covered = plan[[*SOURCES, "net"]].sum(axis=1)
    assert covered.tolist() == pytest.approx(plan["qty_required"].tolist())
    assert (plan["commit_now"] + plan["flex_later"] == plan["qty_ordered"]).all()
    due = plan["order_by"] <= day(days_to_next_plan)
    assert (plan.loc[due, "flex_later"] == 0).all()
    assert (plan.loc[~due, "commit_now"] == 0).all()
    packs = pd.DataFrame([SKUS[key] for key in plan["sku_id"]], columns=["size", "moq", "keeps"])
    size, moq = packs["size"] * scale, packs["moq"] * scale
    least = np.maximum(plan["net"], moq).where(plan["net"] > 0, 0.0)
    assert (plan["qty_ordered"] >= least - 1e-9).all()
    assert ((plan["qty_ordered"] - size < least) | (plan["cases"] == 0)).all()
    there = pd.DataFrame(case.stock, columns=["site_id", "sku_id", "last", "qty"])
    there = there.groupby(["site_id", "sku_id"])["qty"].sum() * scale
    used = plan.groupby(["site_id", "sku_id"])["from_stock"].sum()
    assert (used <= there.reindex(used.index, fill_value=0) + 1e-9).all()


@settings(max_examples=30, deadline=None)
@given(cases)
def test_no_other_use_of_the_lots_would_leave_less_to_buy(case):
    """Largest matching of units needed and units there; without packs nothing else is bought."""
    only = Case(*([row for row in rows if "a" in row] for rows in case))
    plan = planned(only)
    keeps = SKUS["a"][2]
    there = [(s, 0, last) for s, _, last, q in only.stock for _ in range(q)]
    there += [(s, max(d, 0), max(d, 0) + keeps) for s, _, d, q in only.orders for _ in range(q)]
    needed = [(s, d) for _, s, _, d, q in only.needs for _ in range(q) if d >= 0]
    fits = [[s == t and d0 <= d <= d1 for t, d0, d1 in there] for s, d in needed]
    if not needed or not there:
        assert plan["net"].sum() == len(needed)
        return
    matched = maximum_bipartite_matching(csr_array(np.array(fits, dtype=np.int8)), "column")
    assert plan["net"].sum() == len(needed) - (matched >= 0).sum()


@settings(max_examples=15, deadline=None)
@given(cases, st.randoms(use_true_random=False))
def test_r7_the_order_of_the_rows_changes_nothing(case, random):
    mixed = Case(*(random.sample(rows, len(rows)) for rows in case))
    assert planned(mixed).equals(planned(case))


def test_an_order_on_the_day_the_next_plan_is_made_is_made_now():
    case = Case([(WEEKS[0], "n", "a", d, 5) for d in (2, 3, 4)], [], [])
    plan = planned(case, days_to_next_plan=2)
    assert plan["commit_now"].tolist() == [5, 5, 0]
    assert plan["flex_later"].tolist() == [0, 0, 5]


def test_rounding_dust_is_not_bought():
    case = Case([(WEEKS[0], "n", "c", 1, 3)], [("n", "c", 5, 1), ("n", "c", 6, 2)], [])
    assert planned(case, scale=0.1)[["net", "cases"]].to_numpy().tolist() == [[0.0, 0.0]]
