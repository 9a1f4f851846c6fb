"""The accuracy ledger and backtests in Dagster: measured when actuals arrive, never published."""

import datetime as dt

import dagster as dg
import pandas as pd
import pytest

from sitecast.records.tables_accuracy import BACKTEST_ACCURACY
from sitecast.store.accuracy import forecast_accuracy
from sitecast_dagster.resources import InstallationResource
from sitecast_dagster.sensors import accuracy
from sitecast_dagster.sensors.accuracy import MAX_ATTEMPTS, measurements_due

WEEK = "2026-W50"
"""The two weeks before it are the past: its forecast is made the day before it begins."""
AS_OF = "2026-12-11T06:00:00+00:00"
LATER = dt.datetime(2027, 2, 1, tzinfo=dt.UTC)


@pytest.fixture
def past(stage, monkeypatch):
    """Two delivered weeks; the plan file plans the third. The clock says February."""
    monkeypatch.setattr(InstallationResource, "now", lambda self: LATER)
    for week in ("2026-W48", "2026-W49"):
        stage.company.change("orders", week, state="delivered", site_id="north")
    stage.company.plan(as_of=AS_OF, first_menu_week=WEEK, horizon_weeks=1)
    return stage


def rows(stage, **which):
    return forecast_accuracy(stage.company.open().ledger, **which)


def figures(result, asset):
    (event,) = result.asset_materializations_for_node(asset)
    return {name: value.value for name, value in event.metadata.items()}


def another_future(company, after):
    """Orders created later go to other regions, and the box forecast of the week doubles."""
    path = company.home / "input" / "orders.parquet"
    orders = pd.read_parquet(path)
    late = orders["created_at"] > pd.Timestamp(after)
    assert late.any()
    orders.loc[late, "region_id"] = "c"
    orders.to_parquet(path)


def one_came_back(company):
    """One delivered box of the week turns out not to have been."""
    path = company.home / "input" / "orders.parquet"
    orders = pd.read_parquet(path)
    (first, *_) = orders.index[orders["menu_week"] == WEEK]
    orders.loc[first, "state"] = "cancelled"
    orders.to_parquet(path)


def test_a_week_is_measured_when_its_actuals_arrive(past):
    assert past.run("plan_weeks").success
    assert past.launch("forecast_week", [dg.RunRequest(partition_key=WEEK)])[0].success
    assert past.run("publish_forecast").success
    assert past.tick(accuracy) == []  # published and over, but nothing was delivered
    past.company.change("orders", WEEK, state="delivered", site_id="north")
    (request,) = past.tick(accuracy)
    assert request.partition_key == WEEK
    (result,) = past.launch("measure_accuracy", [request])
    assert result.success
    assert past.tick(accuracy) == []
    table = rows(past)
    assert set(table["menu_week"]) == {WEEK}
    assert {"sitecast", "naive", "mean_8", "box_forecast"} <= set(table["method"])
    ours = table[table["method"] == "sitecast"].set_index("level")
    shown = figures(result, "forecast_accuracy")
    assert shown["wape (site_sku)"] == pytest.approx(ours.loc["site_sku", "wape"])
    assert shown["coverage 80 (sku)"] == pytest.approx(ours.loc["sku", "coverage_80"])
    parts = [shown[f"wape from {part} (sku)"] for part in ("volume", "share", "allocation", "bom")]
    assert sum(parts) == pytest.approx(shown["wape (sku)"])
    assert shown["lead day"] == 1


def test_a_week_is_measured_again_when_its_actuals_were_corrected(past):
    assert past.run("plan_weeks").success
    assert past.launch("forecast_week", [dg.RunRequest(partition_key=WEEK)])[0].success
    assert past.run("publish_forecast").success
    past.company.change("orders", WEEK, state="delivered", site_id="north")
    (first,) = past.tick(accuracy)
    assert past.launch("measure_accuracy", [first])[0].success
    before = rows(past)
    one_came_back(past.company)
    (request,) = past.tick(accuracy)
    assert (request.partition_key, request.run_key != first.run_key) == (WEEK, True)
    assert past.launch("measure_accuracy", [request])[0].success
    assert past.tick(accuracy) == []
    after = rows(past)
    assert len(after) == len(before)
    assert set(after["actuals"]).isdisjoint(before["actuals"])
    boxes = [table.set_index(["level", "method"])["actual"]["total", "sitecast"]
             for table in (before, after)]  # fmt: skip
    assert boxes[1] == boxes[0] - 1


def test_corrections_are_looked_for_every_few_hours(past):
    assert past.run("plan_weeks").success
    resources = {"installation": past.company.resource}
    for cursor, looked in ((LATER.isoformat(), False), ("2027-01-31T18:00:00+00:00", True)):
        with dg.build_sensor_context(
            instance=past.instance, resources=resources, cursor=cursor
        ) as context:
            accuracy(context)
            assert (context.cursor != cursor) == looked


def test_measurements_are_due_once_per_failure_and_not_for_ever():
    waiting = {"2026-W48": ["p2", "p1"], "2026-W49": ["p3"], "2026-W50": []}
    assert measurements_due(waiting, {}, []) == {
        "2026-W48": "2026-W48:p1+p2:0", "2026-W49": "2026-W49:p3:0",
    }  # fmt: skip
    assert measurements_due(waiting, {"2026-W48": 2}, ["2026-W49"]) == {
        "2026-W48": "2026-W48:p1+p2:2"
    }
    assert measurements_due(waiting, {"2026-W48": MAX_ATTEMPTS}, ["2026-W49"]) == {}


def test_a_backtest_knows_no_future_and_leaves_the_current_plan_alone(past):
    ordered = pd.Timestamp("2026-12-08T10:00Z")
    past.company.change("orders", WEEK, state="delivered", site_id="north", created_at=ordered)
    assert past.run("plan_weeks").success
    assert past.instance.get_dynamic_partitions("past_week") == ["2026-W48", "2026-W49"]
    past.instance.add_dynamic_partitions("past_week", [WEEK])
    opened = past.company.open()
    plan, publications = opened.current_plan(), opened.ledger.publications()
    job = past.definitions.resolve_job_def("backtest_weeks")
    made = []
    for _ in range(2):
        config = {"ops": {"backtest_accuracy": {"config": {"as_of": "2026-12-06T00:00:00Z"}}}}
        result = job.execute_in_process(
            instance=past.instance, partition_key=WEEK, run_config=config, raise_on_error=False
        )
        assert result.success
        made.append(figures(result, "backtest_accuracy"))
        another_future(past.company, "2026-12-06T00:00:00Z")
    assert made[0]["forecast 6 days ahead"] == made[1]["forecast 6 days ahead"]
    assert made[0]["lead day"] == 6
    table = rows(past, table=BACKTEST_ACCURACY)
    assert set(table["menu_week"]) == {WEEK}
    assert rows(past).empty
    assert opened.current_plan() == plan
    assert opened.ledger.publications().equals(publications)
    assert len(opened.ledger.plans()) == 1
