import numpy as np
import pandas as pd
from volume_worlds import PLAN, START, week_of

from sitecast.demand.panel import read_panel
from sitecast.records.tables_drivers import DEMAND_DRIVERS
from sitecast.records.week_record import WeekData


def test_boxes_lie_where_they_were_sold_and_unknown_weeks_are_unknown():
    boxes = np.arange(1, 25).reshape(2, 4, 3)
    panel = read_panel(week_of(boxes, lag=2), PLAN)
    assert panel.lag == 2
    np.testing.assert_array_equal(panel.boxes[:, :4], boxes)
    assert np.isnan(panel.boxes[:, 4:]).all()
    assert panel.dates[0, 0] == np.datetime64(START, "D")
    assert list(panel.groups["region_id"]) == ["r00", "r01"]


def test_what_is_said_of_a_part_has_the_last_word():
    week = week_of(np.full((4, 3, 1), 20), segments=2)
    last = START + pd.Timedelta(weeks=3)
    rows = [(None, None, 1.0), (None, "s1", 2.0), ("r01", None, 3.0), ("r01", "s1", 4.0)]
    told = pd.DataFrame(rows, columns=["region_id", "segment", "value"]).assign(
        menu_week="w003", delivery_date=last, driver="price"
    )
    tables = {**week.tables, "demand_drivers": DEMAND_DRIVERS.shaped(told)}
    panel = read_panel(WeekData(week.provenance, tables), PLAN)
    np.testing.assert_array_equal(panel.drivers["price"][:, -1, 0], [1.0, 2.0, 3.0, 4.0])
    np.testing.assert_array_equal(panel.drivers["price"][:, :-1], 0.0)


def test_closed_days_and_days_without_anybody_say_nothing():
    boxes = np.full((3, 6, 2), 30)
    closed = np.zeros((3, 7, 2))
    closed[0, 2, 1] = closed[1, -1, 0] = 1.0
    boxes[:, 4, 0] = 0
    boxes[2, :2] = 0
    panel = read_panel(week_of(boxes, drivers={"closed": closed}), PLAN)
    assert np.isnan(panel.boxes[0, 2, 1])
    assert np.isnan(panel.boxes[:, 4, 0]).all()
    assert np.isnan(panel.boxes[2, :2]).all(), "it was not there yet"
    assert np.isfinite(panel.boxes).sum() == 36 - 1 - 3 - 4
    assert panel.closed.tolist() == [[False, False], [True, False], [False, False]]
