import numpy as np
import pytest
from scipy.optimize import minimize

from sitecast.demand.conditional_logit import choice_probabilities, fit_logit
from sitecast.errors import SitecastError


def invented(rng, menus=400, most=6, features=3):
    """Alternatives of menus of different sizes, in any order, with counts of their choices."""
    menu = np.repeat(np.arange(menus), rng.integers(2, most + 1, menus))
    x = rng.standard_normal((len(menu), features))
    truth = np.array([1.0, -0.5, 0.0])[:features]
    chosen = choice_probabilities(x @ truth, menu)
    counts = np.concatenate([rng.multinomial(20, chosen[menu == m]) for m in range(menus)])
    order = rng.permutation(len(menu))
    return x[order], counts[order].astype(float), menu[order], truth


def test_the_truth_is_found_within_its_own_uncertainty():
    x, counts, menu, truth = invented(np.random.default_rng(1))
    found = fit_logit(x, counts, menu)
    assert (np.abs(found.coefficients - truth) < 4 * np.sqrt(np.diag(found.covariance))).all()
    assert np.sqrt(np.diag(found.covariance)).max() < 0.03


def test_the_maximum_is_the_one_that_a_general_optimiser_finds():
    x, counts, menu, _ = invented(np.random.default_rng(2), menus=30)
    precision, offset = np.array([0.0, 4.0, 100.0]), np.linspace(-1, 1, len(x))

    def loss(beta):
        chosen = choice_probabilities(offset + x @ beta, menu)
        return -counts @ np.log(chosen) + precision @ beta**2 / 2

    found = fit_logit(x, counts, menu, precision, offset)
    other = minimize(loss, np.zeros(3), tol=1e-10)
    np.testing.assert_allclose(found.coefficients, other.x, atol=1e-5)
    assert found.log_likelihood == pytest.approx(
        -loss(found.coefficients) + precision @ found.coefficients**2 / 2
    )


def test_large_features_need_no_scaling():
    x, counts, menu, _ = invented(np.random.default_rng(3), menus=50)
    plain = fit_logit(x, counts, menu)
    scaled = fit_logit(x * 1000, counts, menu)
    np.testing.assert_allclose(scaled.coefficients * 1000, plain.coefficients, rtol=1e-6)


def test_features_that_say_the_same_are_refused():
    x, counts, menu, _ = invented(np.random.default_rng(4), menus=20)
    with pytest.raises(SitecastError, match="do not tell alternatives apart"):
        fit_logit(np.hstack([x, np.ones((len(x), 1))]), counts, menu)
