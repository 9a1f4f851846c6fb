"""What latent taste classes are worth: invented companies with and without them, share errors.

Every week another 40 of 100 recipes are on the menu, and menus differ in what they have much of.
The truth is known: errors are Σ |share − truth| ÷ 2, by segment (weighted by kits) and of the
nation, one and four weeks ahead. `python -m benchmarks.taste_classes`; with a number, so many
companies of each kind.
"""

from dataclasses import dataclass, replace

import numpy as np

from benchmarks.arguments import words
from sitecast.demand.fading_shares import shares
from sitecast.demand.past_kits import Floats, PastKits

WEEKS, TARGETS, LEADS = 26, (26, 28), (1, 4)
PROTEINS, PLANTS, CUISINES = 9, 3, 6
MINUTES = np.array([15.0, 20.0, 25.0, 30.0, 35.0, 40.0, 45.0])
COMPANIES = {
    "three classes": {"classes": 3},
    "three classes, menus that differ less": {"classes": 3, "menus_vary": 0.5},
    "three classes, half as different": {"classes": 3, "strength": 0.5},
    "three classes, demo size": {"classes": 3, "pool": 48, "menu": 20, "segments": 4},
    "two classes": {"classes": 2},
    "none": {},
    "none, menus that differ less": {"menus_vary": 0.5},
    "none, demo size": {"pool": 48, "menu": 20, "segments": 4},
    "none, tastes that drift": {"drift": 0.1},
}


@dataclass(frozen=True)
class Company:
    """(segments, weeks, recipes) what sold and P(recipe | kit), and what recipes are."""

    kits: Floats
    truth: Floats
    menus: Floats
    traits: Floats
    groups: np.ndarray
    volume: Floats

    def past(self, target: int, lead: int) -> tuple[PastKits, Floats]:
        """What was known `lead` weeks before a week, and the week's true shares."""
        known = slice(max(0, target - lead + 1 - WEEKS), target - lead + 1)
        offered = self.menus[target] > 0
        order = np.argsort(~offered, kind="stable")
        order = order[(self.menus[known].any(axis=0) | offered)[order]]
        traits, n = self.traits[order], known.stop - known.start
        past = PastKits(
            [f"s{s}" for s in range(len(self.kits))], [f"r{r}" for r in order],
            self.kits[:, known][:, :, order], self.menus[known][:, order],
            np.arange(target - known.start, target - known.stop, -1.0),
            np.unique(self.groups[order], return_inverse=True)[1].astype(np.int64),
            traits - traits.mean(axis=0), np.zeros((len(self.kits), len(order))),
            np.full((n + 1, len(order), 3), np.nan),
        )  # fmt: skip
        return past, self.truth[:, target, np.flatnonzero(offered)]


def invent(
    seed: int, classes=1, segments=6, pool=100, menu=40, boxes=2500, menus_vary=1.5, strength=1.0,
    drift=0.04,
) -> Company:  # fmt: skip
    """A company whose segments are mixtures of classes: only plants, quick meals, meat.

    Kits lie in boxes of one class, an eighth of the recipes is new in the second half, what all
    like drifts, and every week has its whims.
    """
    rng = np.random.default_rng(seed)
    protein, cuisine = rng.integers(0, PROTEINS, pool), rng.integers(0, CUISINES, pool)
    minutes, plant = rng.choice(MINUTES, pool), protein >= PROTEINS - PLANTS
    looked_for = [3.5 * plant, np.isin(protein, [0, 1]) - 1.0 * plant, -0.12 * (minutes - 30)]
    own = strength * np.array(looked_for[:classes]) if classes > 1 else np.zeros((1, pool))
    mixture = rng.dirichlet(np.full(len(own), 8.0), segments)
    taste = 0.4 * rng.standard_normal((segments, PROTEINS))[:, protein]
    taste += 0.4 * rng.standard_normal((segments, CUISINES))[:, cuisine]
    taste += 0.2 * rng.standard_normal((segments, pool)) + 0.35 * rng.standard_normal(pool)
    weeks = max(TARGETS) + 1
    since = np.where(rng.random(pool) < 0.125, rng.integers(WEEKS // 2, weeks, pool), 0)
    volume = rng.dirichlet(np.full(segments, 4.0))
    kits, truth, menus = [], [], np.zeros((weeks, pool))
    for week in range(weeks):
        much = rng.normal(0, 0.6 * menus_vary, PROTEINS)[protein]
        much += rng.normal(0, 0.8 * menus_vary) * plant
        much += rng.normal(0, 0.4 * menus_vary, CUISINES)[cuisine]
        much += rng.normal(0, 0.05 * menus_vary) * (minutes - 30)
        much = np.exp(much) * (since <= week)
        menus[week, rng.choice(pool, menu, replace=False, p=much / much.sum())] = 1.0
        taste = taste + drift * rng.standard_normal(pool)
        whim = taste + 0.08 * rng.standard_normal((segments, pool))
        chosen = menus[week] * np.exp(whim[:, None] + own)
        chosen /= chosen.sum(axis=2, keepdims=True)
        truth.append((mixture[:, :, None] * chosen).sum(axis=1))
        of_class = rng.multinomial(rng.poisson(boxes * volume), mixture)
        kits.append(sum(rng.multinomial(of_class, chosen).sum(axis=1) for _ in range(3)))
    traits = np.column_stack([np.eye(PROTEINS)[protein], np.eye(CUISINES)[cuisine], plant,
                              (minutes - 30) / MINUTES.std()])  # fmt: skip
    return Company(np.stack(kits, axis=1) * 1.0, np.stack(truth, axis=1), menus, traits,
                   protein * CUISINES + cuisine, volume)  # fmt: skip


def errors(told: Floats, truth: Floats, volume: Floats) -> Floats:
    """By segment and recipe, and of the nation."""
    miss = told - truth
    return np.array([volume @ np.abs(miss).sum(axis=1), np.abs(volume @ miss).sum()]) / 2


def main() -> None:
    companies = int(words(__doc__)[0]) if words(__doc__) else 4
    print("company | weeks ahead | one class | as chosen | classes chosen (1, 2, 3)")
    for name, like in COMPANIES.items():
        for lead in LEADS:
            missed, chosen = [], []
            for seed in range(companies):
                company = invent(seed, **like)
                for target in TARGETS:
                    past, truth = company.past(target, lead)
                    several = shares(past, truth.shape[1])
                    alike = shares(replace(past, traits=past.traits[:, :0]), truth.shape[1])
                    chosen.append(len(several.of_class))
                    missed.append([errors(told.share, truth, company.volume)
                                   for told in (alike, several)])  # fmt: skip
            one, more = np.mean(missed, axis=0)
            counts = np.bincount(chosen, minlength=4)[1:].tolist()
            print(f"{name} | {lead} | {one[0]:.4f} / {one[1]:.4f} |",
                  f"{more[0]:.4f} / {more[1]:.4f} | {counts}", flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
