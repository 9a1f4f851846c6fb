"""What `sitecast doctor` says about Dagster: stuck runs, a daemon that is silent or fails."""

import datetime as dt
from importlib.metadata import entry_points

import dagster as dg
from dagster._daemon.types import DaemonHeartbeat

from sitecast_dagster.doctor import DAEMONS, findings
from sitecast_dagster.stored_runs import create_run
from sitecast_dagster.tags import PARTITION_TAG


def told(stage, hours=0.0):
    moment = dt.datetime.now(dt.UTC) + dt.timedelta(hours=hours)
    return {finding.kind: finding for finding in findings(stage.company.deployment, moment)}


def beat(stage, name, errors=()):
    now = dt.datetime.now(dt.UTC).timestamp()
    stage.instance.add_daemon_heartbeat(DaemonHeartbeat(now, name, "id", list(errors)))


def test_the_command_line_asks_it():
    (entry,) = entry_points(group="sitecast.doctors")
    assert entry.load() is findings


def test_a_good_instance_has_no_findings(stage):
    for name in DAEMONS:
        beat(stage, name)
    create_run(stage.instance, stage.definitions.resolve_job_def("plan_weeks"), {})
    assert told(stage) == {}


def test_a_run_without_events_is_stuck_and_its_week_is_named(stage):
    job = stage.definitions.resolve_job_def("forecast_week")
    run_id = create_run(stage.instance, job, {PARTITION_TAG: "2026-W48"})
    finding = told(stage, hours=1)["dagster-run-stuck"]
    assert finding.severity == "error"
    assert run_id in finding.problem
    assert "2026-W48" in finding.problem
    assert "60 minutes" in finding.problem
    stage.instance.report_run_failed(stage.instance.get_run_by_id(run_id), "ended")
    assert told(stage, hours=1) == {}


def test_a_silent_daemon_and_a_failing_one_are_told(stage):
    for name in DAEMONS:
        beat(stage, name)
    assert "silent for 60 minutes" in told(stage, hours=1)["dagster-daemon"].problem
    error = dg._utils.error.SerializableErrorInfo("disk full", [], "OSError")
    beat(stage, "SENSOR", [error])
    failing = told(stage)["dagster-daemon"]
    assert failing.severity == "error"
    assert "SENSOR fails: disk full" in failing.problem


def test_an_instance_that_cannot_be_read_is_told(stage):
    (stage.company.home / "dagster" / "dagster.yaml").write_text("storage: {no: such}\n")
    assert told(stage).keys() == {"dagster-unreachable"}
