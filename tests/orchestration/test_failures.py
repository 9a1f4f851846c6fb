"""Known problems in Dagster: facts in the UI, retries only where they may help, one alert."""

import datetime as dt
import email
import email.policy

import dagster as dg
import pytest

from sitecast.errors import Breach, DataError, SourceUnavailable, StoreError
from sitecast.store.outbox import Outbox
from sitecast_dagster.failures import MAX_RETRIES, facts_of, known_problems_as_failures
from sitecast_dagster.sensors import alerts, new_weeks
from sitecast_dagster.tags import TOLD_TAG, WILL_RETRY_TAG

BREACH = Breach("recipe_bom", "qty", "recipe_id=r1", "-1", "must be above 0", "correct the value")


def test_a_known_problem_is_a_failure_that_is_not_retried():
    problem = DataError("wrong input", {"menu_week": "2026-W48"}, "see below", [BREACH] * 30)
    with (
        pytest.raises(dg.Failure, match=r"recipe_bom\.qty at recipe_id=r1") as caught,
        known_problems_as_failures(0),
    ):
        raise problem
    assert caught.value.allow_retries is False
    facts = caught.value.metadata
    assert facts["remedy"].value == "see below"
    assert facts["where menu_week"].value == "2026-W48"
    assert facts["breaches"].value == 30
    first = facts["first breaches"].records[0].data
    assert (first["table"], first["value"], first["remedy"]) == ("recipe_bom", "-1", BREACH.remedy)


@pytest.mark.matrix(
    "source or store does not answer: tried again, with growing pauses", page="faults"
)
def test_a_transient_problem_is_retried_with_growing_pauses_then_fails():
    pauses = []
    for retry in range(MAX_RETRIES):
        with pytest.raises(dg.RetryRequested) as asked, known_problems_as_failures(retry):
            raise SourceUnavailable("no answer")
        pauses.append(asked.value.seconds_to_wait)
    assert pauses == [2.0, 4.0, 8.0]
    with pytest.raises(dg.Failure, match="no answer"), known_problems_as_failures(MAX_RETRIES):
        raise SourceUnavailable("no answer")


def test_unknown_errors_pass_as_they_are():
    with pytest.raises(ZeroDivisionError, match="division"), known_problems_as_failures():
        1 / 0  # noqa: B018


def test_facts_name_problem_place_and_remedy():
    facts = facts_of(StoreError("cannot write", {"path": "x"}, "free some space"))
    assert facts == {"problem": "cannot write", "kind": "StoreError", "where path": "x",
                     "remedy": "free some space"}  # fmt: skip


@pytest.mark.matrix("a week fails: planners are told which, why, and what to do", page="faults")
def test_a_failed_week_tells_the_planners_cause_and_fix(stage):
    week = stage.company.weeks[0]
    stage.company.change("box_forecast", week, mean_boxes=-5.0)
    stage.run("plan_weeks")
    (result, *_) = stage.launch("forecast_week", stage.tick(new_weeks)[:1])
    _look(stage)
    stage.instance.add_run_tags(result.run_id, {TOLD_TAG: ""})  # killed before it took note
    _look(stage)
    stage.run("deliver_messages")
    (message,) = _emails(stage.company.home)
    assert message["Subject"] == f"sitecast: {week} (forecast_week) failed"
    assert message["To"] == "planning@example.com"
    text = message.get_content()
    for fact in ("box_forecast.mean_boxes", "-5", "at least 0", f"/runs/{result.run_id}"):
        assert fact in text


def test_a_run_that_is_started_again_alerts_nobody(stage):
    stage.company.plan(horizon_weeks=40)
    result = stage.run("plan_weeks")
    stage.instance.add_run_tags(result.run_id, {WILL_RETRY_TAG: "true"})
    _look(stage)
    assert _waiting(stage) == []
    stage.instance.add_run_tags(result.run_id, {WILL_RETRY_TAG: "false"})  # it could not be
    _look(stage)
    assert [row.recipient for row in _waiting(stage)] == ["planning@example.com"]


@pytest.mark.matrix("SMTP down when a run fails", page="faults")
def test_an_alert_waits_for_the_mail_server(stage, monkeypatch):
    monkeypatch.setenv("SITECAST_SMTP_URL", "smtp://localhost:9?tls=none")
    stage.company.plan(horizon_weeks=40)
    assert not stage.run("plan_weeks").success
    _look(stage)
    assert stage.run("deliver_messages").success
    (row,) = _waiting(stage)
    assert row.attempts == 1
    assert "refused" in row.last_error
    monkeypatch.delenv("SITECAST_SMTP_URL")
    later = stage.company.resource.now() + dt.timedelta(hours=1)
    stage.company.open().deliver(None, later)
    (message,) = _emails(stage.company.home)
    assert message["Subject"] == "sitecast: plan_weeks failed"


@pytest.mark.matrix("database down when a run fails", page="faults")
def test_an_alert_waits_for_the_ledger(stage, monkeypatch):
    stage.company.plan(horizon_weeks=40)
    assert not stage.run("plan_weeks").success
    monkeypatch.setenv("SITECAST_WAREHOUSE_URL", "sqlite:////proc/no/such.db")
    with pytest.raises(StoreError, match="cannot write"):
        _look(stage)
    monkeypatch.delenv("SITECAST_WAREHOUSE_URL")
    _look(stage)
    assert len(_waiting(stage)) == 1


def test_a_broken_plan_file_is_told_to_those_who_were_told_last(stage):
    stage.run("plan_weeks")
    (stage.company.home / "plan.yaml").write_text("horizon_weeks: [")
    assert not stage.run("plan_weeks").success
    _look(stage)
    assert [row.recipient for row in _waiting(stage)] == ["planning@example.com"]


def _look(stage):
    """What the sensor does, having looked once before anything failed."""
    with dg.build_sensor_context(
        instance=stage.instance, resources={"installation": stage.company.resource}, cursor="1.0"
    ) as context:
        assert alerts(context).cursor == "1.0"


def _waiting(stage):
    return Outbox(stage.company.open().ledger.database).rows("pending")


def _emails(home):
    read = email.policy.default
    return [email.message_from_bytes(path.read_bytes(), policy=read)
            for path in (home / "outbox").glob("*.eml")]  # fmt: skip
