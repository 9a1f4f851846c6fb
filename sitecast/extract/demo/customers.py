"""Customers of the demo company: who they are, and what they would like to eat."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sitecast.extract.demo.calendar import DemoWeek
from sitecast.extract.demo.cookbook import Recipe
from sitecast.extract.demo.sizes import CompanySize
from sitecast.extract.demo.vocabulary import tree
from sitecast.randomness import generator

CUSTOMERS_PER_BOX = 1.7
QUALITY_SPREAD, TASTE_SPREAD, WEEK_SPREAD = 0.35, 0.20, 0.08
BOX_SIZES = (2, 3, 4, 5)


@dataclass(frozen=True)
class Customers:
    """One entry per customer; segments and regions as positions."""

    keys: NDArray[np.object_]
    segment: NDArray[np.int64]
    region: NDArray[np.int64]
    portions: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.keys)


def segments(size: CompanySize) -> dict[str, dict[str, Any]]:
    """The company's customer segments and their traits."""
    return dict(list(tree("segments").items())[: size.segments])


def segment_weights(size: CompanySize) -> NDArray[np.float64]:
    """Each segment's share of boxes."""
    weights = np.array([traits["weight"] for traits in segments(size).values()], dtype=float)
    return weights / weights.sum()


def find_customers(size: CompanySize, regions: pd.DataFrame, seed: int) -> Customers:
    """Everybody who orders now and then; segment, region and household stay the same."""
    n = round(size.boxes_per_week * CUSTOMERS_PER_BOX)
    rng = generator(seed, "demo", "customers")
    segment = rng.choice(size.segments, n, p=segment_weights(size))
    four = np.array([traits["four_portions"] for traits in segments(size).values()])
    keys = [f"{key:016x}" for key in rng.integers(0, 2**63, n).tolist()]
    return Customers(
        np.array(keys, dtype=object),
        segment,
        rng.choice(len(regions), n, p=regions["weight"].to_numpy()),
        np.where(rng.random(n) < four[segment], 4, 2),
    )


def appeal(
    menu: list[Recipe], pool: list[Recipe], size: CompanySize, week: DemoWeek, seed: int
) -> NDArray[np.float64]:
    """(segments, recipes of the menu) relative appeal; 0 where the segment's diet forbids it.

    Taste for the recipe's attributes, plus quality that all segments agree on, plus the segment's
    and the week's whims: what the demand models can, and what they cannot learn.
    """
    quality = _whims(pool, menu, generator(seed, "demo", "quality"), QUALITY_SPREAD)
    liking = []
    for name, traits in segments(size).items():
        own = _whims(pool, menu, generator(seed, "demo", "taste", name), TASTE_SPREAD)
        whim = generator(seed, "demo", "whim", name, week.key).normal(0, WEEK_SPREAD, len(menu))
        taste = np.array([_taste(recipe, traits) for recipe in menu])
        allowed = np.array([traits["diet"] in (None, *recipe.tags) for recipe in menu])
        liking.append(np.where(allowed, np.exp(taste + quality + own + whim), 0.0))
    return np.array(liking)


def _whims(
    pool: list[Recipe], menu: list[Recipe], rng: np.random.Generator, spread: float
) -> NDArray[np.float64]:
    values = dict(zip((r.recipe_id for r in pool), rng.normal(0, spread, len(pool)), strict=True))
    return np.array([values[recipe.recipe_id] for recipe in menu])


def _taste(recipe: Recipe, traits: dict[str, Any]) -> float:
    tastes = traits["tastes"]
    known = (recipe.cuisine, recipe.protein)
    minutes = traits["per_cook_minute"] * (recipe.cook_min - 30)
    return float(sum(tastes.get(word, 0.0) for word in known) + minutes)
