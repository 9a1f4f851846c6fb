import numpy as np
import pytest

from sitecast.simulate.choice import MOST_FEASIBLE, calibrate, expected_kits

SIZES = np.array([0, 0, 0.4, 0.3, 0.2, 0.1])
KITS = float(SIZES @ np.arange(6))


@pytest.mark.parametrize("recipes", [8, 40, 200])
def test_calibrated_weights_give_the_shares(recipes: int) -> None:
    # Given feasible shares, flat enough for eight recipes
    shares = np.exp(np.random.default_rng(recipes).normal(0, 0.35, recipes))
    shares /= shares.sum()
    found = calibrate(shares, SIZES)
    np.testing.assert_allclose(found.shares, shares, rtol=1e-4)
    np.testing.assert_allclose(expected_kits(found.weights, SIZES) / KITS, shares, rtol=1e-4)


def test_shares_taken_as_weights_would_flatten_the_top() -> None:
    shares = np.array([0.25, *[0.75 / 9] * 9])
    naive = expected_kits(shares, SIZES) / KITS
    assert naive[0] < 0.22
    assert calibrate(shares, SIZES).shares[0] == pytest.approx(0.25, abs=1e-5)


def test_infeasible_share_is_clipped_and_told() -> None:
    found = calibrate(np.array([0.6, 0.2, 0.1, 0.1]), np.array([0, 0, 1.0]))
    assert found.shares[0] == pytest.approx(MOST_FEASIBLE / 2, abs=1e-4)
    assert found.shares.sum() == pytest.approx(1)
    assert found.shares[1:] == pytest.approx(np.array([2, 1, 1]) / 4 * (1 - MOST_FEASIBLE / 2))


@pytest.mark.parametrize(
    "shares", [[1.0], [0.5, 0.5], [0.9, 0.1], [0.0, 1.0, 0.0], [1e-12, 1 - 1e-12, 0.0]]
)
def test_boxes_larger_than_the_menu_hold_all_of_it(shares: list[float]) -> None:
    found = calibrate(np.array(shares), np.array([0, 0, 0, 1.0]))
    some = np.array(shares) > 0
    assert found.shares == pytest.approx(some / some.sum(), abs=1e-6)
    np.testing.assert_array_equal(found.weights > 0, some)


def test_huge_menu_uses_the_approximation() -> None:
    shares = np.random.default_rng(1).dirichlet(np.ones(3000))
    found = calibrate(shares, np.full(101, 1 / 101))
    np.testing.assert_allclose(found.shares, shares, rtol=1e-3)
