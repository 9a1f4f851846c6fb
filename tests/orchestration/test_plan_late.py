"""A plan that is late: Dagster's daemon finds it, one email waits in the outbox."""

import datetime as dt
import email
import email.policy

import dagster as dg
import pytest
from dagster._core.test_utils import create_test_daemon_workspace_context, freeze_time
from dagster._core.workspace.load_target import ModuleTarget
from dagster._daemon.freshness import FreshnessDaemon

from sitecast.store.outbox import Outbox
from sitecast_dagster.checks.freshness import DEADLINE, PLAN_IS_DUE, PUBLISHED, is_late
from sitecast_dagster.schedules import weekly_plan
from sitecast_dagster.sensors import deliver, plan_late
from sitecast_dagster.stored_runs import MODULE

WEDNESDAY = dt.datetime(2026, 11, 18, 15, tzinfo=dt.UTC)
FRIDAY, NEXT_FRIDAY = (dt.datetime(2026, 11, day, 9, tzinfo=dt.UTC) for day in (20, 27))


@pytest.fixture
def daemon(stage, monkeypatch):
    """One look of Dagster's own freshness daemon at a given time."""
    monkeypatch.setenv("SITECAST_HOME", str(stage.company.home))
    with create_test_daemon_workspace_context(
        ModuleTarget(MODULE, None, None, None), stage.instance
    ) as workspace:

        def look(now: dt.datetime) -> bool:
            with freeze_time(now):
                list(FreshnessDaemon().run_iteration(workspace))
            return is_late(stage.instance)

        yield look


def publish(stage, now):
    with freeze_time(now):
        assert stage.run("plan_weeks").success
        stage.forecast(stage.company.open().current_plan().menu_weeks)
        assert stage.run("publish_forecast").success


def waiting(stage):
    rows = Outbox(stage.company.open().ledger.database).rows("pending")
    read = email.policy.default
    return [email.message_from_bytes(row.message, policy=read) for row in rows]


def test_a_forecast_that_nothing_follows_in_time_is_told_once(stage, daemon):
    assert not daemon(WEDNESDAY), "before the first forecast nothing is late"
    stage.company.plan(horizon_weeks=1)
    publish(stage, WEDNESDAY)
    assert not daemon(WEDNESDAY + dt.timedelta(hours=1)), "the Friday before asked for less"
    stage.tick(plan_late)
    assert waiting(stage) == []
    assert daemon(FRIDAY + dt.timedelta(minutes=1)), "older than the day before"
    stage.tick(plan_late)  # looks twice
    (message,) = waiting(stage)
    assert message["To"] == "planning@example.com"
    assert message["Subject"] == "Test Kitchen: the forecast after 2026-W48 is late"
    for fact in ("every Friday at 09:00 UTC", "2026-W48", "/runs", "stays current"):
        assert fact in message.get_content()
    assert stage.tick(deliver), "the sensor that sends finds it"
    stage.company.plan(horizon_weeks=1, seed=2)
    publish(stage, NEXT_FRIDAY - dt.timedelta(hours=20))
    assert not daemon(NEXT_FRIDAY + dt.timedelta(minutes=1)), "one of the day before is in time"
    stage.tick(plan_late)
    assert len(stage.company.open().ledger.publications()) == 2
    assert waiting(stage) == []


def test_the_deadline_leaves_the_schedule_three_hours():
    schedule, deadline = (cron.split() for cron in (weekly_plan.cron_schedule, DEADLINE))
    assert schedule[2:] == deadline[2:]
    assert int(deadline[1]) - int(schedule[1]) == 3
    assert weekly_plan.execution_timezone == PLAN_IS_DUE.timezone
    assert dg.AssetKey("published_forecast") == PUBLISHED
