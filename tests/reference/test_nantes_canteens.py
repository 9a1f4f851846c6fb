"""Better than the planner of Nantes: real meals, the production model, a year not fitted on."""

import importlib.util
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDER = ROOT.parent / "shared" / "data" / "nantes_canteens"


def _benchmark():
    path = ROOT / "benchmarks" / "forecast_quality_nantes.py"
    spec = importlib.util.spec_from_file_location("forecast_quality_nantes", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.slow
@pytest.mark.shared_data
@pytest.mark.skipif(not FOLDER.exists(), reason=f"the evaluation data are not in {FOLDER}")
def test_combination_beats_the_planner_and_the_mean_of_four_weekdays():
    benchmark = _benchmark()
    rows = benchmark.meals(FOLDER)
    rows["same_1"] = benchmark.same_weekdays(rows, 1)
    rows["same_4"] = benchmark.same_weekdays(rows, 4)
    told = benchmark.table(rows, "2016-09-01", "2017-07-10").set_index("method")
    ours = told.loc["combination"]
    assert ours["n"] > 11_000
    assert ours["wape"] < told.loc["planner", "wape"] - 0.002
    assert ours["wape"] < told.loc["last 4 same weekdays", "wape"] - 0.003
    assert abs(ours["bias"]) < 0.005
    assert 0.94 < ours["coverage 95"] < 0.96
