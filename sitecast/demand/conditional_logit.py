"""A conditional logit fitted to counts of choices: what any choice model of attributes rests on.

P(alternative | what it lies beside) = exp(x·β) ÷ Σ exp(x·β), and a Gaussian prior on β where
counts are few. The penalised likelihood is concave; Newton's method with halved steps finds its
one maximum.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sitecast.errors import SitecastError

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
MOST_STEPS, MOST_HALVINGS = 100, 40
CLOSE = 1e-10
"""Newton stops when the next step would gain less than this part of the log-likelihood."""
MOST_CONDITION = 1e12


@dataclass(frozen=True)
class FittedLogit:
    """The maximum of the penalised likelihood, and how sure it is."""

    coefficients: Floats
    """(features,)"""
    covariance: Floats
    """(features, features) inverse of the curvature at the maximum."""
    log_likelihood: float
    """Σ counts × log P, without the prior."""


def choice_probabilities(utility: Floats, menu: Ints) -> Floats:
    """P(row | its menu).

    Args:
        utility: (rows,) any zero point.
        menu: (rows,) number of the menu a row lies on, from 0.
    Example:
        >>> choice_probabilities(np.log([3.0, 1.0, 5.0]), np.array([0, 0, 1])).round(9).tolist()
        [0.75, 0.25, 1.0]
    """
    highest = np.full(int(menu.max(initial=-1)) + 1, -np.inf)
    np.maximum.at(highest, menu, utility)
    weight = np.exp(utility - highest[menu])
    return np.asarray(weight / np.bincount(menu, weight)[menu])


def fit_logit(
    x: Floats, counts: Floats, menu: Ints, precision: Floats | None = None,
    offset: Floats | None = None,
) -> FittedLogit:  # fmt: skip
    """Coefficients of a conditional logit.

    Args:
        x: (rows, features) a row per alternative of a menu.
        counts: (rows,) how often it was chosen there; at least 0.
        menu: (rows,) number of the menu, from 0.
        precision: (features,) of the prior, a Gaussian around 0; no prior when not given.
        offset: (rows,) known part of the utilities.
    Raises:
        SitecastError: features do not tell alternatives apart (no unique maximum).
    Source:
        McFadden (1974); Train, Discrete Choice Methods with Simulation (2009), ch. 3.
    """
    prior = np.zeros(x.shape[1]) if precision is None else precision
    known = np.zeros(len(x)) if offset is None else offset
    problem = _Problem(x, counts, menu, prior, known)
    beta = np.zeros(x.shape[1])
    _refuse_twins(problem.slope(beta)[1])
    value = problem.value(beta)
    for _ in range(MOST_STEPS):
        gradient, curve = problem.slope(beta)
        step = np.asarray(np.linalg.solve(curve, gradient), np.float64)
        gain = float(gradient @ step) / 2
        if gain <= CLOSE * (1 + abs(value)):
            break
        beta, value = problem.climb(beta, value, step)
    covariance = np.asarray(np.linalg.inv(problem.slope(beta)[1]), np.float64)
    return FittedLogit(beta, covariance, problem.log_likelihood(beta))


@dataclass(frozen=True)
class _Problem:
    x: Floats
    counts: Floats
    menu: Ints
    prior: Floats
    offset: Floats

    def log_likelihood(self, beta: Floats) -> float:
        chosen = choice_probabilities(self.offset + self.x @ beta, self.menu)
        some = self.counts > 0
        with np.errstate(divide="ignore"):  # a step too far: climb() comes back
            return float(self.counts[some] @ np.log(chosen[some]))

    def value(self, beta: Floats) -> float:
        return self.log_likelihood(beta) - float(self.prior @ beta**2) / 2

    def slope(self, beta: Floats) -> tuple[Floats, Floats]:
        """Gradient and curvature (the negative Hessian)."""
        chosen = choice_probabilities(self.offset + self.x @ beta, self.menu)
        total = np.bincount(self.menu, self.counts)
        expected = total[self.menu] * chosen
        mean = np.zeros((len(total), self.x.shape[1]))
        np.add.at(mean, self.menu, chosen[:, None] * self.x)
        curve = self.x.T @ (expected[:, None] * self.x) - mean.T @ (total[:, None] * mean)
        gradient = self.x.T @ (self.counts - expected) - self.prior * beta
        return gradient, curve + np.diag(self.prior)

    def climb(self, beta: Floats, value: float, step: Floats) -> tuple[Floats, float]:
        """The longest halved step that does not lose."""
        for _ in range(MOST_HALVINGS):
            reached = self.value(beta + step)
            if reached >= value:
                return beta + step, reached
            step = step / 2
        return beta, value


def _refuse_twins(curve: Floats) -> None:
    """Features that others determine have no coefficient of their own."""
    scale = np.sqrt(np.maximum(np.diag(curve), 1e-300))
    if not np.linalg.cond(curve / np.outer(scale, scale)) < MOST_CONDITION:
        raise SitecastError(
            "the choice features do not tell alternatives apart", {"features": len(curve)},
            "leave out features that others determine, or give a prior",
        )  # fmt: skip
