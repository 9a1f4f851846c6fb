"""What the rest of the menu does to a recipe: rivals with its attributes, and being new.

A logit on the nation's kits of past menus, beside the rates of the recipes: rates say how popular a
recipe was on average, this says how that changes with the company it keeps.
"""

import numpy as np

from sitecast.demand.conditional_logit import fit_logit
from sitecast.demand.past_kits import Floats, PastKits

PRIOR_SD = 0.5
"""Of an effect: it hardly halves or doubles a recipe."""
CLUMPS = 20.0
"""Kits of a week share that week's chances: so many of them tell as much as one would alone."""


def context_factor(past: PastKits, rate: Floats, offered: int) -> Floats:
    """(recipes,) what the week's menu makes of each rate, relative to the menus it was measured on.

    Args:
        past: of which the first `offered` recipes are on the week's menu.
        rate: (recipes,) kits per kit sold while the recipe was on a menu; above 0.
        offered: how many recipes the week offers.
    """
    factor = np.ones(len(rate))
    week, recipe = np.nonzero(past.on_menu)
    if len(np.unique(week)) < 2:
        return factor
    menus = np.vstack([past.on_menu, np.arange(len(rate)) < offered])
    features = _features(past, menus)
    then = features[week, recipe]
    counts = past.nation[week, recipe] / CLUMPS
    menu = np.unique(week, return_inverse=True)[1]
    precision = np.full(features.shape[2], 1 / PRIOR_SD**2)
    fitted = fit_logit(then, counts, menu, precision, np.log(rate[recipe]))
    seen = np.maximum(past.on_menu.sum(axis=0), 1.0)[:, None]
    usual = (past.on_menu[:, :, None] * features[:-1]).sum(axis=0) / seen
    usual[past.on_menu.sum(axis=0) == 0] = then.mean(axis=0)
    return np.asarray(np.exp((features[-1] - usual) @ fitted.coefficients))


def _features(past: PastKits, menus: Floats) -> Floats:
    """(weeks + 1, recipes, 2) logarithm of how many of its kind are on the menu; 1 when it is new.

    What was on the first known menu may be old.
    """
    kind = np.eye(int(past.groups.max(initial=-1)) + 1)[past.groups]
    alike = np.log(np.maximum(menus @ kind @ kind.T, 1.0))
    before = np.cumsum(menus, axis=0) - menus
    new = (menus > 0) & (before == 0)
    new[0] = False
    return np.stack([alike, new.astype(np.float64)], axis=-1)
