"""Spreads fitted by an asset: new plans freeze them, and nothing else changes."""

import datetime as dt

import pytest

from sitecast.cli.backtest import calibrate
from sitecast.evaluate.calibrate import LATEST_WEEKS, LEADS
from sitecast.settings_uncertainty import Uncertainty
from sitecast.store.calibrations import latest_spreads, save_spreads
from sitecast_dagster.resources import InstallationResource

LATER = dt.datetime(2027, 2, 1, tzinfo=dt.UTC)
ASKED = {"simulator": {"uncertainty": {"calibrated": True, "total_cv": 0.06}}}


@pytest.fixture
def past(stage, monkeypatch):
    """Eight weeks that are over; the plan file asks for what was fitted last."""
    monkeypatch.setattr(InstallationResource, "now", lambda self: LATER)
    stage.company.plan(**ASKED)
    return stage


def calibrated(stage, **config):
    job = stage.definitions.resolve_job_def("calibrate_draws")
    run_config = {"ops": {"calibrated_spreads": {"config": {"lead_days": [1], **config}}}}
    return job.execute_in_process(
        instance=stage.instance, run_config=run_config, raise_on_error=False
    )


def deliver(stage):
    for week in stage.company.weeks:
        stage.company.change("orders", week, state="delivered", site_id="north")


def test_plans_made_after_a_calibration_freeze_its_spreads(past):
    assert past.run("plan_weeks").success
    opened = past.company.open()
    before = opened.current_plan()
    assert "no spreads were fitted yet" in before.warning
    assert before.settings.simulator.uncertainty.at(1).total.cv == 0.06
    deliver(past)
    result = calibrated(past)
    assert result.success
    (event,) = result.asset_materializations_for_node("calibrated_spreads")
    assert "2027-W02" in event.metadata["fitted on"].value
    assert opened.current_plan() == before
    planned = past.run("plan_weeks")
    assert planned.success
    (made,) = planned.asset_materializations_for_node("forecast_plan")
    assert made.metadata["spreads fitted on"] == event.metadata["fitted on"]
    plan = opened.current_plan()
    told = plan.settings.simulator.uncertainty
    assert plan.plan_id != before.plan_id
    assert not plan.warning
    assert (told.total_cv, told.by_lead) == (0.06, latest_spreads(opened.ledger).by_lead)
    assert [row.lead_days for row in told.by_lead] == [1]


def test_too_few_or_no_delivered_weeks_are_a_failure_that_says_so(past):
    for weeks, words in ((None, "no week is over and delivered"), (3, "too few to fit spreads on")):
        if weeks:
            deliver(past)
        result = calibrated(past, **({"weeks": weeks} if weeks else {}))
        (failure,) = [event for event in result.all_events if event.is_step_failure]
        assert words in str(failure.step_failure_data)
    assert latest_spreads(past.company.open().ledger) is None


def test_a_plan_file_that_does_not_ask_keeps_its_own(past):
    ledger = past.company.open().ledger
    fitted = Uncertainty(fitted_on="some weeks", calibrated=True)
    save_spreads(ledger, fitted, LATER)
    save_spreads(ledger, fitted.model_copy(update={"fitted_on": "others"}), LATER)
    assert latest_spreads(ledger).fitted_on == "others"
    past.company.plan()
    assert past.company.open().plan_settings().simulator.uncertainty == Uncertainty()


def test_the_command_fits_on_the_same_weeks_and_leads():
    leads, weeks = (
        next(one for one in calibrate.params if one.name == name) for name in ("leads", "weeks")
    )
    assert tuple(leads.default) == LEADS
    assert f"latest {LATEST_WEEKS} that were delivered" in weeks.help
