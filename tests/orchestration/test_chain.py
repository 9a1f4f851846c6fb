"""Plan → weeks → publication, driven by the sensors on a real temporary instance."""

import datetime as dt
import sys
from contextlib import contextmanager

import dagster as dg
import pytest
import sqlalchemy as sa
from orchestration.conftest import Stage

from sitecast.errors import StoreError
from sitecast.records.week_record import SiteForecast, WeekData
from sitecast_dagster.sensors import deliver, new_weeks, publish
from sitecast_dagster.stored_runs import create_run
from sitecast_dagster.tags import PARTITION_TAG, PLAN_ID_TAG, RETRIED_BY_TAG
from sitecast_dagster.week_status import RETRIED_WITHIN

SENSOR = sys.modules["sitecast_dagster.sensors.publish"]
PUBLISHER = sys.modules["sitecast_dagster.assets.published_forecast"]


def publications(stage):
    return stage.company.open().ledger.publications()


def make_plan(stage, **settings):
    stage.company.plan(**settings)
    assert stage.run("plan_weeks").success
    return stage.company.open().current_plan()


@contextmanager
def as_restored(stage):
    """Dagster's databases as they were before the first run: no run, no week, no cursor."""
    with dg.instance_for_test() as instance:
        yield Stage(stage.company, instance, stage.definitions)


@pytest.mark.matrix(
    "Dagster's databases restored from before the runs; cursors lost", page="faults"
)
@pytest.mark.matrix("3 of 4 weeks done", page="faults")
def test_a_plan_becomes_four_weeks_and_one_publication(stage):
    plan = make_plan(stage)
    assert plan.menu_weeks == stage.company.weeks[:4]
    asked = stage.tick(new_weeks)
    assert [request.partition_key for request in asked] == list(plan.menu_weeks)
    assert {request.tags[PLAN_ID_TAG] for request in asked} == {plan.plan_id}
    assert all(done.success for done in stage.launch("forecast_week", asked[:3]))
    assert stage.tick(publish) == []
    with as_restored(stage) as restored:
        assert [r.partition_key for r in restored.tick(new_weeks)] == [plan.menu_weeks[3]]
    assert not stage.run("publish_forecast").success
    assert len(publications(stage)) == 0
    assert all(done.success for done in stage.launch("forecast_week", asked[3:]))
    assert stage.tick(new_weeks) == []
    (request,) = stage.tick(publish)
    assert stage.launch("publish_forecast", [request])[0].success
    assert publications(stage)["plan_id"].tolist() == [plan.plan_id]
    assert stage.tick(publish) == []
    with as_restored(stage) as restored:
        assert [restored.tick(sensor) for sensor in (new_weeks, publish, deliver)] == [[]] * 3
    assert len(list((stage.company.home / "outbox").glob("*.eml"))) == 1


@pytest.mark.matrix("week materialised again after publication", page="faults")
@pytest.mark.matrix("week made again while its plan is being published, and then as before",
                    page="faults")  # fmt: skip
def test_a_week_made_again_is_published_once_more_and_so_is_what_it_was_before(stage):
    (week,) = make_plan(stage, horizon_weeks=1).menu_weeks
    stage.forecast([week])
    (first,) = stage.tick(publish)
    table = stage.company.home / "input" / "box_forecast.parquet"
    before = table.read_bytes()
    stage.company.change("box_forecast", week, mean_boxes=20.0)
    stage.forecast([week])
    assert stage.launch("publish_forecast", [first])[0].success, "it publishes what is newest"
    stage.forecast([week])
    assert stage.tick(publish) == [], "the same input is the same version"
    table.write_bytes(before)
    stage.forecast([week])
    (again,) = stage.tick(publish)
    assert again.tags == first.tags
    assert again.run_key != first.run_key, "which is never run twice"
    assert stage.launch("publish_forecast", [again])[0].success
    newest, oldest = publications(stage).to_dict("records")
    assert newest["supersedes"] == oldest["publication_id"]
    assert stage.tick(publish) == []


