"""The instance of an installation: created once, whoever comes first, with our settings."""

import multiprocessing

import dagster as dg
import pytest
import yaml

from sitecast.deployment import Deployment
from sitecast.errors import SettingsError
from sitecast.installation import open_installation
from sitecast_dagster.instance import dagster_home, init_instance
from sitecast_dagster.instance_settings import instance_settings


def settings_of(company):
    return yaml.safe_load((dagster_home(company.deployment) / "dagster.yaml").read_text())


@pytest.mark.matrix("first start by several processes", page="faults")
def test_several_processes_may_start_on_an_empty_home(company):
    fork = multiprocessing.get_context("fork")
    starts = [fork.Process(target=init_instance, args=(company.deployment,)) for _ in range(4)]
    for process in starts:
        process.start()
    for process in starts:
        process.join()
    assert [process.exitcode for process in starts] == [0] * 4
    with dg.DagsterInstance.from_config(str(dagster_home(company.deployment))) as instance:
        assert instance.get_runs() == []
        assert instance.event_log_storage.get_dynamic_partitions("menu_week") == []


def test_settings_bound_runs_watch_workers_and_keep_quiet(company):
    init_instance(Deployment(home=company.home, max_concurrent_weeks=3))
    settings = settings_of(company)
    assert settings["concurrency"]["runs"]["max_concurrent_runs"] == 3
    assert settings["run_monitoring"]["enabled"] is True
    assert settings["run_retries"]["retry_on_asset_or_op_failure"] is False
    assert settings["telemetry"]["enabled"] is settings["nux"]["enabled"] is False
    init_instance(Deployment(home=company.home, max_concurrent_weeks=5))
    assert settings_of(company)["concurrency"]["runs"]["max_concurrent_runs"] == 5


def test_a_file_of_your_own_is_left_alone(company):
    home = init_instance(company.deployment)
    (home / "dagster.yaml").write_text("telemetry: {enabled: false}\n")
    init_instance(company.deployment)
    assert settings_of(company) == {"telemetry": {"enabled": False}}


def test_nobody_else_on_the_machine_may_look_into_it(tmp_path):
    deployment = Deployment(home=tmp_path / "home")
    open_installation(deployment)
    init_instance(deployment)
    places = deployment.home, dagster_home(deployment), deployment.home / "sitecast.db"
    assert [place.stat().st_mode & 0o077 for place in places] == [0, 0, 0]


@pytest.mark.matrix("first start by several machines that share PostgreSQL", page="faults")
def test_several_machines_may_start_on_an_empty_database(tmp_path, postgres, monkeypatch):
    monkeypatch.setenv("SITECAST_DAGSTER_URL", postgres)
    fork = multiprocessing.get_context("fork")
    machines = [Deployment(home=tmp_path / f"machine-{n}") for n in range(3)]
    starts = [fork.Process(target=init_instance, args=(machine,)) for machine in machines]
    for process in starts:
        process.start()
    for process in starts:
        process.join()
    assert [process.exitcode for process in starts] == [0] * 3
    assert postgres not in (dagster_home(machines[0]) / "dagster.yaml").read_text()
    home = init_instance(machines[0])
    with dg.DagsterInstance.from_config(str(home)) as instance:
        assert instance.run_storage.postgres_url == postgres
        assert instance.get_runs() == []
        assert instance.global_op_concurrency_default_limit is None  # dagster #33552
    assert not list(home.rglob("*.db"))


def test_workers_need_what_machines_can_share(company):
    alone = Deployment(home=company.home, broker_url="redis://127.0.0.1:9/0")
    with pytest.raises(SettingsError, match=r"SITECAST_DAGSTER_URL, SITECAST_WAREHOUSE_URL, SITE"):
        init_instance(alone)


def test_dagsters_database_is_no_sqlite_file(company):
    wrong = Deployment(home=company.home, dagster_url=f"sqlite:///{company.home}/x.db")
    with pytest.raises(SettingsError, match="not PostgreSQL"):
        init_instance(wrong)


def test_settings_of_workers_launch_runs_on_them_and_hold_no_secret(company):
    urls = {name: f"postgresql://u:s3cret@127.0.0.1:9/{name}" for name in
            ("dagster_url", "warehouse_url")}  # fmt: skip
    workers = Deployment(home=company.home, store_url="s3://bucket/x",
                         broker_url="redis://:s3cret@127.0.0.1:9/0", **urls)  # fmt: skip
    text = instance_settings(workers)
    settings = yaml.safe_load(text)
    assert settings["run_launcher"]["class"] == "WorkerRunLauncher"
    assert settings["run_launcher"]["config"]["broker"] == {"env": "SITECAST_BROKER_URL"}
    assert settings["storage"]["postgres"]["postgres_url"] == {"env": "SITECAST_DAGSTER_URL"}
    assert settings["run_monitoring"]["start_timeout_seconds"] == 600
    assert "s3cret" not in text
