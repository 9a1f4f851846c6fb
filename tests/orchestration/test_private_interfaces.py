"""What the layer takes from Dagster's private interfaces, held against the pinned version."""

import inspect
import logging
import sqlite3
import subprocess
import sys
import time
import tomllib
import uuid
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace

import dagster as dg
import dagster._cli.dev
import dagster._grpc.server
import dagster_webserver.cli
import yaml
from dagster._core.storage.event_log.sqlite import sqlite_event_log
from dagster._core.storage.event_log.sqlite.sqlite_event_log import SqliteEventLogStorage
from dagster._core.storage.sql import check_alembic_revision, get_alembic_config
from dagster._core.workspace.load_target import ModuleTarget
from dagster_celery.config import TASK_EXECUTE_JOB_NAME

from sitecast.deployment import Deployment
from sitecast_dagster import daemon, kept_connections, run_databases, webserver, worker
from sitecast_dagster.definitions import defs
from sitecast_dagster.guard import Guard
from sitecast_dagster.instance_settings import FOLDER
from sitecast_dagster.stored_runs import MODULE, REPOSITORY, create_run, execute_run
from sitecast_dagster.worker_launcher import WorkerRunLauncher

ROOT = Path(__file__).parents[2]


def test_the_installed_version_is_the_one_these_tests_were_written_for():
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    assert {f"dagster=={dg.__version__}", f"dagster-webserver=={dg.__version__}"} <= set(wanted)


def test_a_recorded_run_belongs_to_the_code_location_the_ui_loads(stage):
    job = defs.resolve_job_def("plan_weeks")
    run = stage.instance.get_run_by_id(create_run(stage.instance, job, {"a": "b"}))
    (location,) = ModuleTarget(MODULE, None, None, None).create_origins()
    repository = run.remote_job_origin.repository_origin
    assert repository.code_location_origin.location_name == location.location_name
    assert repository.repository_name == defs.get_repository_def().name == REPOSITORY
    assert run.job_name == "plan_weeks"
    assert run.tags[".dagster/repository"] == f"{REPOSITORY}@{location.location_name}"
    assert run.tags["a"] == "b"
    assert run.status == dg.DagsterRunStatus.NOT_STARTED


def test_a_recorded_run_executes_event_by_event(stage):
    job = stage.definitions.resolve_job_def("plan_weeks")
    run_id = create_run(stage.instance, job, {})
    kinds = [event.event_type for event in execute_run(stage.instance, job, run_id)]
    assert dg.DagsterEventType.ASSET_MATERIALIZATION in kinds
    assert kinds[-1] == dg.DagsterEventType.RUN_SUCCESS
    assert stage.instance.get_run_by_id(run_id).status == dg.DagsterRunStatus.SUCCESS


def test_dagster_dev_and_the_webserver_put_the_guard_in_front_of_the_ui(monkeypatch):
    started, served = [], []
    monkeypatch.setattr(webserver, "_open_process", lambda command, **_: started.append(command))
    monkeypatch.setattr(dagster._cli.dev, "dev_command", lambda *_, **__: None)
    monkeypatch.setattr(dagster._cli.dev, "open_ipc_subprocess", None)
    webserver.main(["dev", "-p", "1"])
    dagster._cli.dev.open_ipc_subprocess(["python", "-m", webserver.STOCK, "--port", "1"])
    assert started == [["python", "-m", webserver.MODULE, "--port", "1"]]
    name = "create_app_from_workspace_process_context"
    monkeypatch.setattr(dagster_webserver.cli, name, None)
    monkeypatch.setattr(dagster_webserver.cli, "dagster_webserver", lambda *_, **__: None)
    monkeypatch.setattr(webserver, name, lambda *_: served.append("the UI"))
    monkeypatch.setattr(webserver, "keep_connections", lambda: served.append("kept"))
    webserver.main([])
    assert isinstance(getattr(dagster_webserver.cli, name)("context"), Guard)
    assert served == ["kept", "the UI"]


def test_dagster_dev_starts_the_webserver_by_the_module_that_is_replaced():
    source = Path(dagster._cli.dev.__file__).read_text()
    assert f'[sys.executable, "-m", "{webserver.STOCK}"]' in source
    assert "open_ipc_subprocess(" in source


def test_the_daemon_retries_patiently_and_dagster_dev_starts_this_one(stage, monkeypatch):
    stock = {type(d).__name__ for d in daemon.create_daemons_from_instance(stage.instance)}
    ours = {type(d).__name__ for d in daemon.daemons_of(stage.instance)}
    assert stock - ours == {"EventLogConsumerDaemon"}
    assert ours - stock == {"PatientRetryDaemon"}
    asked = []
    monkeypatch.setattr(daemon, "keep_connections", lambda: asked.append("patience"))
    monkeypatch.setattr(daemon._command, "cli", lambda arguments, **_: asked.append(arguments))
    monkeypatch.setattr(daemon._command, "daemon_controller_from_instance", None)
    for name in ("RELOAD_WORKSPACE_INTERVAL", "DEFAULT_WORKSPACE_FRESHNESS_TOLERANCE"):
        monkeypatch.setattr(daemon._controller, name, 0)  # put back at the end
    daemon.main(["run"])
    assert asked == ["patience", ["run"]]
    _require_ten_minutes_for_a_code_server(daemon._controller.DagsterDaemonController)
    assert daemon._command.daemon_controller_from_instance.keywords == {
        "gen_daemons": daemon.daemons_of
    }
    source = Path(dagster._cli.dev.__file__).read_text()
    assert f'"{daemon.STOCK}",' in source


