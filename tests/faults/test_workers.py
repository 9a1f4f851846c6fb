"""Weeks on workers that share nothing but the network: one is lost, all are replaced in turn."""

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import dagster as dg
import psycopg2
import pytest
from cluster import STARTED, Cluster
from orchestration.conftest import Company
from servers import S3Server

from sitecast.pipeline import configure_plan
from sitecast.records.plan import ForecastPlan
from sitecast_dagster.doctor import findings

FAILURE = dg.DagsterRunStatus.FAILURE
WEEKS = 2


@pytest.fixture
def cluster(
    tmp_path: Path, postgres: str, s3: str, s3_server: S3Server, broker: str,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Cluster]:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    company = Company(tmp_path / "company")
    company.plan(horizon_weeks=WEEKS)
    (tmp_path / "machines").mkdir()
    made = Cluster(company, tmp_path / "machines", postgres, s3, s3_server.url, broker, WEEKS)
    for name, value in made.settings.items():
        monkeypatch.setenv(name, value)
    assert made.instance.run_storage
    yield made
    made.close()


def new_plan(cluster: Cluster) -> ForecastPlan:
    """A plan whose weeks the sensor will ask for."""
    opened = cluster.open()
    now = opened.plan_settings().as_of
    assert now is not None
    return configure_plan(opened, opened.plan_settings(), now)


@contextmanager
def commits_held_up(cluster: Cluster) -> Iterator[None]:
    """While this is held, runs come as far as their first commit, and no further."""
    url = cluster.database.replace("+psycopg2", "")
    connection = psycopg2.connect(url)
    connection.cursor().execute("LOCK TABLE week_heads IN EXCLUSIVE MODE")
    try:
        yield
    finally:
        connection.close()


def told_of_workers(cluster: Cluster) -> list[str]:
    """What the doctor says of broker and workers."""
    told = findings(cluster.deployment, dt.datetime.now(dt.UTC))
    return [one.kind for one in told if one.kind in ("broker-unreachable", "no-worker")]


@pytest.mark.matrix("a worker's machine lost in the middle of a week; another takes its place")
def test_a_worker_lost_in_the_middle_of_a_week_is_replaced_and_the_plan_completes(
    cluster: Cluster,
) -> None:
    plan = new_plan(cluster)
    cluster.start_daemon()
    assert told_of_workers(cluster) == ["no-worker"]
    workers = [cluster.start_worker(f"worker-{number}") for number in (1, 2)]
    with commits_held_up(cluster):
        cluster.wait("a week on each worker", lambda: len(cluster.runs(STARTED)) == WEEKS)
        assert told_of_workers(cluster) == []
        workers[0].lose()
        cluster.start_worker("worker-3")
        cluster.wait("the loss noticed", lambda: len(cluster.runs(FAILURE)) == 1)
    cluster.wait("all weeks", lambda: set(cluster.done()) == set(plan.menu_weeks))
    assert cluster.done() == dict.fromkeys(plan.menu_weeks, 1)
    assert len(cluster.runs(FAILURE)) == 1
    places = [path.parent.name for path in cluster.folder.glob("*/home/weeks")]
    assert places == []  # nothing lies on the disk of a machine


@pytest.mark.slow
@pytest.mark.matrix("rolling restart: every worker in turn gets SIGTERM and is replaced")
def test_a_rolling_restart_loses_nothing(cluster: Cluster) -> None:
    plan = new_plan(cluster)
    cluster.start_daemon()
    workers = [cluster.start_worker(f"worker-{number}") for number in (1, 2)]
    with commits_held_up(cluster):
        cluster.wait("a week on each worker", lambda: len(cluster.runs(STARTED)) == WEEKS)
        for worker in workers:
            worker.ask_to_stop()
        cluster.start_worker("worker-3")
    cluster.wait("the old ones end", lambda: all(worker.stopped() for worker in workers))
    cluster.wait("publication", lambda: len(cluster.open().ledger.publications()) == 1)
    assert cluster.done() == dict.fromkeys(plan.menu_weeks, 1)
    assert cluster.runs(FAILURE) == cluster.runs(dg.DagsterRunStatus.CANCELED) == []


@pytest.mark.slow
@pytest.mark.matrix("a week on a worker is cancelled from the UI")
def test_a_cancelled_week_ends_on_its_worker(cluster: Cluster) -> None:
    new_plan(cluster)
    cluster.start_daemon()
    cluster.start_worker("worker-1")
    with commits_held_up(cluster):
        cluster.wait("a week", lambda: len(cluster.runs(STARTED)) == 1)
        (run,) = cluster.runs(STARTED)
        assert cluster.instance.run_launcher.terminate(run.run_id)
        cluster.wait("its end", lambda: len(cluster.runs(dg.DagsterRunStatus.CANCELED)) == 1)
    cluster.wait("the other week", lambda: len(cluster.done()) == 1)
