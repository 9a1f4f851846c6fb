"""What only looks wrong is told as a warning, and stops nothing."""

import dataclasses

import pandas as pd
import pytest
from poisoned import add, changed, everywhere, put
from worlds import AS_OF, WEEK, small_plan

from sitecast.extract import check_data, extract_week, implausible
from sitecast.records.tables_history import HISTORY_BOXES


def extracted(*changes):
    return extract_week(changed(*changes), small_plan(), WEEK)


def with_history(week, boxes, weeks):
    """The same week after `weeks` past weeks with so many boxes in region a."""
    row = {"region_id": "a", "segment": "family", "portions": 2, "n_kits": 3, "boxes": boxes,
           "default_boxes": 0, "delivery_date": pd.Timestamp("2026-11-07")}  # fmt: skip
    past = pd.DataFrame([{**row, "menu_week": f"2026-W{40 + back}"} for back in range(weeks)])
    tables = {**week.tables, "history_boxes": HISTORY_BOXES.shaped(past)}
    return dataclasses.replace(week, tables=tables)


@pytest.mark.matrix("box_forecast below placed orders: a warning", page="bad-input")
def test_a_cell_that_expects_fewer_boxes_than_are_placed_is_a_warning():
    assert implausible(extracted()) == []
    (warning,) = implausible(extracted(put("box_forecast", "mean_boxes", "0.5")))
    assert warning.severity == "warning"
    assert (warning.table, warning.column, warning.value) == ("box_forecast", "mean_boxes", "0.5")
    assert "region_id=a" in warning.key
    assert "fewer boxes are expected than are placed" in warning.rule
    assert str(warning).startswith("warning: box_forecast.mean_boxes at menu_week=2026-W48")


@pytest.mark.matrix("ten times the volume of history: a warning", page="bad-input")
def test_a_region_with_more_than_ten_times_its_usual_boxes_is_a_warning():
    week = extracted()
    expected = week["box_forecast"].groupby("region_id")["mean_boxes"].sum()["a"]
    tenth = int(expected // 10)
    assert implausible(with_history(week, tenth + 1, weeks=3)) == []
    (warning,) = implausible(with_history(week, tenth - 1, weeks=3))
    assert (warning.severity, warning.key) == ("warning", "region_id=a")
    assert f"10 times the {tenth - 1} boxes" in warning.rule


@pytest.mark.matrix("ids that differ by capitals only: a warning", page="bad-input")
def test_ids_that_differ_by_capitals_only_are_a_warning():
    week = extracted()
    skus = week["skus"]
    twin = skus.iloc[[0]].assign(sku_id=skus["sku_id"].iloc[0].upper())
    both = {**week.tables, "skus": pd.concat([skus, twin, twin], ignore_index=True)}
    warnings = implausible(dataclasses.replace(week, tables=both))
    assert [warning.severity for warning in warnings] == ["warning", "warning"]
    assert {warning.value for warning in warnings} == {*skus["sku_id"].iloc[:1], *twin["sku_id"]}
    assert {warning.rule for warning in warnings} == {"another id differs by capitals only"}


def test_check_data_tells_warnings_beside_errors():
    low = everywhere("box_forecast", "mean_boxes", "0.5")
    unused = add("skus", sku_id="unused", case_size="0")
    found = check_data(changed(low, unused), small_plan().settings, AS_OF, [WEEK])
    by_severity = {breach.severity: breach.table for breach in found}
    assert by_severity == {"warning": "box_forecast", "error": "skus"}
