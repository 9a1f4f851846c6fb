"""The state of benchmarks/load.py, small: many weeks and publications change no decision."""

import sys
from pathlib import Path

import dagster as dg
import pytest

sys.path.append(str(Path(__file__).parents[2]))  # benchmarks is not installed

from benchmarks.load_state import Size, busy_installation
from sitecast.deployment import Deployment
from sitecast.pipeline import run_week
from sitecast.records.week_record import SiteForecast
from sitecast_dagster.instance import dagster_home
from sitecast_dagster.resources import InstallationResource
from sitecast_dagster.sensors import deliver, new_weeks, publish


def _asked(sensor, instance, home):
    resources = {"installation": InstallationResource.of(Deployment(home=home))}
    with dg.build_sensor_context(instance=instance, resources=resources) as context:
        found = sensor(context)
    found = [found] if isinstance(found, dg.SkipReason | dg.RunRequest) else list(found)
    return [item for item in found if isinstance(item, dg.RunRequest)]


@pytest.mark.slow
def test_sensors_ask_for_nothing_and_the_weeks_of_a_backfill_can_be_forecast(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SITECAST_MAX_CONCURRENT_WEEKS", "2")
    home = tmp_path / "home"
    busy = busy_installation(home, Size(past_weeks=60, publications=3, backfill=1), at_once=2)
    opened = InstallationResource.of(Deployment(home=home)).open()
    assert len(opened.ledger.publications()) == 3
    assert (opened.ledger.publications()["status"] == "current").sum() == 1
    assert len(opened.ledger.current("site_load")) > 0
    with dg.DagsterInstance.from_config(str(dagster_home(Deployment(home=home)))) as instance:
        registered = instance.get_dynamic_partitions("menu_week")
        assert len(registered) == len(set(registered)) == 60 + 1 + 1
        assert set(busy.weeks) < set(registered)
        for sensor in (new_weeks, publish, deliver):
            assert _asked(sensor, instance, home) == []
    for week in busy.weeks:
        run_week(opened, busy.plan, week, lambda *_: None)
        assert opened.weeks.head(busy.plan.plan_id, week, SiteForecast)
