import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from sitecast.errors import DataError
from sitecast.evaluate import bias, coverage, pinball, wape_global, wape_site

quantities = arrays(np.float64, (3, 4), elements=st.floats(0, 1e6))


LARGE = np.ones((3, 4))
LARGE[1, 0] = 524_249.0
APART = np.zeros((3, 4))
APART[0, 0], APART[1, 0] = 1 / 3, 524_286.0


@given(quantities, quantities)
@example(LARGE, APART)  # sums of large numbers lost what the small ones differ by
def test_r11_adding_sites_up_never_makes_the_error_larger(forecast, actual):
    actual = actual + 1.0
    assert wape_global(forecast, actual) <= wape_site(forecast, actual) * (1 + 1e-12)
    assert abs(bias(forecast, actual)) <= wape_global(forecast, actual) * (1 + 1e-9) + 1e-12


def test_by_hand():
    forecast, actual = np.array([[4.0, 0.0], [2.0, 6.0]]), np.array([[2.0, 2.0], [4.0, 2.0]])
    assert bias(forecast, actual) == 0.2
    assert wape_site(forecast, actual) == 1.0
    assert wape_global(forecast, actual) == 0.2
    assert pinball(0.9, np.array([4.0, 2.0]), np.array([2.0, 4.0])) == pytest.approx(1.0)
    assert coverage(np.array([1.0, 3.0]), np.array([2.0, 4.0]), np.array([2.0, 2.0])) == 0.5


@pytest.mark.parametrize("measure", [bias, wape_site, wape_global])
def test_nothing_sold_has_no_relative_error(measure):
    with pytest.raises(DataError, match="the actuals sum to nothing"):
        measure(np.ones((1, 1)), np.zeros((1, 1)))


def test_the_median_has_the_least_pinball_loss_at_one_half():
    actual = np.random.default_rng(2).gamma(2.0, 5.0, 999)
    losses = [
        pinball(0.5, np.full(999, guess), actual) for guess in np.quantile(actual, (0.3, 0.5, 0.7))
    ]
    assert losses[1] == min(losses)
