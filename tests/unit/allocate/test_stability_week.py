"""A week allocated close to its last forecast, through allocate_orders()."""

import numpy as np
import pandas as pd
import pytest
from boxes_by_hand import boxes_by_hand
from worlds import small_plan, small_week

from sitecast.allocate import allocate_orders
from sitecast.forecast import forecast_sites
from sitecast.records.tables_written import TABLES_WRITTEN

DRAWS = 6
SAME = ("site_load", "unallocated", "unallocated_draws")


def free_week(plan):
    """Both sites serve every region at the same cost, and their caps bind."""
    links = small_week()["region_sites"].drop_duplicates("region_id")
    links = pd.concat([links.assign(site_id=site, cost_per_box=300, transit_days=1)
                       for site in ("north", "south")])  # fmt: skip
    dates = pd.date_range("2026-11-27", "2026-11-29")
    rows = [(site, date, 50) for site in ("north", "south") for date in dates]
    caps = pd.DataFrame(rows, columns=["site_id", "production_date", "cap_boxes"])
    return small_week(plan, region_sites=links, site_caps=caps)


@pytest.fixture(scope="module", params=[7, 8], ids=["draws of the same seed", "of another seed"])
def days(request):
    """Yesterday's forecast, and today's allocation without it and with it."""
    plan = small_plan(draws=DRAWS)
    week = free_week(plan)
    first = boxes_by_hand(week, plan, 1, 250, 60)
    old_plan = small_plan(draws=DRAWS, seed=request.param)
    old = allocate_orders(week, first.simulated, old_plan, first.placed, first.boxes_of_draw)
    previous = forecast_sites(week, old, old_plan, free_week(old_plan).provenance)
    made = boxes_by_hand(week, plan, 2, 250, 60)
    plain, kept = (allocate_orders(week, made.simulated, plan, made.placed, made.boxes_of_draw,
                                   previous=last) for last in (None, previous))  # fmt: skip
    return old, plain, kept


def test_r3_r4_loads_prices_and_boxes_left_over_stay(days):
    _, plain, kept = days
    assert np.array_equal(plain.boxes, kept.boxes)
    assert np.array_equal(plain.boxes_committed, kept.boxes_committed)
    for name in SAME:
        pd.testing.assert_frame_equal(plain.tables[name], kept.tables[name])


def test_no_piece_is_lost_and_placed_ones_are_in_every_draw(days):
    _, plain, kept = days
    day = kept.axes.lanes["day"].to_numpy()
    for date in range(len(kept.axes.days)):
        sums = [made.kits[:, day == date].sum(axis=1) for made in (plain, kept)]
        assert np.array_equal(*sums)
    assert (kept.kits_committed <= kept.kits).all()
    assert (kept.box_packs_committed <= kept.box_packs).all()


def test_r2_boxes_stay_where_they_are_made(days):
    _, plain, kept = days
    before, after = (made.tables["allocations"] for made in (plain, kept))
    pd.testing.assert_series_equal(before["reason"], after["reason"])
    assert TABLES_WRITTEN["allocations"].breaches(after) == []
    taken = after["site_id"].notna()
    assert (before["site_id"] != after["site_id"])[taken].any()


def test_sites_are_asked_for_what_they_were_asked_for(days):
    """The mean of the draws, since other seeds have no draws in common."""
    old, plain, kept = days
    change = [np.abs(made.kits.mean(axis=0) - old.kits.mean(axis=0)).sum()
              for made in (plain, kept)]  # fmt: skip
    assert change[1] < change[0]


def test_r11_churn_is_told_with_its_bound(days):
    _, _, kept = days
    churn = kept.tables["churn"]
    assert churn["draw"].tolist() == list(range(DRAWS))
    assert (churn["least"] <= churn["changed"]).all()
    assert churn["pieces"].tolist() == kept.kits.sum(axis=(1, 2)).tolist()

    assert TABLES_WRITTEN["churn"].breaches(churn) == []
    assert set(churn["plan_from"]) == {small_plan().plan_id}


def test_the_first_forecast_has_nothing_to_stay_close_to(days):
    _, plain, _ = days
    assert len(plain.tables["churn"]) == 0
