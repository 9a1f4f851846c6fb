import numpy as np
import pytest

from sitecast.simulate.calibrate import MOST_FEASIBLE, BoxKind, calibrate, kits_of
from sitecast.simulate.choice import expected_kits

SIZES = np.array([0, 0, 0.4, 0.3, 0.2, 0.1])
KITS = float(SIZES @ np.arange(6))


class Calibrated:
    """Factors, and the shares they give."""

    def __init__(self, kinds: list[BoxKind], shares: np.ndarray, limit: np.ndarray) -> None:
        self.factor = calibrate(kinds, shares, limit)
        kits = kits_of(kinds, self.factor, limit)
        self.shares = kits / kits.sum()


def one_kind(shares: np.ndarray, sizes: np.ndarray = SIZES, limit: int = 1) -> Calibrated:
    """Calibrate boxes of one kind, whose weights start as the shares."""
    return Calibrated([BoxKind(1.0, shares, sizes)], shares, np.full(len(shares), limit))


def some_shares(recipes: int, spread: float = 0.35) -> np.ndarray:
    shares = np.exp(np.random.default_rng(recipes).normal(0, spread, recipes))
    return shares / shares.sum()


@pytest.mark.parametrize("limit", [1, 2, 5])
@pytest.mark.parametrize("recipes", [8, 40, 200])
def test_calibrated_weights_give_the_shares(recipes: int, limit: int) -> None:
    shares = some_shares(recipes)
    found = one_kind(shares, limit=limit)
    np.testing.assert_allclose(found.shares, shares, rtol=1e-6)
    kits = expected_kits(shares * found.factor, SIZES, np.full(recipes, limit))
    np.testing.assert_allclose(kits / KITS, shares, rtol=1e-6)


def test_shares_taken_as_weights_would_flatten_the_top() -> None:
    shares = np.array([0.25, *[0.75 / 9] * 9])
    naive = expected_kits(shares, SIZES, np.ones(10, np.int64)) / KITS
    assert naive[0] < 0.22
    assert one_kind(shares).shares[0] == pytest.approx(0.25, abs=1e-6)


def test_taste_classes_together_give_the_shares_of_their_segment() -> None:
    rng = np.random.default_rng(3)
    shares = some_shares(40)
    kinds = [BoxKind(v, np.exp(rng.normal(0, 2, 40)), SIZES) for v in (0.5, 0.3, 0.2)]
    found = Calibrated(kinds, shares, np.ones(40, np.int64))
    np.testing.assert_allclose(found.shares, shares, rtol=1e-5)
    assert not np.allclose(kinds[0].chosen(found.factor, np.ones(40, np.int64)) / KITS, shares,
                           rtol=0.3)  # fmt: skip


@pytest.mark.parametrize("pool", [[3, 1, 4], [4, 1, 11, 2, 3, 9]])
def test_customers_choose_what_default_boxes_leave_of_the_shares(pool: list[int]) -> None:
    shares, limit = some_shares(12), np.ones(12, np.int64)
    kind = BoxKind(2.0, np.ones(12), SIZES, 0.15, np.array(pool))
    found = Calibrated([kind], shares, limit)
    np.testing.assert_allclose(found.shares, shares, rtol=1e-6)
    filled, chosen = kind.filled(found.factor, limit), kind.chosen(found.factor, limit)
    assert filled.sum() == pytest.approx(0.15 * KITS)
    of_pool = float(SIZES @ np.minimum(np.arange(6), len(pool)))
    assert filled[pool].sum() == pytest.approx(0.15 * of_pool)
    assert (filled + chosen) / KITS == pytest.approx(shares, rel=1e-6)


def test_national_shares_are_met_over_segments_that_differ() -> None:
    rng = np.random.default_rng(4)
    shares, limit = some_shares(30), np.ones(30, np.int64)
    vegan = np.exp(rng.normal(0, 0.5, 30)) * (np.arange(30) % 4 == 0)
    kinds = [BoxKind(80.0, np.exp(rng.normal(0, 0.5, 30)), SIZES), BoxKind(20.0, vegan, SIZES[:4])]
    found = Calibrated(kinds, shares, limit)
    np.testing.assert_allclose(found.shares, shares, rtol=1e-5)
    assert kits_of(kinds[1:], found.factor, limit)[vegan == 0].sum() == 0


def test_infeasible_share_is_clipped_and_told() -> None:
    found = one_kind(np.array([0.6, 0.2, 0.1, 0.1]), np.array([0, 0, 1.0]))
    assert found.shares[0] == pytest.approx(MOST_FEASIBLE / 2, abs=1e-4)
    assert found.shares.sum() == pytest.approx(1)
    assert found.shares[1:] == pytest.approx(np.array([2, 1, 1]) / 4 * (1 - MOST_FEASIBLE / 2))


def test_default_boxes_that_hold_more_than_the_share_leave_nothing_to_choose() -> None:
    kind = BoxKind(1.0, np.ones(6), np.array([0, 0, 1.0]), 0.5, np.array([0, 1]))
    found = Calibrated([kind], np.array([0.05, 0.35, 0.15, 0.15, 0.15, 0.15]), np.ones(6, np.int64))
    assert found.shares[0] == pytest.approx(0.25, abs=1e-6)
    assert found.shares[1] > 0.3


@pytest.mark.parametrize(
    "shares", [[1.0], [0.5, 0.5], [0.9, 0.1], [0.0, 1.0, 0.0], [1e-12, 1 - 1e-12, 0.0]]
)
def test_boxes_larger_than_the_menu_hold_all_of_it(shares: list[float]) -> None:
    found = one_kind(np.array(shares), np.array([0, 0, 0, 1.0]))
    some = np.array(shares) > 0
    assert found.shares == pytest.approx(some / some.sum(), abs=1e-6)
    np.testing.assert_array_equal(found.factor > 0, some)


def test_huge_menu_uses_the_approximation() -> None:
    shares = np.random.default_rng(1).dirichlet(np.ones(3000))
    found = one_kind(shares, np.full(101, 1 / 101))
    np.testing.assert_allclose(found.shares, shares, rtol=1e-3)
