"""Spreads of the shocks at one lead from past errors, and how far the errors really reached.

Spreads are fitted first, by kind of shock. What they leave is tails: conformal quantiles of the
standardised errors, which the simulator uses to widen each draw's shock.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls
from scipy.stats import t as student

from sitecast.errors import DataError
from sitecast.evaluate.box_spreads import LEAST_PART, LEVELS, BoxErrors, box_scores, box_variances
from sitecast.evaluate.past_errors import PastErrors
from sitecast.settings_uncertainty import LeadSpreads, Shock

Floats = NDArray[np.float64]
FEWEST_WEEKS = 4
PRIOR_ERRORS = 40
"""So many errors weigh as much as what is expected of normal ones."""
MOST_CV, MOST_STATED, MOST_REACH = 1.0, 10.0, 6.0
_ROUNDS = 20


def fit_spreads(lead_days: int, errors: Sequence[PastErrors]) -> LeadSpreads:
    """Spreads and tails of every kind of shock at one lead.

    Args:
        lead_days: of all the errors.
        errors: past weeks, in any order.
    Raises:
        DataError: too few weeks: spreads would be guesses.
    Source:
        Variance components by moments; split-conformal quantiles (Vovk, Gammerman & Shafer 2005).
    """
    if len(errors) < FEWEST_WEEKS:
        raise DataError(
            f"{len(errors)} past weeks are too few to fit spreads on", {"lead_days": lead_days},
            f"name at least {FEWEST_WEEKS} weeks that are over and have history before them",
        )  # fmt: skip
    weeks = [BoxErrors.of(week) for week in errors]
    variances = box_variances(weeks)
    shocks = {
        level: _shock(variance, 0.0, box_scores(weeks, level, variances))
        for level, variance in zip(LEVELS, variances, strict=False)
    }
    stated = round(min(float(variances[-1]), MOST_STATED), 4)
    shocks["cell"] = shocks["cell"].model_copy(update={"stated": stated})
    return LeadSpreads(lead_days=lead_days, **shocks, recipe=_recipe(errors))


def conformal_reach(scores: Floats, level: float) -> float:
    """How far the next error will reach with probability `level`, in standard deviations.

    The ⌈(n + 1) level⌉-th smallest |score|, drawn towards Student's quantile with n degrees of
    freedom: what normal errors show when their spread is known from n of them.

    Example:
        >>> round(conformal_reach(np.zeros(0), 0.8), 4)
        1.2816
    """
    n = len(scores)
    expected = float(student.ppf((1 + level) / 2, n or 1e9))
    place = int(np.ceil((n + 1) * level))
    if not 0 < place <= n:
        return expected
    found = float(np.sort(np.abs(scores))[place - 1])
    return (n * found + PRIOR_ERRORS * expected) / (n + PRIOR_ERRORS)


def _shock(variance: float, stated: float, scores: Floats) -> Shock:
    near, far = (min(conformal_reach(scores, level), MOST_REACH) for level in (0.8, 0.95))
    return Shock(
        cv=round(min(float(np.sqrt(variance)), MOST_CV), 5),
        stated=round(min(stated, MOST_STATED), 4),
        reach_80=round(near, 4), reach_95=round(max(far, 1.1 * near), 4),
    )  # fmt: skip


def _recipe(errors: Sequence[PastErrors]) -> Shock:
    """Popularity: squared errors beyond the noise of choosing, weighted by their precision.

    A recipe that is in many boxes gains less from being liked more: its share moves by (1 − share)
    of its popularity.
    """
    columns = ("mean", "stated", "share", "actual")
    mean, stated, share, actual = (
        np.concatenate([week.recipes[name].to_numpy(np.float64) for week in errors])
        for name in columns
    )
    some, taken = mean > 0, np.clip(share, 0.0, 0.9)
    if not some.any():
        return Shock()  # nothing but products was sold
    error, noise = (actual - mean)[some], (mean * (1 - taken))[some]
    unit = np.square(mean * (1 - taken))[some]
    per_unit = np.array([unit, unit * stated[some]]).T
    spread, variance = np.zeros(2), noise
    for _ in range(_ROUNDS):
        found = nnls(per_unit / variance[:, None], (error**2 - noise) / variance)[0]
        spread, variance = found, noise + per_unit @ found
    counts = per_unit @ spread >= LEAST_PART * variance
    return _shock(spread[0], spread[1], error[counts] / np.sqrt(variance[counts]))
