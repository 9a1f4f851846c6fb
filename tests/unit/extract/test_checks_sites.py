import pandas as pd
from worlds import WEEK, small_plan, small_week

from sitecast.extract.checks_sites import site_breaches


def test_a_weeks_cap_below_its_floor_is_told():
    rows = [("north", WEEK, 5, 9), ("south", WEEK, None, 9)]
    limits = pd.DataFrame(rows, columns=["site_id", "menu_week", "cap_boxes", "floor_boxes"])
    week = small_week(site_week_caps=limits.astype({"cap_boxes": "Int64"}))
    (breach,) = site_breaches(week, small_plan().settings)
    assert (breach.table, breach.column) == ("site_week_caps", "cap_boxes")
    assert breach.key == f"site_id=north, menu_week={WEEK}"
