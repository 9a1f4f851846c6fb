import json

import pandas as pd
from publish_world import WEEKS, forecast_tables

from sitecast.publish.summary import busiest_site_days, summarise, unallocated_by_limit


def both_weeks() -> dict[str, pd.DataFrame]:
    weeks = [forecast_tables(week) for week in WEEKS]
    return {name: pd.concat([week[name] for week in weeks]) for name in weeks[0]}


def test_totals_are_sums_of_means() -> None:
    summary = summarise(both_weeks())
    # a week: 2 sites × 3 days × 38 boxes, and 2.5 without a site; 20 + 1 committed ones
    week = {
        "menu_week": WEEKS[0], "boxes": 230.5, "boxes_allocated": 228, "boxes_unallocated": 2.5,
        "boxes_committed": 121, "kits": 60, "skus": 2, "cases_to_buy": 156,
    }  # fmt: skip
    assert summary["weeks"][0] == week
    assert summary["total"] == {
        "boxes": 461, "boxes_allocated": 456, "boxes_unallocated": 5, "boxes_committed": 242,
        "kits": 120, "skus": 2, "cases_to_buy": 312,
    }  # fmt: skip
    assert json.loads(json.dumps(summary, allow_nan=False)) == summary


def test_fullest_site_days_come_first_and_uncapped_sites_last() -> None:
    load = forecast_tables(WEEKS[0])["site_load"]
    load.loc[load.index[2], "boxes_p50"] = 40.0
    days = busiest_site_days(load, most=6)
    assert [day["site_id"] for day in days] == ["north"] * 3 + ["south"] * 3
    assert (days[0]["used"], days[0]["production_date"]) == (1, "2026-11-27")
    assert (days[-1]["used"], days[-1]["cap_boxes"]) == (None, None)


def test_boxes_without_a_site_are_grouped_by_what_binds() -> None:
    frame = forecast_tables(WEEKS[0])["unallocated"]
    twice = pd.concat([frame, frame.assign(region_id="d")])
    assert unallocated_by_limit(twice) == [
        {"reason": "cap_binds", "binding": "north full on 2026-11-26", "boxes_mean": 5,
         "boxes_committed": 2}
    ]  # fmt: skip


def test_plan_where_everything_fits_has_no_unallocated_rows() -> None:
    tables = both_weeks()
    tables["unallocated"] = tables["unallocated"].iloc[:0]
    summary = summarise(tables)
    assert summary["unallocated"] == []
    assert summary["total"]["boxes_unallocated"] == 0
