"""The instance of an installation: created once, whoever comes first, with our settings."""

import multiprocessing

import dagster as dg
import pytest
import yaml

from sitecast.deployment import Deployment
from sitecast_dagster.instance import dagster_home, init_instance


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


@pytest.mark.parametrize("name", ["dagster", "sitecast.db"])
def test_nobody_else_on_the_machine_may_look_into_it(company, name):
    init_instance(company.deployment)
    company.open()
    assert (dagster_home(company.deployment).stat().st_mode & 0o077) == 0
    assert (company.home / name).exists()
