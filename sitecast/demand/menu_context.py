"""What the rest of the menu does to a recipe: rivals with its attributes, being new, and how the
menu presents it: its place, its surcharge, its promotion.

A logit on the nation's kits of past menus, beside the rates of the recipes: rates say how popular a
recipe is by itself, this says how that changes with the company it keeps.
"""

import numpy as np

from sitecast.demand.conditional_logit import fit_logit
from sitecast.demand.past_kits import CLUMPS, DECLARED, Floats, PastKits

PRIOR_SD = 0.5
"""Of an effect: it hardly halves or doubles a recipe."""


def context_factors(past: PastKits, rate: Floats, offered: int) -> Floats:
    """(weeks + 1, recipes) what each menu made of each rate, and what the week's own makes of it.

    Relative to what a recipe was mostly offered with, so that their logarithms are 0 in the mean
    over its past menus.

    Args:
        past: of which the first `offered` recipes are on the week's menu.
        rate: (recipes,) kits per kit sold while the recipe was on a menu; above 0.
        offered: how many recipes the week offers.
    """
    menus = np.vstack([past.on_menu, np.arange(len(rate)) < offered])
    week, recipe = np.nonzero(past.on_menu)
    if len(np.unique(week)) < 2:
        return np.ones(menus.shape)
    features = _features(past, menus)
    then = features[week, recipe]
    counts = past.nation[week, recipe] / CLUMPS
    menu = np.unique(week, return_inverse=True)[1]
    precision = np.full(features.shape[2], 1 / PRIOR_SD**2)
    fitted = fit_logit(then, counts, menu, precision, np.log(rate[recipe]))
    seen = np.maximum(past.on_menu.sum(axis=0), 1.0)[:, None]
    usual = (past.on_menu[:, :, None] * features[:-1]).sum(axis=0) / seen
    usual[past.on_menu.sum(axis=0) == 0] = then.mean(axis=0)
    return np.asarray(np.exp((features - usual) @ fitted.coefficients))


def _features(past: PastKits, menus: Floats) -> Floats:
    """(weeks + 1, recipes, features) logarithm of how many of its kind are on the menu; 1 when it
    is new; what menus declare.

    What was on the first known menu may be old.
    """
    kind = np.eye(int(past.groups.max(initial=-1)) + 1)[past.groups]
    alike = np.log(np.maximum(menus @ kind @ kind.T, 1.0))
    before = np.cumsum(menus, axis=0) - menus
    new = (menus > 0) & (before == 0)
    new[0] = False
    return np.concatenate([np.stack([alike, new], axis=-1), _presented(past, menus)], axis=-1)


def _presented(past: PastKits, menus: Floats) -> Floats:
    """What menus declare, each around its mean in units of its own spread over past menus.

    Places count by their logarithm: from first to second is further than from 41st to 42nd.
    """
    told = past.declared.copy()
    place = DECLARED.index("position")
    told[:, :, place] = np.log(np.maximum(told[:, :, place], 1.0))
    told[menus == 0] = np.nan
    known = np.isfinite(told[:-1])
    count = np.maximum(known.sum(axis=(0, 1)), 1)
    mean = np.where(known, told[:-1], 0.0).sum(axis=(0, 1)) / count
    away = np.where(np.isfinite(told), told - mean, 0.0)
    spread = np.sqrt(np.square(away[:-1]).sum(axis=(0, 1)) / count)
    return np.divide(away, spread, out=np.zeros_like(away), where=spread > 1e-9)
