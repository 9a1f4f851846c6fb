import numpy as np
import pytest
from scipy.stats import poisson

from sitecast.settings_uncertainty import NORMAL_80, NORMAL_95, LeadSpreads, Shock, Uncertainty
from sitecast.simulate.counters import mix
from sitecast.simulate.shocks import ShockLaw, cell_law, own_cv, stratified_shocks, widened
from sitecast.simulate.volumes import keys_of, numbers, poisson_quantile, uniforms


@pytest.mark.parametrize("mean", [0.001, 0.4, 3.0, 17.5, 63.9, 64.0, 64.1, 900.0, 2e6])
def test_poisson_quantile_equals_scipy(mean: float) -> None:
    u = np.concatenate([[1e-12, 1 - 1e-12], np.random.default_rng(3).random(500)])
    found = poisson_quantile(u, np.full(len(u), mean))
    np.testing.assert_array_equal(found, poisson.ppf(u, mean))


@pytest.mark.parametrize("mean", [0.001, 3.0, 64.0])
def test_the_largest_uniform_ends_where_numbers_end(mean: float) -> None:
    (found,) = poisson_quantile(np.array([1.0 - 2**-53]), np.array([mean]))
    assert poisson.ppf(1 - 1e-14, mean) <= found <= poisson.isf(1e-16, mean) + 2


def test_no_boxes_where_none_are_expected() -> None:
    assert poisson_quantile(np.array([0.999]), np.array([0.0])).tolist() == [0]


def test_shocks_have_mean_one_and_the_spread_asked_for() -> None:
    shocks = stratified_shocks(keys_of(1, "2026-W48", "x", "ab"), 400, np.array([0.1, 0.3]))
    assert shocks.mean(axis=0) == pytest.approx([1, 1], abs=2e-3)
    assert shocks.std(axis=0) == pytest.approx([0.1, 0.3], rel=0.03)
    # A Latin hypercube: every stratum is hit once, in an order of each name's own
    assert np.corrcoef(shocks.T)[0, 1] == pytest.approx(0, abs=0.15)


def test_no_spread_means_no_shock() -> None:
    shocks = stratified_shocks(keys_of(1, "2026-W48", "x", "ab"), 10, 0.0)
    np.testing.assert_array_equal(shocks, 1.0)


def test_own_spread_fills_what_the_shared_ones_leave() -> None:
    shared = Uncertainty(total_cv=0.1, day_cv=0, region_cv=0)
    mean, sd = np.array([100.0, 100.0, 100.0, 0.0]), np.array([30.0, 5.0, np.nan, 10.0])
    own = own_cv(mean, sd, shared)
    variance = mean[0] + mean[0] ** 2 * ((1 + 0.1**2) * (1 + own[0] ** 2) - 1)
    assert variance == pytest.approx(30.0**2)
    assert own[1:].tolist() == [0, 0, 0]


def test_numbers_are_the_kernels_and_fill_the_open_interval() -> None:
    keys = np.array([0, 2**64 - 1, 12345], dtype=np.uint64)
    gamma = 0x9E3779B97F4A7C15
    expected = [mix(np.uint64((int(key) + 7 * gamma) % 2**64)) for key in keys]
    assert numbers(keys, 7).tolist() == expected
    u = uniforms(keys_of(1, "2026-W48", "u", range(1000)), 1)
    assert 0 < u.min() < 0.01
    assert 0.99 < u.max() < 1


def test_tails_widen_every_shock_and_keep_the_mean() -> None:
    keys, tails = keys_of(1, "2026-W48", "x", "a"), Shock(reach_80=1.0, reach_95=3.0)
    plain = np.log(stratified_shocks(keys, 4000, 0.2)[:, 0])
    wide = stratified_shocks(keys, 4000, 0.2, tails)[:, 0]
    assert wide.mean() == pytest.approx(1.0, abs=2e-3)
    assert (np.argsort(plain) == np.argsort(wide)).all()  # each draw keeps its place
    sigma, centre = np.sqrt(np.log(1.04)), np.median(np.log(wide))
    within = [(np.abs(np.log(wide) - centre) <= reach * sigma).mean() for reach in (1.0, 3.0)]
    assert within == pytest.approx([0.8, 0.95], abs=3e-3)
    assert ShockLaw.of(0.0, tails).at(np.array([0.01, 0.99])).tolist() == [1.0, 1.0]


def test_normal_reaches_change_nothing() -> None:
    z = np.linspace(-4, 4, 9)
    assert widened(z, Shock(reach_80=NORMAL_80, reach_95=NORMAL_95)).tolist() == z.tolist()
    nearly = widened(z, Shock(reach_80=NORMAL_80, reach_95=NORMAL_95 + 1e-12))
    np.testing.assert_allclose(nearly, z, atol=1e-9)


def test_fitted_cells_take_a_part_of_what_the_forecast_states() -> None:
    mean, sd = np.array([100.0, 100.0, 100.0]), np.array([np.nan, 5.0, np.sqrt(100 + 400)])
    row = LeadSpreads(lead_days=8, cell=Shock(cv=0.1, stated=0.5))
    law = cell_law(mean, sd, Uncertainty(by_lead=(row,)), 8)
    expected = np.sqrt(np.log1p([0.01, 0.01, 0.01 + 0.5 * 0.04]))
    np.testing.assert_allclose(law.sigma, expected)


def test_spreads_between_leads_are_interpolated_and_hold_beyond_them() -> None:
    rows = [LeadSpreads(lead_days=lead, total=Shock(cv=cv)) for lead, cv in ((22, 0.06), (8, 0.02))]
    spreads = Uncertainty(by_lead=tuple(rows))
    found = [spreads.at(lead).total.cv for lead in (1, 8, 15, 22, 99)]
    assert found == pytest.approx([0.02, 0.02, 0.04, 0.06, 0.06])
    assert Uncertainty(total_cv=0.07).at(30).total.cv == 0.07