@pytest.mark.matrix("publish run fails once", page="faults")
def test_a_failed_publication_is_asked_for_again_under_another_key(stage, monkeypatch):
    plan = make_plan(stage, horizon_weeks=1)
    stage.forecast(plan.menu_weeks)
    (first,) = stage.tick(publish)
    with monkeypatch.context() as broken:
        broken.setattr(PUBLISHER, "publish_plan", _full_disk)
        assert not stage.launch("publish_forecast", [first])[0].success
    assert stage.tick(publish) == [], "it waits a little after a failure"
    monkeypatch.setattr(SENSOR, "FIRST_WAIT", _NO_WAIT)
    (second,) = stage.tick(publish)
    assert second.run_key != first.run_key
    assert stage.launch("publish_forecast", [second])[0].success
    assert len(publications(stage)) == 1


def test_a_publication_that_keeps_failing_is_left_to_a_person(stage, monkeypatch):
    plan = make_plan(stage, horizon_weeks=1)
    stage.forecast(plan.menu_weeks)
    monkeypatch.setattr(PUBLISHER, "publish_plan", _full_disk)
    monkeypatch.setattr(SENSOR, "FIRST_WAIT", _NO_WAIT)
    monkeypatch.setattr(SENSOR, "MAX_ATTEMPTS", 2)
    keys = set()
    for _ in range(2):
        (request,) = stage.tick(publish)
        keys.add(request.run_key)
        stage.launch("publish_forecast", [request])
    assert len(keys) == 2
    assert stage.tick(publish) == []


def test_a_failing_week_leaves_the_others_done_and_is_tried_once_per_order(stage):
    company = stage.company
    company.change("box_forecast", company.weeks[1], mean_boxes=-5.0)
    plan = make_plan(stage, horizon_weeks=3)
    asked = stage.tick(new_weeks)
    done = stage.launch("forecast_week", asked)
    assert [result.success for result in done] == [True, False, True]
    assert stage.tick(new_weeks) == [], "the same input would fail the same way"
    assert stage.tick(publish) == []
    assert stage.run("plan_weeks").success, "a new order for the same plan"
    (again,) = stage.tick(new_weeks)
    assert again.partition_key == plan.menu_weeks[1]
    assert again.run_key not in {request.run_key for request in asked}


def test_a_new_plan_never_publishes_weeks_of_the_one_before(stage):
    stage.forecast(make_plan(stage, horizon_weeks=2).menu_weeks)
    again = make_plan(stage, horizon_weeks=2, seed=2)
    stage.forecast(again.menu_weeks[:1])
    assert stage.tick(publish) == []
    assert [r.partition_key for r in stage.tick(new_weeks)] == [again.menu_weeks[1]]


def test_a_broken_conservation_rule_commits_nothing(stage, monkeypatch):
    module = sys.modules["sitecast_dagster.assets.site_forecast"]
    plan = make_plan(stage)
    real = module.check_week

    def one_box_lost(*records):
        first, *others = real(*records)
        return [type(first)(first.name, first.rule, False, "29 of 30 boxes"), *others]

    monkeypatch.setattr(module, "check_week", one_box_lost)
    result = stage.run("forecast_week", plan.menu_weeks[0])
    assert not result.success
    checks = result.get_asset_check_evaluations()
    rules = [check.passed for check in checks if check.asset_key.path == ["site_forecast"]]
    assert sorted(rules) == [False, *[True] * 7]
    store = stage.company.open().weeks
    assert store.head(plan.plan_id, plan.menu_weeks[0], SiteForecast) is None
    assert store.head(plan.plan_id, plan.menu_weeks[0], WeekData) is not None


def test_a_forecast_never_mixes_two_snapshots_of_its_week(stage):
    plan = make_plan(stage, horizon_weeks=1)
    stage.forecast(plan.menu_weeks)
    stage.company.change("box_forecast", plan.menu_weeks[0], mean_boxes=20.0)
    assert stage.materialise("extracted_data", plan.menu_weeks[0]).success
    mixed = stage.materialise("site_forecast", plan.menu_weeks[0])
    assert not mixed.success
    (failure,) = [event for event in mixed.all_events if event.is_step_failure]
    assert "another snapshot" in failure.step_failure_data.user_failure_data.description


