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
    tables = forecast_tables(WEEKS[0])
    load = tables["site_load"]
    load.loc[load.index[2], "boxes_p50"] = 40.0
    days = busiest_site_days(load, tables["capacity_value"], most=6)
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


def test_busiest_site_days_tell_what_ten_percent_of_cap_is_worth() -> None:
    days = summarise(both_weeks())["busiest"]
    assert [(day["more_saves"], day["less_costs"]) for day in days] == [(125, 125)] * 5
    tables = forecast_tables(WEEKS[0])
    none = busiest_site_days(tables["site_load"], tables["capacity_value"].iloc[:0])
    assert [(day["more_saves"], day["less_costs"]) for day in none] == [(None, None)] * 5


def test_change_is_told_beside_its_bound_over_all_weeks() -> None:
    # a week: 30 + 34 of 800 pieces, of which 20 + 22 had to
    assert summarise(both_weeks())["churn"] == {"wape_site": 0.08, "wape_global": 0.0525}
    tables = both_weeks()
    tables["churn"] = tables["churn"].iloc[:0]
    assert summarise(tables)["churn"] is None


def test_missed_floors_and_final_boxes_above_a_cap_are_listed() -> None:
    tables = both_weeks()
    assert summarise(tables)["below_floor"] == []
    load = tables["site_load"].reset_index(drop=True)
    for row, p, missing in ((2, 0.5, 3.0), (4, 0.75, 1.25)):
        load.loc[row, ["floor_boxes", "p_below_floor", "boxes_below_floor"]] = [50, p, missing]
        load.loc[row, "floor_reason"] = "too_few_boxes"
    load.loc[0, "over_cap_frozen"] = 7
    summary = summarise({**tables, "site_load": load})
    day = {"menu_week": WEEKS[0], "site_id": "north", "floor_boxes": 50,
           "floor_reason": "too_few_boxes"}  # fmt: skip
    assert summary["below_floor"] == [
        {**day, "production_date": "2026-11-28", "p_below_floor": 0.75, "boxes_below_floor": 1.25},
        {**day, "production_date": "2026-11-27", "p_below_floor": 0.5, "boxes_below_floor": 3},
    ]
    days = [(row["site_id"], row["production_date"], row["over_cap_frozen"])
            for row in summary["over_cap"]]  # fmt: skip
    assert days == [("north", None, 15), ("north", None, 15), ("north", "2026-11-26", 7)]
