import pandas as pd
import pytest
from worlds import DAYS, WEEK, small_plan

from sitecast.extract import extract_week, open_source


def test_quantiles_become_a_mean_and_a_standard_deviation(csv_folder):
    rows = [
        (WEEK, DAYS[0], "a", "family", 80.0, 100.0, 125.63),
        (WEEK, DAYS[0], "b", "vegan", "", 7, ""),
    ]
    columns = [
        "menu_week",
        "delivery_date",
        "region_id",
        "segment",
        "p10_boxes",
        "p50_boxes",
        "p90_boxes",
    ]
    pd.DataFrame(rows, columns=columns).to_csv(csv_folder / "box_forecast.csv", index=False)
    week = extract_week(open_source("input", csv_folder.parent, None), small_plan(), WEEK)
    told = week["box_forecast"]
    assert told["mean_boxes"].tolist() == [100.0, 7.0]
    assert told["sd_boxes"][0] == pytest.approx(45.63 / 2.563103)
    assert told["sd_boxes"].isna().tolist() == [False, True]
