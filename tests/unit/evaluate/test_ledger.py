import datetime as dt
from dataclasses import replace
from types import SimpleNamespace

import pandas as pd
import pytest
from unit.evaluate.test_compare import PastSource, planned
from worlds import WEEK, small_plan

from sitecast.evaluate import accuracy_by_lead, evaluate_published
from sitecast.records.tables_accuracy import FORECAST_ACCURACY
from sitecast.records.week_record import SiteForecast, WeekData
from sitecast.store import Ledger, WeekStore
from sitecast.store.accuracy import forecast_accuracy

PLAN = small_plan()
KEY = (PLAN.plan_id, WEEK)
DURING = dt.datetime(2026, 12, 4, tzinfo=dt.UTC)
AFTER = dt.datetime(2026, 12, 5, tzinfo=dt.UTC)


@pytest.fixture
def home(tmp_path):
    """An installation in which one plan of one week was published."""
    ledger = Ledger(f"sqlite:///{tmp_path / 'ledger.db'}")
    ledger.create()
    ledger.save_plan(PLAN, AFTER)
    weeks = WeekStore(tmp_path / "weeks", ledger)
    week = planned(1, 4)
    data, forecast = week.data, week.forecast
    made_from = replace(forecast.provenance, inputs={WeekData.asset: data.version})
    for record in (data, SiteForecast(made_from, forecast.tables)):
        version = weeks.commit(record, weeks.begin(PLAN.plan_id, WEEK, record.asset))
    ledger.published_versions = lambda: {
        "publication": (PLAN.plan_id, {WEEK: {SiteForecast.asset: version}})
    }
    made = SimpleNamespace(ledger=ledger, weeks=weeks, plan_settings=lambda: PLAN.settings)
    made.held = PastSource()
    made.source = lambda _settings: made.held
    return made


def test_a_week_is_measured_once_it_is_over(home):
    assert evaluate_published(home, DURING).measured == ()
    assert forecast_accuracy(home.ledger).empty
    assert evaluate_published(home, AFTER).measured == (KEY,)
    table = forecast_accuracy(home.ledger)
    assert table.dtypes.equals(FORECAST_ACCURACY.empty().dtypes)
    ours = table[table["method"] == "sitecast"].set_index("level")
    assert ours.loc["item", "wape"] == pytest.approx(0.25)
    assert table.loc[table["method"] == "naive", "noise_floor"].isna().all()
    assert evaluate_published(home, AFTER).measured == ()


def test_corrected_actuals_are_measured_again(home):
    evaluate_published(home, AFTER)
    home.held = PastSource(kits=(1, 3, 5))
    rows = len(forecast_accuracy(home.ledger))
    assert evaluate_published(home, AFTER, again=True).measured == (KEY,)
    table = forecast_accuracy(home.ledger)
    assert len(table) == rows
    kits = table[(table["level"] == "item") & (table["method"] == "sitecast")]
    assert kits["wape"].item() == pytest.approx(0.5)


def test_a_week_without_actuals_waits_and_stops_nothing(home):
    orders = home.held.tables["orders"]
    home.held = PastSource(orders=orders.assign(state=["delivered", "delivered", "placed"]))
    report = evaluate_published(home, AFTER)
    assert list(report.left_out) == [KEY]
    assert "no delivered order" in report.left_out[KEY]
    home.held = PastSource()
    assert evaluate_published(home, AFTER).measured == (KEY,)


def test_means_by_lead_weigh_by_what_was_delivered():
    rows = pd.DataFrame({
        "plan_id": ["a", "b"], "menu_week": ["1", "2"], "level": "sku", "method": "sitecast",
        "lead_day": 8, "n": 1, "actual": [100.0, 300.0], "wape": [0.4, 0.0], "bias": [0.4, 0.0],
        "fva": 0.0, "noise_floor": [0.2, 0.2], "pinball": 0.1, "coverage_80": [1.0, 0.0],
        "coverage_95": None, "wape_volume": [0.4, 0.0], "wape_share": 0.0,
        "wape_allocation": 0.0, "wape_bom": 0.0, "actuals": "",
    })  # fmt: skip
    mean = accuracy_by_lead(FORECAST_ACCURACY.shaped(rows)).iloc[0]
    assert (mean["weeks"], mean["wape"]) == (2, pytest.approx(0.1))
    assert mean["coverage_80"] == pytest.approx(0.25)
    assert mean["wape_volume"] == pytest.approx(0.1)
    assert pd.isna(mean["coverage_95"])