@pytest.mark.matrix("older run of a week ends after a newer one", page="faults")
def test_an_attempt_that_began_first_and_ends_last_is_overtaken(stage, monkeypatch):
    plan = make_plan(stage, horizon_weeks=1)
    (week,) = plan.menu_weeks
    module = sys.modules["sitecast_dagster.assets.extracted_data"]
    extract, newer = module.extract_plan_week, []

    def overtaken_meanwhile(*arguments):
        made = extract(*arguments)
        monkeypatch.setattr(module, "extract_plan_week", extract)
        stage.company.change("box_forecast", week, mean_boxes=20.0)
        newer.append(stage.materialise("extracted_data", week).success)
        return made

    monkeypatch.setattr(module, "extract_plan_week", overtaken_meanwhile)
    assert not stage.materialise("extracted_data", week).success
    assert newer == [True]
    kept = stage.company.open().weeks.read(WeekData, plan.plan_id, week)
    assert set(kept["box_forecast"]["mean_boxes"]) == {20.0}


def test_a_run_keeps_its_plan_when_another_becomes_current(stage):
    first = make_plan(stage)
    second = make_plan(stage, seed=3)
    stage.forecast(first.menu_weeks[:1], {PLAN_ID_TAG: first.plan_id})
    store = stage.company.open().weeks
    assert store.head(first.plan_id, first.menu_weeks[0], SiteForecast) is not None
    assert store.head(second.plan_id, first.menu_weeks[0], SiteForecast) is None
    untagged = stage.run("forecast_week", first.menu_weeks[0])
    tags = stage.instance.get_run_by_id(untagged.run_id).tags
    assert tags[PLAN_ID_TAG] == second.plan_id


def test_two_more_weeks_need_one_edit(stage):
    make_plan(stage)
    plan = make_plan(stage, horizon_weeks=6)
    assert plan.menu_weeks == stage.company.weeks[:6]
    assert set(stage.instance.get_dynamic_partitions("menu_week")) == set(plan.menu_weeks)


def test_only_weeks_after_the_horizon_that_nobody_used_are_dropped(stage):
    plan = make_plan(stage, horizon_weeks=6)
    stage.forecast(plan.menu_weeks[5:])
    make_plan(stage, horizon_weeks=3)
    kept = {*plan.menu_weeks[:3], plan.menu_weeks[5]}
    assert set(stage.instance.get_dynamic_partitions("menu_week")) == kept


def _full_disk(*_):
    raise StoreError("no space left", {}, "free some")


_NO_WAIT = dt.timedelta(seconds=-2)  # the clock of the layer shows whole seconds


@pytest.mark.matrix("week killed between its forecast and why it changed", page="faults")
def test_the_publication_waits_for_a_crashed_week_that_is_tried_again(stage):
    plan = make_plan(stage, horizon_weeks=2)
    first, second = plan.menu_weeks
    stage.forecast([first])
    for asset in ("extracted_data", "simulated_orders", "site_forecast"):
        assert stage.materialise(asset, second).success
    crashed = create_run(
        stage.instance, stage.definitions.resolve_job_def("forecast_week"),
        {PLAN_ID_TAG: plan.plan_id, PARTITION_TAG: second},
    )  # fmt: skip
    stage.instance.report_run_failed(stage.instance.get_run_by_id(crashed), "its process is gone")
    assert stage.tick(publish) == []
    assert stage.tick(new_weeks) == []
    stage.forecast([second])
    stage.instance.add_run_tags(crashed, {RETRIED_BY_TAG: "the run that did it"})
    assert stage.launch("publish_forecast", stage.tick(publish))[0].success
    versions = stage.company.open().ledger.published_versions()
    ((_, weeks),) = versions.values()
    assert all("forecast_changes" in made for made in weeks.values())


def test_a_promise_to_try_again_that_is_not_kept_keeps_nothing_waiting(stage):
    plan = make_plan(stage, horizon_weeks=1)
    stage.forecast(plan.menu_weeks)
    crashed = create_run(
        stage.instance, stage.definitions.resolve_job_def("forecast_week"),
        {PLAN_ID_TAG: plan.plan_id, PARTITION_TAG: plan.menu_weeks[0]},
    )  # fmt: skip
    stage.instance.report_run_failed(stage.instance.get_run_by_id(crashed), "its process is gone")
    assert stage.tick(publish) == []
    long_ago = sa.text("UPDATE runs SET end_time = end_time - :seconds")  # and touched just now
    with stage.instance.run_storage.connect() as database:
        database.execute(long_ago, {"seconds": RETRIED_WITHIN.total_seconds() + 1})
    assert len(stage.tick(publish)) == 1
