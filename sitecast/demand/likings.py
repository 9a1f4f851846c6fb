"""How much more of a recipe a segment takes than the nation does, and rates drawn to a prior.

The prior's weight is measured: from how much counts differ beyond what they do from week to week.
"""

import numpy as np

from sitecast.demand.past_kits import Floats, PastKits

LEAST, MOST = 0.05**2, 4.0
"""Squared relative differences between true rates that are believed; MOST: nothing is known."""


def likings(past: PastKits, change: Floats | float = 1.0) -> tuple[Floats, Floats]:
    """(segments, recipes) how much more than the nation, and the squared relative doubt.

    Args:
        past: what sold.
        change: (segments, weeks, recipes) what else made a segment take more than the nation.
    """
    total = past.nation.sum(axis=1)
    of_nation = past.nation / np.maximum(total, 1e-12)[:, None]
    expected = past.kits.sum(axis=2)[:, :, None] * of_nation * change
    member = np.eye(int(past.groups.max(initial=-1)) + 1)[past.groups]
    by_group, _ = _drawn_by(past.kits @ member, expected @ member, None)
    return _drawn_by(past.kits, expected, by_group[:, past.groups])


def _drawn_by(kits: Floats, expected: Floats, prior: Floats | None) -> tuple[Floats, Floats]:
    """Likings drawn to a prior one; kits and expected are (segments, weeks, items).

    A Dirichlet prior: so many kits in all, spread over items as the nation chose. What is chosen
    rarely may so differ more, relatively, than what everybody takes.
    """
    count, hoped = kits.sum(axis=1), expected.sum(axis=1)
    mean = hoped if prior is None else prior * hoped
    total = np.maximum(count.sum(axis=1, keepdims=True), 1e-12)
    clump = _clumping(kits, expected, count, hoped)
    beyond = float((np.square(count - mean) - clump * mean).sum())
    believed = float((mean * total).sum()) / max(beyond, 1e-12)
    part = mean / total
    usual = float(part[part > 0].mean()) if (part > 0).any() else 1.0
    shape = np.clip(believed * np.where(part > 0, part, usual), 1 / MOST, 1 / LEAST)
    liking = np.ones_like(hoped) if prior is None else prior
    drawn = drawn_to(count / clump, hoped / clump, liking, 1 / shape)
    return drawn, 1 / (count / clump + shape)


def _clumping(kits: Floats, expected: Floats, count: Floats, hoped: Floats) -> float:
    """How much counts vary from week to week, in Poisson variances; at least 1."""
    weeks = kits.shape[1]
    if weeks < 2:
        return 1.0
    own = np.divide(count, hoped, out=np.zeros_like(count), where=hoped > 0)
    usual = expected * own[:, None, :]
    square = float(np.square(kits - usual).sum()) * weeks / (weeks - 1)
    return max(square / max(float(usual.sum()), 1e-12), 1.0)


def differences(count: Floats, expected: Floats, clump: float) -> float:
    """Squared relative differences of true rates around their prior, by the method of moments."""
    square = float(np.square(expected).sum())
    if square <= 0:
        return 1.0
    beyond = float((np.square(count - expected) - clump * expected).sum())
    return float(np.clip(beyond / square, LEAST, MOST))


def drawn_to(count: Floats, exposure: Floats, prior: Floats, differ: float | Floats) -> Floats:
    """Mean of a Poisson rate with a Gamma prior of this mean and squared relative spread."""
    shape = 1 / differ
    return np.asarray((count + shape) / (exposure + shape / np.maximum(prior, 1e-12)))
