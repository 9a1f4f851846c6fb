"""What Dagster loads: complete, described, and thin."""

import ast
import inspect
from pathlib import Path

import dagster as dg
import pytest

import sitecast
import sitecast_dagster
from sitecast.settings import PlanSettings, plan_settings
from sitecast_dagster.assets import ASSETS
from sitecast_dagster.config import PlanConfig
from sitecast_dagster.definitions import defs
from sitecast_dagster.schedules import SCHEDULES
from sitecast_dagster.sensors import SENSORS

PINNED = {"code_server.py", "daemon.py", "kept_connections.py", "run_databases.py",
          "run_launcher.py", "stored_runs.py", "webserver.py", "worker_launcher.py"}  # fmt: skip
"""May use Dagster's private interfaces: tests hold them against the pinned version."""
LAYER = Path(sitecast_dagster.__file__).parent
NAMES = ["forecast_plan", "extracted_data", "simulated_orders", "site_forecast",
         "forecast_changes", "published_forecast", "forecast_accuracy",
         "backtest_accuracy", "calibrated_spreads"]  # fmt: skip


def test_the_definitions_load_and_the_assets_form_the_pipeline():
    dg.Definitions.validate_loadable(defs)
    graph = defs.resolve_asset_graph()
    parents = {name: {key.to_user_string() for key in graph.get(dg.AssetKey(name)).parent_keys}
               for name in NAMES}  # fmt: skip
    assert parents == {
        "calibrated_spreads": set(),
        "forecast_plan": set(),
        "extracted_data": {"forecast_plan"},
        "simulated_orders": {"extracted_data"},
        "site_forecast": {"extracted_data", "simulated_orders"},
        "forecast_changes": {"extracted_data", "site_forecast"},
        "published_forecast": {"forecast_plan", "site_forecast", "forecast_changes"},
        "forecast_accuracy": {"published_forecast"},
        "backtest_accuracy": set(),
    }


@pytest.mark.parametrize("asset", ASSETS, ids=lambda asset: asset.key.to_user_string())
def test_every_asset_says_what_and_whose_it_is(asset):
    (spec,) = asset.specs
    assert spec.description
    assert spec.owners == ["team:supply-planning"]
    assert spec.kinds
    assert spec.group_name == "sitecast"
    assert spec.code_version == sitecast.__version__
    assert spec.tags["domain"] == "supply-planning"


def test_sensors_run_by_themselves_and_schedules_wait_for_a_person():
    assert {s.name: s.default_status for s in SENSORS} == dict.fromkeys(
        ("new_weeks", "publish", "deliver", "alerts", "plan_late", "accuracy"),
        dg.DefaultSensorStatus.RUNNING,
    )
    assert all(sensor.description for sensor in SENSORS)
    for schedule in SCHEDULES:
        assert schedule.default_status == dg.DefaultScheduleStatus.STOPPED
        assert schedule.description


def test_runs_are_one_process_each():
    assert defs.executor is dg.in_process_executor


@pytest.mark.parametrize("path", sorted((LAYER / "assets").glob("*.py")), ids=lambda p: p.stem)
def test_an_asset_body_stays_thin(path):
    functions = [n for n in ast.walk(ast.parse(path.read_text())) if isinstance(n, ast.FunctionDef)]
    for function in functions:
        statements = [n for n in ast.walk(function) if isinstance(n, ast.stmt)]
        assert len(statements) <= 17, function.name  # the function and its docstring among them


@pytest.mark.parametrize("path", sorted(LAYER.rglob("*.py")), ids=lambda p: p.stem)
def test_annotations_stay_real(path):
    text = path.read_text(encoding="utf-8")
    assert "from __future__ import annotations" not in text, "it breaks typed config and contexts"
    assert text.startswith('"""')
    private = "dagster._" in text
    assert not private or path.name in PINNED


def test_launch_config_mirrors_the_plan_settings():
    for name, field in PlanConfig.model_fields.items():
        assert field.description == PlanSettings.model_fields[name].description
    changed = PlanConfig(horizon_weeks=6, as_of="2026-11-20T06:00:00Z").over(plan_settings({}))
    assert (changed.horizon_weeks, changed.as_of.isoformat()) == (6, "2026-11-20T06:00:00+00:00")
    assert PlanConfig().over(changed) == changed


def test_wrong_launch_config_is_refused_by_name():
    with pytest.raises(sitecast.errors.SettingsError, match="horizon_weeks"):
        PlanConfig(horizon_weeks=0).over(plan_settings({}))


def test_every_module_is_documented():
    assert inspect.getdoc(sitecast_dagster)
