"""Public data through the production models: better than the references, and nothing peeked at."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks import forecast_quality_orange_juice, forecast_quality_yaz
from benchmarks.forecast_quality_bakery import starts
from benchmarks.quality_daily import table
from benchmarks.quality_series import KEY, Series, errors, forecast, least_mape
from sitecast.demand.combined_volumes import CombinedVolumes

SHARED = Path(__file__).parents[3] / "shared" / "data"
needs_data = pytest.mark.skipif(
    not SHARED.is_dir(), reason=f"the evaluation data are not in {SHARED}"
)


@pytest.mark.shared_data
@needs_data
def test_orange_juice_one_round_is_better_than_the_public_benchmark():
    series = forecast_quality_orange_juice.read(SHARED / "orange_juice")
    target = forecast_quality_orange_juice.targets((135,))[:1]
    told = forecast(series, CombinedVolumes(), target, 104).merge(series.sold, on=KEY)
    point = least_mape(told["mean_boxes"], told["sd_boxes"])
    assert len(told) > 800
    assert errors(told["boxes"].astype(float), point)["mape"] < 0.3628


@pytest.mark.shared_data
@needs_data
def test_yaz_ingredients_two_weeks_ahead_are_better_forecast_than_by_their_mean():
    series = forecast_quality_yaz.read(SHARED / "yaz")
    half_year = starts(last=forecast_quality_yaz.LAST)
    told = table(series, half_year, ["combination"], [2]).set_index("method")
    wape = told[["day wape", "week wape"]]
    for mean in ("mean of 4 weeks", "mean of 8 weeks", "naive", "seasonal naive"):
        assert (wape.loc["combination"] < 0.95 * wape.loc[mean]).all(), mean


def invented(rng):
    days = pd.date_range("2024-01-01", periods=140, freq="D")
    rows = pd.MultiIndex.from_product([days, ["a", "b"], ["x", "y"]], names=KEY).to_frame(False)
    rows["start"] = rows["date"] - pd.to_timedelta(rows["date"].dt.day_of_week, unit="D")
    rows["boxes"] = rng.poisson(50, len(rows))
    drivers = rows[[*KEY, "start"]].assign(driver="promotion", value=rng.random(len(rows)))
    return rows, drivers


@pytest.mark.parametrize("driven", [True, False])
def test_r12_permuting_the_future_changes_no_forecast(driven):
    rng, model = np.random.default_rng(1), CombinedVolumes()
    rows, drivers = invented(rng)
    drivers = drivers if driven else drivers.assign(driver="closed", value=0.0)
    start, cutoff = pd.Timestamp("2024-05-06"), pd.Timestamp("2024-04-29")
    later, beyond = (rows["date"] >= cutoff).to_numpy(), (drivers["start"] > start).to_numpy()
    told = forecast(Series(rows, drivers), model, [(start, cutoff)], 52)
    changed, other = rows.copy(), drivers.copy()
    changed.loc[later, "boxes"] = rng.permutation(rows.loc[later, "boxes"]) * 7
    other.loc[beyond, "value"] = rng.permutation(drivers.loc[beyond, "value"]) - 3.0
    again = forecast(Series(changed, other), model, [(start, cutoff)], 52)
    pd.testing.assert_frame_equal(told, again, check_exact=True)
    changed.loc[~later, "boxes"] += 1
    past = forecast(Series(changed, other), model, [(start, cutoff)], 52)
    assert (past["mean_boxes"] != told["mean_boxes"]).any()
