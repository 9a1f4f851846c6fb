"""The command line's way: a whole plan in forked children, on the instance that the UI shows."""

import os
import time

import dagster as dg
import pytest

from sitecast_dagster.definitions import build_definitions
from sitecast_dagster.forked import run_forked
from sitecast_dagster.instance import dagster_home, init_instance
from sitecast_dagster.local_runner import run_plan
from sitecast_dagster.stored_runs import create_run
from sitecast_dagster.tags import MAX_RETRIES_TAG, PARTITION_TAG, PLAN_ID_TAG, RUNNER_TAG


def instance_of(company):
    return dg.DagsterInstance.from_config(str(dagster_home(company.deployment)))


def test_a_plan_runs_publishes_and_shows_its_progress(company):
    said = []
    report = run_plan(company.deployment, lambda subject, step: said.append((subject, step)))
    assert report.succeeded, report.failures
    assert report.weeks == dict.fromkeys(company.weeks[:4], "done")
    steps = [step for subject, step in said if subject == company.weeks[0]]
    assert steps == ["queued", "extracting", "simulating", "forecasting", "explaining", "done"]
    assert ("publication", "publishing") in said
    with instance_of(company) as instance:
        runs = instance.get_runs()
        assert {run.status for run in runs} == {dg.DagsterRunStatus.SUCCESS}
        weeks = {run.tags[PARTITION_TAG] for run in runs if PARTITION_TAG in run.tags}
        assert weeks == set(company.weeks[:4])
        assert all(run.remote_job_origin is not None for run in runs)
        assert {run.tags[PLAN_ID_TAG] for run in runs} == {report.plan_id}
    again = run_plan(company.deployment, lambda *_: None)
    assert again.publication_id == report.publication_id
    with instance_of(company) as instance:
        assert len(instance.get_runs(dg.RunsFilter(job_name="forecast_week"))) == 4


def test_a_failing_week_leaves_the_others_done_and_nothing_published(company):
    company.plan(horizon_weeks=3)
    bad = company.weeks[1]
    company.change("box_forecast", bad, mean_boxes=-5.0)
    report = run_plan(company.deployment, lambda *_: None)
    assert not report.succeeded
    assert [week for week, state in report.weeks.items() if state == "failed"] == [bad]
    assert set(report.failures) == {bad}
    for fact in ("box_forecast.mean_boxes", "-5", "at least 0"):
        assert fact in report.failures[bad]
    assert len(company.open().ledger.publications()) == 0


def test_a_wrong_plan_file_is_reported_in_words(company):
    company.plan(horizon_weeks=40)
    report = run_plan(company.deployment, lambda *_: None)
    assert report.failures.keys() == {"plan"}
    assert "the calendar holds 8 of the 40 weeks" in report.failures["plan"]


def test_only_its_own_runs_whose_process_is_gone_are_closed(company):
    home = init_instance(company.deployment)
    job = build_definitions(company.resource).resolve_job_def("plan_weeks")
    with dg.DagsterInstance.from_config(str(home)) as instance:
        left = create_run(instance, job, {RUNNER_TAG: "local", MAX_RETRIES_TAG: "0"})
        others = create_run(instance, job, {})
    company.plan(horizon_weeks=40)
    run_plan(company.deployment, lambda *_: None)
    with instance_of(company) as instance:
        assert instance.get_run_by_id(left).status == dg.DagsterRunStatus.FAILURE
        assert instance.get_run_by_id(others).status == dg.DagsterRunStatus.NOT_STARTED


def test_an_interrupted_runner_takes_its_children_with_it(tmp_path):
    seen = []

    def hear(_, text):
        seen.append(int(text))
        raise KeyboardInterrupt

    def work(say):
        say(str(os.getpid()))
        time.sleep(60)
        return ""

    with pytest.raises(KeyboardInterrupt):
        run_forked({"a": work}, 1, tmp_path / "log", hear)
    with pytest.raises(ProcessLookupError, match="No such process"):
        os.kill(seen[0], 0)


def test_no_more_children_than_allowed_run_at_once(tmp_path):
    def work(say):
        say(f"+{time.monotonic()}")
        time.sleep(0.1)
        say(f"-{time.monotonic()}")
        return "result"

    said = []
    outcomes = run_forked(
        {str(n): work for n in range(6)}, 2, tmp_path / "log", lambda _, text: said.append(text)
    )
    assert {outcome.text for outcome in outcomes.values()} == {"result"}
    busy = peak = 0
    for text in sorted(said, key=lambda text: float(text[1:])):
        busy += 1 if text[0] == "+" else -1
        peak = max(peak, busy)
    assert peak == 2


@pytest.mark.parametrize(("ending", "words"), [
    (lambda _: os._exit(7), "exit code 7"),
    (lambda _: 1 / 0, "division by zero"),
])  # fmt: skip
def test_a_child_that_dies_or_raises_is_a_failure_in_words(tmp_path, ending, words):
    outcomes = run_forked(
        {"good": lambda _: "fine", "bad": ending}, 2, tmp_path / "log", lambda *_: None
    )
    assert outcomes["good"].succeeded
    assert not outcomes["bad"].succeeded
    assert words in outcomes["bad"].text
