"""Two published plans a day apart, through the whole chain: the second stays close to the first."""

import datetime as dt
import shutil

import pytest
import yaml

from sitecast.deployment import Deployment
from sitecast.extract.demo import write_demo_company
from sitecast.installation import open_installation
from sitecast.pipeline import check_week, explain_week, run_plan
from sitecast.records.week_record import ForecastChanges, SimulatedOrders, SiteForecast, WeekData

FIRST = dt.datetime(2026, 11, 19, 6, tzinfo=dt.UTC)
SECOND = FIRST + dt.timedelta(days=1)


@pytest.fixture(scope="module")
def chain(tmp_path_factory):
    """Both plans, the second one twice."""
    plan_file = write_demo_company(tmp_path_factory.mktemp("chain"))
    settings = yaml.safe_load(plan_file.read_text()) | {"draws": 6, "horizon_weeks": 1}
    installation = open_installation(Deployment(home=plan_file.parent))
    plans, forecasts = [], []
    for as_of in (FIRST, SECOND, SECOND):
        plan_file.write_text(yaml.safe_dump({**settings, "as_of": as_of.isoformat()}))
        report = run_plan(installation, as_of, lambda *_: None)
        assert report.succeeded, report.failures
        plan = installation.ledger.plan(report.plan_id)
        plans.append(plan)
        forecasts.append(installation.weeks.read(SiteForecast, plan.plan_id, plan.menu_weeks[0]))
    return installation, plans, forecasts


def test_the_second_plan_names_the_forecast_of_the_first(chain):
    _, (first, second, _), (old, new, _) = chain
    (week,) = second.menu_weeks
    assert first.previous == {}
    assert (second.previous[week].plan_id, second.previous[week].version) == (
        first.plan_id, old.version,
    )  # fmt: skip
    assert new.provenance.inputs["previous_site_forecast"] == old.version


def test_r7_the_same_again_is_the_same_version(chain):
    _, (_, second, again), (_, new, repeated) = chain
    assert again.plan_id == second.plan_id
    assert repeated.version == new.version


def test_r11_the_published_change_is_above_its_bound(chain):
    installation, (first, second, _), (old, new, _) = chain
    assert len(old["churn"]) == 0
    churn = installation.ledger.current("churn")
    assert churn["draw"].tolist() == list(range(second.draws))
    assert set(churn["plan_from"]) == {first.plan_id}
    assert (churn["least"] <= churn["changed"]).all()
    assert (churn["changed"] < churn["pieces"]).all()
    assert churn["changed"].tolist() == new["churn"]["changed"].tolist()


def test_r11_the_published_causes_sum_to_the_change(chain):
    installation, (first, second, _), (old, new, _) = chain
    changes = installation.ledger.current("forecast_changes")
    assert set(changes["plan_from"]) == {first.plan_id}
    assert set(changes["plan_to"]) == {second.plan_id}
    assert set(changes["cause"]) == {"orders"}, "six draws are all seen: nothing is left to chance"
    key = ["site_id", "need_date", "sku_id"]
    ends = [frame["site_forecast"].astype({"site_id": object, "sku_id": object}).set_index(key)
            for frame in (old, new)]  # fmt: skip
    before, after = ((end["qty_mean"] * 2**20).round() / 2**20 for end in ends)
    told = changes.astype({"site_id": object, "sku_id": object}).groupby(key)["delta"].sum()
    whole = after.sub(before, fill_value=0.0)
    assert told[told != 0].to_dict() == whole[whole != 0].to_dict()
    assert len(installation.ledger.current("change_notes")) == 0


def test_the_first_plan_has_nothing_to_explain(chain):
    installation, (first, _, _), _ = chain
    made = installation.weeks.read(ForecastChanges, first.plan_id, first.menu_weeks[0])
    assert [len(table) for table in made.tables.values()] == [0, 0]


def test_every_conservation_rule_holds(chain):
    installation, (_, second, _), (_, new, _) = chain
    records = [installation.weeks.read(kind, second.plan_id, second.menu_weeks[0])
               for kind in (WeekData, SimulatedOrders)]  # fmt: skip
    checks = check_week(*records, new)
    assert [check.name for check in checks if not check.passed] == []


def test_inputs_that_were_removed_are_unknown_and_stop_nothing(chain):
    """Last in this file: it removes the first plan's data."""
    installation, (first, second, _), (old, new, _) = chain
    (week,) = second.menu_weeks
    shutil.rmtree(installation.weeks.root / first.plan_id / week / WeekData.asset)
    data = installation.weeks.read(WeekData, second.plan_id, week)
    made = explain_week(installation, second, data, new)
    assert set(made["forecast_changes"]["cause"]) == {"unknown"}
    assert made["change_notes"]["note"].tolist() == ["no such version"]
    whole = new["site_forecast"]["qty_mean"].sum() - old["site_forecast"]["qty_mean"].sum()
    assert made["forecast_changes"]["delta"].sum() == pytest.approx(whole, abs=1e-2)
