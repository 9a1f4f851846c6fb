"""A backfill of three weeks, as the UI asks for it and the daemon carries it out."""

import logging
import time
from contextlib import contextmanager

import dagster as dg
import pytest
from dagster._core.execution.backfill import BulkActionStatus, PartitionBackfill
from dagster._core.test_utils import create_test_daemon_workspace_context, instance_for_test
from dagster._core.workspace.load_target import ModuleTarget
from dagster._daemon.backfill import execute_backfill_iteration
from orchestration.conftest import Stage

from sitecast.pipeline import configure_plan
from sitecast.records.week_record import SiteForecast
from sitecast_dagster.assets import WEEK_ASSETS
from sitecast_dagster.definitions import defs
from sitecast_dagster.sensors import new_weeks
from sitecast_dagster.stored_runs import MODULE

# The launcher runs inside the daemon's event loop, which only these tests do.
pytestmark = pytest.mark.filterwarnings("ignore:coroutine 'BaseEventLoop:RuntimeWarning")
IN_THIS_PROCESS = {
    "run_launcher": {
        "module": "dagster._core.launcher.sync_in_memory_run_launcher",
        "class": "SyncInMemoryRunLauncher",
    },
    "run_coordinator": {
        "module": "dagster._core.run_coordinator",
        "class": "DefaultRunCoordinator",
    },
}


@pytest.fixture
def plan(company, monkeypatch):
    monkeypatch.setenv("SITECAST_HOME", str(company.home))
    company.plan(horizon_weeks=3)
    opened = company.open()
    return configure_plan(opened, opened.plan_settings(), company.resource.now())


@contextmanager
def asked_for(weeks):
    """An instance with a backfill of weeks that waits for the daemon, and the daemon's context."""
    with (
        instance_for_test(overrides=IN_THIS_PROCESS) as instance,
        create_test_daemon_workspace_context(
            ModuleTarget(MODULE, None, None, None), instance
        ) as ui,
    ):
        instance.add_dynamic_partitions("menu_week", list(weeks))
        instance.add_backfill(a_backfill(instance, weeks))
        yield instance, ui


def a_backfill(instance, weeks):
    return PartitionBackfill.from_asset_partitions(
        backfill_id="weeks", asset_graph=defs.resolve_asset_graph(),
        partition_names=list(weeks), asset_selection=[asset.key for asset in WEEK_ASSETS],
        backfill_timestamp=time.time(), tags={}, dynamic_partitions_store=instance,
        all_partitions=False, title=None, description=None, run_config=None,
    )  # fmt: skip


def test_weeks_are_backfilled_one_run_each(company, plan, kept):
    with asked_for(plan.menu_weeks) as (instance, ui):
        _carry_out(ui, instance)
        runs = instance.get_runs()
        assert {run.status for run in runs} == {dg.DagsterRunStatus.SUCCESS}
        assert sorted(run.tags["dagster/partition"] for run in runs) == list(plan.menu_weeks)
        assert {run.tags["sitecast/plan_id"] for run in runs} == {plan.plan_id}
    store = company.open().weeks
    assert all(store.head(plan.plan_id, week, SiteForecast) for week in plan.menu_weeks)


@pytest.mark.slow
@pytest.mark.matrix("partition deleted in the middle of a backfill", page="faults")
def test_a_week_deleted_in_the_middle_of_a_backfill_ends_it_and_harms_no_other(
    company, plan, kept, monkeypatch
):
    first, gone, _ = plan.menu_weeks
    submit = dg.DagsterInstance.submit_run

    def submit_and_delete(instance, *arguments, **named):
        run = submit(instance, *arguments, **named)
        instance.delete_dynamic_partition("menu_week", gone)
        return run

    monkeypatch.setattr(dg.DagsterInstance, "submit_run", submit_and_delete)
    with asked_for(plan.menu_weeks) as (instance, ui):
        for _ in range(10):
            list(execute_backfill_iteration(ui, logging.getLogger()))
        assert instance.get_backfill("weeks").status not in (
            BulkActionStatus.REQUESTED, BulkActionStatus.CANCELING, BulkActionStatus.FAILING
        )  # fmt: skip
        stage = Stage(company, instance, defs)
        asked = [request.partition_key for request in stage.tick(new_weeks)]
    store = company.open().weeks
    done = {week for week in plan.menu_weeks if store.head(plan.plan_id, week, SiteForecast)}
    assert first in done
    assert {*done, *asked} == set(plan.menu_weeks), "what is missing is asked for anew"


def _carry_out(ui, instance):
    for _ in range(5):
        errors = [error for error in execute_backfill_iteration(ui, logging.getLogger()) if error]
        assert errors == []
        status = instance.get_backfill("weeks").status
        if status != BulkActionStatus.REQUESTED:
            assert status == BulkActionStatus.COMPLETED_SUCCESS
            return
    raise AssertionError(f"the backfill did not end: {status}")
