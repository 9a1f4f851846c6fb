"""Shocks of mean 1 that boxes and popularity share within a draw, and how far they reach.

A shock is a monotone function of one uniform number, so another spread or other tails widen every
draw's own shock: what is summed over a draw stays coherent (R6), and no quantile is touched after.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from sitecast.settings_uncertainty import NORMAL_80, NORMAL_95, Shock, Uncertainty
from sitecast.simulate.volumes import Keys, numbers, uniforms

Floats = NDArray[np.float64]
LOGNORMAL = Shock()
_NODES = ndtri((np.arange(1024) + 0.5) / 1024)


@dataclass(frozen=True)
class ShockLaw:
    """exp(σ w(z) − m) of normal z: lognormal where w(z) = z. m makes the mean 1."""

    sigma: Floats
    log_mean: Floats
    tails: Shock

    @classmethod
    def of(cls, cv: Floats | float, tails: Shock = LOGNORMAL) -> "ShockLaw":
        """A law, or one per element of `cv`: standard deviation ÷ mean of the lognormal."""
        variance = np.asarray(np.log1p(np.square(cv)), dtype=np.float64)
        if _is_lognormal(tails):
            return cls(np.sqrt(variance), variance / 2, tails)
        sigma, values = np.unique(np.sqrt(variance), return_inverse=True)
        means = np.exp(sigma[:, None] * widened(_NODES, tails)).mean(axis=1)
        return cls(np.sqrt(variance), np.log(means)[values].reshape(variance.shape), tails)

    def at(self, u: Floats) -> Floats:
        """Quantiles; exactly 1 where the spread is 0."""
        if not self.sigma.any():
            return np.ones(np.broadcast_shapes(self.sigma.shape, u.shape))
        shocks = np.exp(self.sigma * widened(ndtri(u), self.tails) - self.log_mean)
        # Single precision: the last bits differ between processors, and none of them matters.
        return shocks.astype(np.float32).astype(np.float64)


def widened(z: Floats, tails: Shock) -> Floats:
    """Normal numbers spread so that 80 and 95 % of them lie within tails.reach_80 and reach_95.

    Odd, rising, linear between 0, the two and beyond: the conformal correction of a draw's shock.

    Example:
        >>> widened(np.array([-1.96, 0.6408]), Shock(reach_80=1.0, reach_95=3.0)).round(4).tolist()
        [-3.0, 0.5]
    """
    if _is_lognormal(tails):
        return z
    size = np.abs(z)
    slope = (tails.reach_95 - tails.reach_80) / (NORMAL_95 - NORMAL_80)
    far = tails.reach_80 + slope * (size - NORMAL_80)
    near = size * (tails.reach_80 / NORMAL_80)
    return np.copysign(np.where(size <= NORMAL_80, near, far), z)


def stratified_shocks(
    keys: Keys, draws: int, cv: Floats | float, tails: Shock = LOGNORMAL
) -> Floats:
    """(draws, n) shocks of mean 1, a Latin hypercube over the draws.

    Args:
        keys: (n,) one stream per shock.
        draws: number of draws; each of so many equally likely strata is hit once.
        cv: standard deviation ÷ mean, of all or (n,) of each.
        tails: how far shocks reach.
    """
    bits = np.stack([numbers(keys, 2 * draw + 1) for draw in range(draws)])
    within = np.stack([uniforms(keys, 2 * draw + 2) for draw in range(draws)])
    stratum = np.argsort(np.argsort(bits, axis=0, kind="stable"), axis=0, kind="stable")
    return ShockLaw.of(cv, tails).at((stratum + within) / draws)


def cell_law(mean: Floats, sd: Floats, spreads: Uncertainty, lead_days: int) -> ShockLaw:
    """The shock that each cell has of its own.

    Where spreads were fitted, theirs; else what is missing to the forecast's own spread.

    Args:
        mean: (cells,) expected boxes.
        sd: (cells,) standard deviation that the forecast states; NaN where it states none.
        spreads: the plan's.
        lead_days: how far ahead the week is.
    """
    fitted = spreads.at(lead_days)
    if not spreads.by_lead:
        return ShockLaw.of(own_cv(mean, sd, spreads))
    variance = fitted.cell.cv**2 + fitted.cell.stated * stated_variance(mean, sd)
    return ShockLaw.of(np.sqrt(variance), fitted.cell)


def own_cv(mean: Floats, sd: Floats, shared: Uncertainty) -> Floats:
    """Spread a cell needs of its own so that its standard deviation reaches the forecast's.

    Var N = E λ + Var λ, and for a product of independent shocks of mean 1
    1 + Var λ ÷ mean² = Π (1 + cv²).

    Args:
        mean: (cells,) expected boxes.
        sd: (cells,) wanted standard deviation; NaN where the plan's spreads are all there is.
        shared: the plan's spreads.
    """
    common = (1 + shared.total_cv**2) * (1 + shared.day_cv**2) * (1 + shared.region_cv**2)
    return np.sqrt(np.maximum((1 + _beyond_poisson(mean, sd)) / common - 1, 0))


def stated_variance(mean: Floats, sd: Floats) -> Floats:
    """(cells,) squared cv beyond Poisson that a forecast states; at least 0."""
    return np.maximum(_beyond_poisson(mean, sd), 0.0)


def _beyond_poisson(mean: Floats, sd: Floats) -> Floats:
    wanted = np.where(np.isnan(sd), 0.0, sd) ** 2 - mean
    return np.divide(wanted, mean**2, out=np.zeros_like(mean), where=mean > 0)


def _is_lognormal(tails: Shock) -> bool:
    return (tails.reach_80, tails.reach_95) == (NORMAL_80, NORMAL_95)
