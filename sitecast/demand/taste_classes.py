"""Latent taste classes: parts of every segment that look for different things on the same menu.

A kit belongs to class c of its segment with probability share[s, c], and its class takes a recipe
with probability ∝ appeal × exp(effect[c]·traits). Classes are the company's, their shares the
segments'. What a class takes it goes on taking from other menus: where few recipes suit it, they
are taken by all of it. So menus that differ tell classes apart from one taste of everybody.

The likelihood of counts by segment, week and recipe, with Gaussian priors, is maximised by
conjugate gradients. It has several maxima; a class is begun where the present ones fit worst.

Source: Kamakura & Russell (1989), A Probabilistic Choice Model for Market Segmentation; Train,
Discrete Choice Methods with Simulation (2009), ch. 14.
"""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize

from sitecast.demand.past_kits import CLUMPS, Floats

PRIOR_SD = 1.0
"""Of an effect, of a class's log-odds in the nation, and of what a segment adds to them."""
MOST_STEPS = 30
"""Of a fit: more change forecasts no more."""
LEAST = 1e-300


@dataclass(frozen=True)
class TasteClasses:
    """C classes in S segments; recipes have F traits."""

    effect: Floats
    """(C, F) of a trait on the utility."""
    leaning: Floats
    """(1 + S, C) log-odds of the classes in the nation, then what each segment adds."""

    @property
    def share(self) -> Floats:
        """(S, C) P(class | kit of the segment)."""
        odds = self.leaning[:1] + self.leaning[1:]
        odds = np.exp(odds - odds.max(axis=1, keepdims=True))
        return np.asarray(odds / odds.sum(axis=1, keepdims=True))

    def weight(self, traits: Floats) -> Floats:
        """(C, R) exp(effect · traits), the largest of a class is 1."""
        utility = np.einsum("cf,rf->cr", self.effect, traits)
        return np.asarray(np.exp(utility - utility.max(axis=1, keepdims=True, initial=-np.inf)))

    def chosen(self, appeal: Floats, traits: Floats) -> Floats:
        """(C, S, …, R) P(recipe | kit of the class), of appeals (S, …, R); 0 is never chosen."""
        weight = self.weight(traits)
        of_class = appeal * weight.reshape(len(weight), *[1] * (appeal.ndim - 1), -1)
        return np.asarray(of_class / np.maximum(of_class.sum(axis=-1, keepdims=True), LEAST))

    def pull(self, appeal: Floats, traits: Floats) -> Floats:
        """(S, W, R) P(recipe | kit) ÷ appeal on a menu of these appeals (S, W, R)."""
        weight = self.weight(traits)
        beside = np.maximum(np.einsum("swr,cr->swc", appeal, weight), LEAST)
        return np.einsum("swc,cr->swr", self.share[:, None] / beside, weight)


def one_class(segments: int, traits: int) -> TasteClasses:
    """Everybody alike."""
    return TasteClasses(np.zeros((1, traits)), np.zeros((1 + segments, 1)))


def one_class_more(
    kits: Floats, appeal: Floats, traits: Floats, classes: TasteClasses
) -> TasteClasses:
    """The present classes with one of them split, fitted.

    Split is the class, and along the combination of traits, whose choices spread most beyond what
    it would choose: the direction in which two halves gain most at first.

    Args:
        kits: (segments, weeks, recipes).
        appeal: (segments, weeks, recipes) of a recipe where it was on the menu, else 0.
        traits: (recipes, traits), each around 0 with a spread near 1.
        classes: of the same segments and traits.
    """
    counts = _Counts.of(kits, appeal, traits)
    beyond = [np.linalg.eigh(spread) for spread in counts.unexplained(classes)]
    split = int(np.argmax([values[-1] for values, _ in beyond]))
    along = beyond[split][1][:, -1]
    along = along * np.sign(along[np.argmax(np.abs(along))])
    along = along / max(float(np.std(traits @ along)), 1e-9)
    effect = np.vstack([classes.effect, classes.effect[split] - along])
    effect[split] += along
    leaning = np.hstack([classes.leaning, classes.leaning[:, [split]]])
    leaning[0, [split, -1]] -= np.log(2)
    return _fitted(counts, TasteClasses(effect, leaning))


