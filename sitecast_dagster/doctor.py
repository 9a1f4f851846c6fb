"""What `sitecast doctor` says about Dagster: its instance, stuck runs, its daemon, its workers.

What belongs here: checks that need Dagster, handed to the library by an entry point. What does
not: everything else about an installation (sitecast.doctor).
"""

import datetime as dt
from collections.abc import Iterator

import dagster as dg

from sitecast.deployment import Deployment
from sitecast.doctor import Finding
from sitecast_dagster.instance import dagster_home
from sitecast_dagster.tags import PARTITION_TAG
from sitecast_dagster.week_status import UNFINISHED

STUCK = dt.timedelta(minutes=30)
"""Without any event for so long, a run is worth a look: a week takes minutes."""
SILENT = dt.timedelta(minutes=3)
ANSWER_S = 2.0
DAEMONS = ("SENSOR", "QUEUED_RUN_COORDINATOR", "MONITORING")


def findings(deployment: Deployment, now: dt.datetime) -> Iterator[Finding]:
    """Everything about workers and the instance; opens it only where it was set up."""
    if deployment.broker_url is not None:
        yield from _workers(deployment.broker_url.get_secret_value())
    home = dagster_home(deployment)
    if not (home / "dagster.yaml").is_file():
        yield Finding("dagster-not-set-up", "note", f"there is no Dagster instance in {home}",
                      "run `sitecast init`, if the weeks are to run in Dagster")  # fmt: skip
        return
    try:
        with dg.DagsterInstance.from_config(str(home)) as instance:
            yield from _stuck(instance, now)
            yield from _daemon(instance, now)
    except Exception as error:  # a wrong dagster.yaml ends in errors of many kinds
        problem = f"Dagster's instance cannot be read: {type(error).__name__}: {error}"
        yield Finding("dagster-unreachable", "error", " ".join(problem.split())[:500],
                      "correct its dagster.yaml, or put a copy of its folder back")  # fmt: skip


def _workers(broker: str) -> Iterator[Finding]:
    from celery import Celery  # with sitecast[workers] only
    from kombu.exceptions import OperationalError

    app = Celery(broker=broker, set_as_current=False)
    try:
        with app.connection_for_write() as connection:
            connection.ensure_connection(max_retries=1, timeout=ANSWER_S)
        answers = app.control.ping(timeout=ANSWER_S)
    except OperationalError as error:
        yield Finding("broker-unreachable", "error", f"the broker does not answer: {error}",
                      "start Redis, or correct SITECAST_BROKER_URL")  # fmt: skip
        return
    if not answers:
        yield Finding("no-worker", "error", "no worker answers: runs wait",
                      "start one: python -m sitecast_dagster.worker")  # fmt: skip


def _stuck(instance: dg.DagsterInstance, now: dt.datetime) -> Iterator[Finding]:
    for record in instance.get_run_records(dg.RunsFilter(statuses=UNFINISHED)):
        run, since = record.dagster_run, now - record.update_timestamp.replace(tzinfo=dt.UTC)
        if since > STUCK:
            week = run.tags.get(PARTITION_TAG, run.job_name)
            yield Finding("dagster-run-stuck", "error",
                          f"run {run.run_id} ({week}) is {run.status.value} for "
                          f"{since.total_seconds() / 60:.0f} minutes without an event",
                          "start `make ui`: it ends runs whose process is gone")  # fmt: skip


def _daemon(instance: dg.DagsterInstance, now: dt.datetime) -> Iterator[Finding]:
    beats = instance.get_daemon_heartbeats()
    silent = [name for name in DAEMONS if name in beats
              and now.timestamp() - beats[name].timestamp > SILENT.total_seconds()]  # fmt: skip
    if silent:
        last = max(beats[name].timestamp for name in silent)
        minutes = (now.timestamp() - last) / 60
        yield Finding(
            "dagster-daemon",
            "warning",
            f"Dagster's daemon is silent for {minutes:.0f} minutes: no sensor publishes, "
            "retries or warns",
            "start `make ui`, or the service that runs it",
        )
    for name, beat in sorted(beats.items()):
        if beat.errors and name not in silent:
            text = " ".join(beat.errors[0].message.split())[:300]
            yield Finding("dagster-daemon", "error", f"Dagster's daemon {name} fails: {text}",
                          "correct the cause; the daemon goes on by itself")  # fmt: skip