def _require_ten_minutes_for_a_code_server(controller):
    asked = []

    def refuse():
        asked.append("reload")
        raise RuntimeError("the new code server does not start")

    registry = SimpleNamespace(clear_all_grpc_endpoints=lambda: None)
    workspace = SimpleNamespace(refresh_workspace=refuse)
    this = SimpleNamespace(_grpc_server_registry=registry, _workspace_process_context=workspace,
                           _logger=logging.getLogger())  # fmt: skip
    for age, expected in ((500, []), (700, ["reload"])):  # and one in vain ends no daemon
        before = time.time() - age
        assert controller.check_workspace_freshness(this, before) == before
        assert asked == expected


def test_a_worker_takes_what_its_launcher_sends(tmp_path):
    app = worker.make_worker_app(Deployment(home=tmp_path, broker_url="memory://"))
    assert app.tasks[TASK_EXECUTE_JOB_NAME].acks_late
    assert [queue.name for queue in app.conf.task_queues] == [worker.QUEUE]
    settings = yaml.safe_load((FOLDER / "dagster-workers.yaml").read_text())["run_launcher"]
    assert settings["class"] == WorkerRunLauncher.__name__
    assert settings["module"] == WorkerRunLauncher.__module__
    config = {**settings["config"], "broker": "memory://"}
    launcher = WorkerRunLauncher(default_queue=worker.QUEUE, **config)
    sent = launcher.celery.conf.broker_transport_options["visibility_timeout"]
    assert sent == app.conf.broker_transport_options["visibility_timeout"]
    assert launcher.supports_check_run_worker_health
    assert not launcher.supports_resume_run


def test_a_code_server_takes_the_processes_of_runs_from_the_spawn_context():
    source = inspect.getsource(dagster._grpc.server)
    assert 'self._mp_ctx = multiprocessing.get_context("spawn")' in source
    assert "self._mp_ctx.Process(" in source


def test_a_code_server_has_one_function_that_looks_after_its_runs():
    source = inspect.getsource(dagster._grpc.server.DagsterApiServer)
    assert source.count("self._check_for_orphaned_runs()") == 1
    assert "self._executions[run_id] = (\n" in source
    assert "self._server_termination_event.wait(CLEANUP_TICK)" in source


def test_every_sqlite_store_makes_its_engines_by_the_function_that_is_replaced():
    for name in kept_connections.STORAGES:
        source = inspect.getsource(import_module(name))
        made = source.count("= create_engine(")
        assert made > 0
        assert made == source.count("create_engine(") == source.count("poolclass=NullPool")

        assert "check_alembic_revision(" in source


def test_a_run_begins_with_the_database_that_dagster_makes_for_it(tmp_path):
    stock = SqliteEventLogStorage(str(tmp_path))
    with stock.run_connection("stock"):
        pass
    copy = tmp_path / f"{uuid.uuid4()}.db"
    run_databases.begin_run_database(copy)
    theirs, ours = (sqlite3.connect(path) for path in (stock.path_for_shard("stock"), copy))
    for asked in ("SELECT sql FROM sqlite_master ORDER BY name", "SELECT * FROM alembic_version",
                  "PRAGMA journal_mode", "PRAGMA integrity_check"):  # fmt: skip
        assert ours.execute(asked).fetchall() == theirs.execute(asked).fetchall()
    copy.write_bytes(b"events of a run")
    run_databases.begin_run_database(copy)
    run_databases.begin_run_database(tmp_path / "other.db")
    assert copy.read_bytes() == b"events of a run"
    assert not (tmp_path / "other.db").exists()
    with stock.index_connection() as connection:
        config = get_alembic_config(sqlite_event_log.__file__)
        found = run_databases.revisions(config, connection)
        assert found == check_alembic_revision(config, connection)


def test_what_is_stored_through_kept_connections_is_there_for_others_and_no_journal_is_left(stage):
    home = str(stage.company.home / "dagster")
    code = (
        "import os, sys, uuid, dagster as dg\n"
        "from sitecast_dagster import kept_connections\n"
        "from sitecast_dagster.kept_connections import keep_connections\n"
        "from sitecast_dagster.stored_runs import create_run\n"
        "from sitecast_dagster.definitions import defs\n"
        "keep_connections()\n"
        "with dg.DagsterInstance.from_config(sys.argv[1]) as instance:\n"
        "    for tag in 'ab':\n"
        "        create_run(instance, defs.resolve_job_def('plan_weeks'), {'tag': tag})\n"
        "    kept_connections.MOST_KEPT = 2\n"
        "    for n in range(5):\n"
        "        instance.all_logs(str(uuid.UUID(int=n)))\n"
        "    opened = [os.readlink(f) for f in os.scandir('/proc/self/fd') if f.is_symlink()]\n"
        "    assert sum(name.endswith('.db') for name in opened) <= 2, opened\n"
    )
    kept_connections.close_unused()  # this process's own: the last one of a file ends its journal
    subprocess.run([sys.executable, "-c", code, home], check=True)
    assert not [path for path in Path(home).rglob("*-wal") if path.stat().st_size]
    runs = stage.instance.get_runs(dg.RunsFilter(job_name="plan_weeks"))
    assert sorted(run.tags["tag"] for run in runs) == ["a", "b"]
    for run in runs:
        (planned,) = stage.instance.all_logs(run.run_id)
        assert planned.dagster_event_type == dg.DagsterEventType.ASSET_MATERIALIZATION_PLANNED
