"""The runbook, tried as written: each finding is made on purpose, its commands run, it is gone."""

import datetime as dt
import json
import os
import re
import shlex
import shutil
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import dagster as dg
import pytest
import yaml
from click.testing import CliRunner
from servers import S3_KEYS

from sitecast.cli import main
from sitecast.deployment import Deployment
from sitecast.doctor import examine
from sitecast.doctor.findings import KINDS
from sitecast.extract.demo import write_demo_company
from sitecast.publish.message import CHANNEL as EMAIL
from sitecast.publish.runbook import SECTIONS
from sitecast.store.outbox import RECALL

RUNBOOK = Path(__file__).parents[2] / "docs" / "how-to" / "runbook.md"
ALERTS = ("A run failed", "The forecast is late", "A publication is wrong",
          "A message did not go out", "Publishing was given up")  # fmt: skip
NO_COMMAND = {"python-version", "package-missing", "ledger-unreachable", "webhook", "check-failed",
              "dagster-daemon", "store-unreachable", "broker-unreachable", "no-worker"}  # fmt: skip
WEEK = "2026-W48"


def sections():
    """Commands by section, joined to one list each."""
    parts = re.split(r"^## (.+)$", RUNBOOK.read_text(encoding="utf-8"), flags=re.M)[1:]
    found = {}
    for name, text in zip(parts[::2], parts[1::2], strict=True):
        blocks = re.findall(r"```console\n(.*?)```", text, flags=re.S)
        found[name] = [line[2:] for block in blocks for line in block.splitlines()]
    return found


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    """The demo company, one week forecast and published by the command line."""
    home = tmp_path_factory.mktemp("runbook") / "home"
    plan_file = write_demo_company(home)
    plan = yaml.safe_load(plan_file.read_text(encoding="utf-8"))
    plan |= {"draws": 3, "horizon_weeks": 1, "history_weeks": 1,
             "publication": {"recipients": ["ana@example.com"]}}  # fmt: skip
    plan_file.write_text(yaml.safe_dump(plan), encoding="utf-8")
    ran = CliRunner().invoke(main, ["run", "--home", str(home), "--runner", "direct"])
    assert ran.exit_code == 0, ran.output
    return home


@pytest.fixture
def home(published, tmp_path, monkeypatch):
    """A copy of it, with the environment that the runbook asks for."""
    copy = tmp_path / "home"
    shutil.copytree(published, copy, symlinks=True)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SITECAST_HOME", str(copy))
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    return copy


def sql(home, statement, *values):
    with sqlite3.connect(home / "sitecast.db") as database:
        database.execute(statement, values)
    database.close()


def message(status, **changes):
    """Put the one email of the publication into a status, days ago."""

    def change(home, _monkeypatch):
        old = dt.datetime.now(dt.UTC).replace(tzinfo=None) - dt.timedelta(days=2)
        facts = {"status": status, "queued_at": str(old), "next_try_at": str(old), "attempts": 1}
        for column, value in (facts | changes).items():
            sql(home, f"UPDATE outbox SET {column} = ?", value)

    return change  # fmt: skip


def damaged_ledger(home, _monkeypatch):
    (home / "sitecast.db").write_bytes(b"no database" * 999)


def damaged_week(home, _monkeypatch):
    (table,) = home.glob("weeks/*/*/site_forecast/v/*/site_load.parquet")
    table.write_bytes(table.read_bytes()[:-50])


def damaged_page(home, _monkeypatch):
    page = home / "publications" / "current" / "page.html"
    page.write_bytes(page.read_bytes() + b"x")


def left_over(home, _monkeypatch):
    left = home / "publications" / ".new-abcd1234"
    left.mkdir()
    (left / "site_load.parquet").write_bytes(b"x" * 1000)
    two_days_ago = time.time() - 2 * 86_400
    os.utime(left, (two_days_ago, two_days_ago))


def plan_file(**changes):
    def change(home, _monkeypatch):
        path = home / "plan.yaml"
        plan = yaml.safe_load(path.read_text(encoding="utf-8"))
        path.write_text(yaml.safe_dump({**plan, **changes}), encoding="utf-8")

    return change  # fmt: skip


def no_menu(home, _monkeypatch):
    import pandas as pd

    menu = pd.read_parquet(home / "input" / "menu.parquet")
    menu[menu["menu_week"] != WEEK].to_parquet(home / "input" / "menu.parquet")