def fit_classes(kits: Floats, appeal: Floats, traits: Floats, start: TasteClasses) -> TasteClasses:
    """The most likely classes near those to start from; arguments as of `one_class_more`."""
    if len(start.effect) == 1:
        return start
    return _fitted(_Counts.of(kits, appeal, traits), start)


def _fitted(counts: "_Counts", start: TasteClasses) -> TasteClasses:
    shape = start.effect.shape

    def classes(point: Floats) -> TasteClasses:
        effect, leaning = np.split(point, [start.effect.size])
        return TasteClasses(effect.reshape(shape), leaning.reshape(-1, shape[0]))

    def downhill(point: Floats) -> tuple[float, Floats]:
        value, *slopes = counts.likelihood(classes(point))
        return -value, -np.concatenate([slope.ravel() for slope in slopes])

    begin = np.concatenate([start.effect.ravel(), start.leaning.ravel()])
    # Not L-BFGS-B: its LAPACK calls start threads that cost ten times what the fit does.
    best = minimize(downhill, begin, jac=True, method="CG", options={"maxiter": MOST_STEPS})
    return classes(best.x)


@dataclass(frozen=True)
class _Counts:
    """What was chosen: rows are segments × weeks, columns recipes."""

    kits: Floats
    appeal: Floats
    traits: Floats
    segments: int

    @classmethod
    def of(cls, kits: Floats, appeal: Floats, traits: Floats) -> "_Counts":
        rows = (-1, kits.shape[-1])
        return cls(kits.reshape(rows) / CLUMPS, appeal.reshape(rows), traits, len(kits))

    def likelihood(self, classes: TasteClasses) -> tuple[float, Floats, Floats]:
        """The logarithm of likelihood × priors, and its slopes by effect and leaning.

        Up to a constant: Σ kits × log appeal.
        """
        weight, share = classes.weight(self.traits), classes.share
        beside, odds, mixed = self._mixed(classes, weight)
        ratio = self.kits / mixed
        taken = odds * np.einsum("nr,cr->nc", ratio, weight)
        surprise = np.einsum("nc,nr->cr", odds, ratio)
        surprise -= np.einsum("nc,nr->cr", taken / beside, self.appeal)
        by_segment = taken.reshape(self.segments, -1, len(weight)).sum(axis=1)
        lean = by_segment - by_segment.sum(axis=1, keepdims=True) * share
        prior = np.square(classes.effect).sum() + np.square(classes.leaning).sum()
        return (
            float((self.kits * np.log(mixed)).sum()) - float(prior) / (2 * PRIOR_SD**2),
            np.einsum("cr,rf->cf", weight * surprise, self.traits) - classes.effect / PRIOR_SD**2,
            np.vstack([lean.sum(axis=0), lean]) - classes.leaning / PRIOR_SD**2,
        )

    def unexplained(self, classes: TasteClasses) -> list[Floats]:
        """By class, (traits, traits) squares of traits chosen beyond those the class expects."""
        weight = classes.weight(self.traits)
        beside, odds, mixed = self._mixed(classes, weight)
        ratio = self.kits / mixed
        return [
            self._beyond(odds[:, [c]] * ratio * weight[c], self.appeal * weight[c] / beside[:, [c]])
            for c in range(len(weight))
        ]

    def _beyond(self, kits: Floats, chosen: Floats) -> Floats:
        surprise, mean = kits - kits.sum(axis=1, keepdims=True) * chosen, chosen @ self.traits
        square = self.traits.T @ (surprise.sum(axis=0)[:, None] * self.traits)
        cross = (surprise @ self.traits).T @ mean
        return np.asarray(square - cross - cross.T)

    def _mixed(self, classes: TasteClasses, weight: Floats) -> tuple[Floats, Floats, Floats]:
        """(rows, C) Σ of a class's appeals, its share by that; (rows, R) P(recipe) by appeal.

        einsum, because BLAS would start threads for products that are this slim.
        """
        beside = np.maximum(np.einsum("nr,cr->nc", self.appeal, weight), LEAST)
        odds = np.repeat(classes.share, len(self.kits) // self.segments, axis=0) / beside
        return beside, odds, np.maximum(np.einsum("nc,cr->nr", odds, weight), LEAST)
