"""Two published plans a day apart, through the whole chain: the second stays close to the first."""

import datetime as dt

import pytest
import yaml

from sitecast.deployment import Deployment
from sitecast.extract.demo import write_demo_company
from sitecast.installation import open_installation
from sitecast.pipeline import check_week, run_plan
from sitecast.records.week_record import SimulatedOrders, SiteForecast, WeekData

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


def test_every_conservation_rule_holds(chain):
    installation, (_, second, _), (_, new, _) = chain
    records = [installation.weeks.read(kind, second.plan_id, second.menu_weeks[0])
               for kind in (WeekData, SimulatedOrders)]  # fmt: skip
    checks = check_week(*records, new)
    assert [check.name for check in checks if not check.passed] == []