def unpublished(home, _monkeypatch):
    for table in ("publication_feed", "outbox"):
        sql(home, f"DELETE FROM {table}")
    with sqlite3.connect(home / "sitecast.db") as database:
        rows = database.execute(
            "SELECT name FROM sqlite_master WHERE sql LIKE '%publication_id%' "
            "AND type = 'table' AND name NOT IN ('publications', 'outbox')"
        )
        for (name,) in rows.fetchall():
            database.execute(f"DELETE FROM {name}")
        database.execute("DELETE FROM publications")
        database.execute("DELETE FROM pointers WHERE name = 'publication'")
    database.close()
    shutil.rmtree(home / "publications")


def no_forecast(home, monkeypatch):
    unpublished(home, monkeypatch)
    (head,) = home.glob("weeks/*/*/site_forecast/HEAD")
    head.unlink()


def set_variable(name, value):
    return lambda _home, monkeypatch: monkeypatch.setenv(name, value)


def own_dagster_yaml(home, _monkeypatch):
    (home / "dagster").mkdir(exist_ok=True)
    (home / "dagster" / "dagster.yaml").write_text("storage: {no: such}\n")


def no_object_store(_home, monkeypatch):
    for name, value in {**S3_KEYS, "AWS_ENDPOINT_URL": "http://127.0.0.1:1"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("SITECAST_STORE_URL", "s3://no-such-bucket/sitecast")


def stuck_run(home, _monkeypatch):
    """A run of the command line whose process died, and with it all that would tell of it."""
    from sitecast_dagster.definitions import build_definitions
    from sitecast_dagster.instance import init_instance
    from sitecast_dagster.local_runner import LOCAL
    from sitecast_dagster.resources import InstallationResource
    from sitecast_dagster.stored_runs import create_run

    deployment = Deployment(home=home)
    job = build_definitions(InstallationResource.of(deployment)).resolve_job_def("plan_weeks")
    with dg.DagsterInstance.from_config(str(init_instance(deployment))) as instance:
        create_run(instance, job, LOCAL)
    with sqlite3.connect(home / "dagster" / "history" / "runs.db") as database:
        database.execute("UPDATE runs SET update_timestamp = '2026-01-01 00:00:00'")
    database.close()


GONE = [
    ("home-missing", lambda home, _: home.rename(home.with_name("elsewhere"))),
    ("home-rights", lambda home, _: home.chmod(0o755)),
    pytest.param("ledger-missing", lambda home, _: (home / "sitecast.db").unlink(),
                 marks=pytest.mark.slow),
    pytest.param("ledger-damaged", damaged_ledger, marks=pytest.mark.slow),
    ("ledger-schema", lambda home, _: sql(home, "DROP VIEW current_site_load")),
    ("not-published", unpublished),
    ("version-damaged", damaged_week),
    ("pointer-differs", lambda home, _: (home / "publications" / "current.json").write_text("{}")),
    ("leftover", left_over),
    ("message-waiting", message("pending")),
    ("message-interrupted", message("sending")),
    ("message-refused", message("refused", last_error="550 no such user")),
    ("message-held", message("held")),
    ("message-dead", message("dead")),
    pytest.param("dagster-not-set-up", lambda home, _: None, marks=pytest.mark.slow),
    pytest.param("dagster-unreachable", own_dagster_yaml, marks=pytest.mark.slow),
    pytest.param("dagster-run-stuck", stuck_run, marks=pytest.mark.slow),
    pytest.param("week-not-forecast", no_forecast, marks=pytest.mark.slow),
    pytest.param("no-plan", lambda home, _: (home / "sitecast.db").unlink(),
                 marks=pytest.mark.slow),
]  # fmt: skip
LOOKED_AT = [
    ("unknown-variable", set_variable("SITECAST_SMTP", "smtp://mail.example.com")),
    ("plan-file", plan_file(horizon_week=3)),
    ("input", lambda home, _: (home / "input" / "menu_weeks.parquet").write_bytes(b"PAR1")),
    ("week-without-data", no_menu),
    ("publication-damaged", damaged_page),
    ("smtp", set_variable("SITECAST_SMTP_URL", "smtp://user:hidden-word@127.0.0.1:1")),
    ("emails-to-files", lambda home, _: None),
    ("no-recipients", plan_file(publication={})),
    ("ledger-unreachable", set_variable("SITECAST_WAREHOUSE_URL", "sqlite:////no/such/place.db")),
    pytest.param("store-unreachable", no_object_store, marks=pytest.mark.slow),  # it is asked again
    (
        "broker-unreachable",
        set_variable("SITECAST_BROKER_URL", "redis://:hidden-word@127.0.0.1:1/0"),
    ),
    ("webhook", set_variable("SITECAST_WEBHOOK_URL", "https://hooks.example.com/t0ken")),
]


def found(home):
    moment = dt.datetime.now(dt.UTC)
    from sitecast_dagster.doctor import findings

    told = examine(Deployment(home=home), moment, os.environ, [findings])
    return {finding.kind: finding for finding in told}


def try_as_written(line):
    """Run one command: sitecast in this process, where the shell has nothing to do with it."""
    if line.startswith("sitecast ") and "$(" not in line:
        ran = CliRunner().invoke(main, shlex.split(os.path.expandvars(line))[1:])
        assert "Traceback" not in ran.output
        assert ran.exception is None or isinstance(ran.exception, SystemExit), ran.exception
        return ran.exit_code
    done = subprocess.run(["bash", "-c", line], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return 0


def test_every_finding_and_every_alert_has_its_section_and_no_section_is_about_nothing():
    assert sorted(sections()) == sorted([*ALERTS, *KINDS])
    anchors = [name.lower().replace(" ", "-") for name in ALERTS]
    assert sorted(anchors) == sorted(SECTIONS.values())
    code = [path for name in ("sitecast", "sitecast_dagster") for path in
            (RUNBOOK.parents[2] / name).rglob("*.py")]  # fmt: skip
    raised = {
        channel
        for path in code
        if path.name != "runbook.py"
        for channel in re.findall(r'"(email-\w+)"', path.read_text(encoding="utf-8"))
    }
    assert raised | {EMAIL + RECALL} == {name for name in SECTIONS if name.startswith(EMAIL)}
    without = {name for name, commands in sections().items() if not commands}
    assert without == NO_COMMAND
    tried = {getattr(case, "values", case)[0] for case in [*GONE, *LOOKED_AT]}
    assert set(KINDS) - tried - NO_COMMAND == {"lock-held", "disk-space"}  # in a test of their own


@pytest.mark.parametrize(("kind", "broken"), GONE)
def test_the_commands_of_the_section_cure_it(kind, broken, home, monkeypatch):
    broken(home, monkeypatch)
    assert kind in found(home) or (kind == "no-plan" and "ledger-missing" in found(home))
    for line in sections()[kind]:
        assert try_as_written(line) == 0, line
    assert kind not in found(home)


@pytest.mark.parametrize(("kind", "broken"), LOOKED_AT)
def test_the_commands_of_the_section_show_it(kind, broken, home, monkeypatch):
    assert kind not in found(home) or kind == "emails-to-files"
    broken(home, monkeypatch)
    finding = found(home)[kind]
    assert finding.remedy
    assert "hidden-word" not in str(finding) + json.dumps(vars(finding))
    for line in sections()[kind]:
        assert try_as_written(line) in (0, 1, 2), line


def test_a_held_lock_is_told_and_disk_space_is_shown(home):
    from sitecast.store.files import locked

    with locked(home / "publications" / ".lock"):
        assert found(home)["lock-held"].severity == "note"
    for line in [*sections()["lock-held"], *sections()["disk-space"]]:
        assert try_as_written(line) == 0


def test_a_wrong_publication_is_recalled_as_written(home):
    for line in sections()["A publication is wrong"]:
        assert try_as_written(line) == 0
    feed = CliRunner().invoke(main, ["feed", "--json"])
    assert [event["event"] for event in json.loads(feed.output)] == ["published", "recalled"]
    assert found(home)["not-published"].severity == "warning"


@pytest.mark.slow
@pytest.mark.parametrize("alert", [name for name in ALERTS if name != "A publication is wrong"])
def test_the_commands_of_an_alert_end_well(alert, home):
    for line in sections()[alert]:
        assert try_as_written(line) == 0, line


def test_nothing_is_found_wrong_with_a_good_installation_and_nothing_is_changed(home):
    before = {path: path.stat().st_mtime_ns for path in home.rglob("*") if path.is_file()}
    told = CliRunner().invoke(main, ["doctor", "--json"])
    assert told.exit_code == 0
    kinds = {
        finding["kind"]: finding["severity"] for finding in json.loads(told.output)["findings"]
    }
    assert kinds == {"emails-to-files": "note", "dagster-not-set-up": "note"}
    after = {path: path.stat().st_mtime_ns for path in home.rglob("*") if path.is_file()}
    assert after == before


def test_an_error_ends_with_exit_code_1(home):
    damaged_week(home, None)
    told = CliRunner().invoke(main, ["doctor"])
    assert told.exit_code == 1
    assert "runbook.md#version-damaged" in told.output
