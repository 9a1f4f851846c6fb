"""A crash of the machine: no run is a phantom for ever, no slot lost, every week done once."""

import math
import random
import time
from collections import Counter
from contextlib import ExitStack
from pathlib import Path

import dagster as dg
import pytest
from counts import Counted, nightly
from faults.stack import FAILURE, STARTED, Stack, running
from orchestration.conftest import Company

from sitecast.pipeline import configure_plan
from sitecast.records.plan import ForecastPlan
from sitecast.store.files import locked
from sitecast_dagster.instance import init_instance
from sitecast_dagster.tags import PARTITION_TAG

pytestmark = pytest.mark.slow
WEEKS, TRIALS = 2, nightly(10)


@pytest.fixture
def company(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Company:
    return company_of(tmp_path, monkeypatch)


def company_of(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Company:
    """A company of its own, with an instance."""
    monkeypatch.chdir(folder)
    made = Company(folder / "home")
    made.plan(horizon_weeks=WEEKS)
    init_instance(made.deployment)
    return made


@pytest.fixture
def plan(company: Company) -> ForecastPlan:
    """A plan whose weeks the sensor will ask for."""
    opened = company.open()
    return configure_plan(opened, opened.plan_settings(), company.resource.now())


def runs_of_weeks(stack: Stack, *statuses: dg.DagsterRunStatus) -> list[dg.DagsterRun]:
    wanted = dg.RunsFilter(job_name="forecast_week", statuses=list(statuses))
    return list(stack.instance.get_runs(wanted))


def require_each_week_once(stack: Stack, plan: ForecastPlan) -> None:
    """Wait for the publication; then no week has more than one run that ended well."""
    ledger = stack.company.open().ledger
    stack.wait("publication", lambda: len(ledger.publications()) == 1)
    done = runs_of_weeks(stack, dg.DagsterRunStatus.SUCCESS)
    assert Counter(run.tags[PARTITION_TAG] for run in done) == dict.fromkeys(plan.menu_weeks, 1)


def emails(company: Company) -> list[Path]:
    return list((company.home / "outbox").glob("*.eml"))


def commits_held_up(company: Company, plan: ForecastPlan) -> ExitStack:
    """While this is held, runs come as far as their first commit, and no further."""
    held = ExitStack()
    for week in plan.menu_weeks:
        place = company.home / "weeks" / plan.plan_id / week / "extracted_data"
        held.enter_context(locked(place / ".lock"))
    return held


@pytest.mark.matrix("host crash: daemon, code server and all runs killed; the daemon comes back")
def test_runs_that_everything_died_under_are_noticed_and_every_week_is_done(
    company: Company, plan: ForecastPlan, tmp_path: Path
) -> None:
    with running(company, tmp_path / "log") as stack:
        with commits_held_up(company, plan):
            stack.wait("all slots taken", lambda: len(runs_of_weeks(stack, STARTED)) == WEEKS)
            stack.crash()
        assert len(runs_of_weeks(stack, STARTED)) == WEEKS  # phantoms, in every slot
        stack.start()
        stack.wait("both noticed", lambda: len(runs_of_weeks(stack, FAILURE)) == WEEKS)
        require_each_week_once(stack, plan)


@pytest.mark.matrix("code server and all runs killed; the daemon lives on")
def test_runs_that_lost_their_code_server_are_noticed_and_every_week_is_done(
    company: Company, plan: ForecastPlan, tmp_path: Path
) -> None:
    with running(company, tmp_path / "log") as stack:
        with commits_held_up(company, plan):
            stack.wait("all slots taken", lambda: len(runs_of_weeks(stack, STARTED)) == WEEKS)
            stack.kill_all_but_the_daemon()
            stack.wait("both noticed", lambda: len(runs_of_weeks(stack, FAILURE)) == WEEKS)
        require_each_week_once(stack, plan)
        stack.wait("the email of the publication", lambda: bool(emails(company)))
        assert len(emails(company)) == 1  # nobody is told of what was mended


@pytest.mark.matrix("code server killed: its runs die with it")
def test_no_run_outlives_its_code_server(
    company: Company, plan: ForecastPlan, tmp_path: Path
) -> None:
    with running(company, tmp_path / "log") as stack, commits_held_up(company, plan):
        stack.wait("all slots taken", lambda: len(runs_of_weeks(stack, STARTED)) == WEEKS)
        stack.kill_code_server()
        stack.wait("both noticed", lambda: len(runs_of_weeks(stack, FAILURE)) == WEEKS)
        assert stack.workers() == []


@pytest.mark.parametrize("trial", range(nightly(20)))
@pytest.mark.matrix("host crash at a random moment; everything comes back")
def test_a_crash_at_any_moment_ends_with_every_week_done(
    company: Company, plan: ForecastPlan, tmp_path: Path, trial: int, counted: Counted
) -> None:
    """At most one run more per run that was killed, and one version per week."""
    with running(company, tmp_path / "log") as stack:
        stack.wait("the sensor has asked", lambda: len(runs_of_weeks(stack)) == WEEKS)
        time.sleep(random.Random(trial).uniform(0, 20))
        stack.crash()
        killed = runs_of_weeks(stack, STARTED, dg.DagsterRunStatus.STARTING)
        init_instance(company.deployment)  # as whoever starts it again does
        stack.start()
        require_each_week_once(stack, plan)
        assert len(runs_of_weeks(stack)) <= WEEKS + len(killed)
    counted("crash of everything at a random moment", 1)


@pytest.mark.matrix("code server and all runs killed; noticed soon")
def test_lost_runs_are_noticed_soon(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, counted: Counted
) -> None:
    waits = sorted(seconds_until_noticed(tmp_path / str(n), monkeypatch) for n in range(TRIALS))
    p95 = waits[math.ceil(0.95 * TRIALS) - 1]
    counted(f"milliseconds until a loss was noticed, p95 of {TRIALS} trials", round(1000 * p95))
    counted(f"milliseconds until a loss was noticed, median of {TRIALS}",
            round(1000 * waits[TRIALS // 2]))  # fmt: skip


def seconds_until_noticed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> float:
    """From the kill of a company's code server and runs until the last run is marked failed."""
    folder.mkdir()
    company = company_of(folder, monkeypatch)
    opened = company.open()
    plan = configure_plan(opened, opened.plan_settings(), company.resource.now())
    with running(company, folder / "log") as stack, commits_held_up(company, plan):
        stack.wait("all slots taken", lambda: len(runs_of_weeks(stack, STARTED)) == WEEKS)
        stack.kill_all_but_the_daemon()
        killed_at = time.time()
        stack.wait("both noticed", lambda: len(runs_of_weeks(stack, FAILURE)) == WEEKS)
        records = stack.instance.get_run_records(dg.RunsFilter(statuses=[FAILURE]))
    return max(record.end_time or 0.0 for record in records) - killed_at
