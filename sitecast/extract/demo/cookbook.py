"""Recipes of the demo company: a dish, a protein and a side, with real ingredients."""

import json
from collections import Counter
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from sitecast.extract.demo.sizes import CompanySize
from sitecast.extract.demo.vocabulary import rows, tree
from sitecast.randomness import generator

DIETS = ("vegan", "vegetarian", "fish", "meat")
DIET_SHARES = {"vegan": 0.35, "vegetarian": 0.12, "fish": 0.10}
COOK_MINUTES = (15, 20, 25, 30, 35, 40, 45)
MOST_USES_OF_A_DISH = 40


@dataclass(frozen=True)
class Recipe:
    """One recipe; `ingredients` are names of the word list."""

    recipe_id: str
    name: str
    dish: str
    cuisine: str
    protein: str
    diet: str
    surcharge: int
    ingredients: tuple[str, ...]
    cook_min: int = 0

    @property
    def tags(self) -> tuple[str, ...]:
        """Diet tags, as the ingredients allow them."""
        rank = DIETS.index(self.diet)
        known = _ingredients()
        allergens = {word for name in self.ingredients for word in known[name]["allergens"].split()}
        fits = {
            "vegan": rank == 0, "vegetarian": rank <= 1, "pescatarian": rank <= 2,
            "gluten-free": "gluten" not in allergens, "dairy-free": "dairy" not in allergens,
        }  # fmt: skip
        return tuple(tag for tag, holds in fits.items() if holds)

    @property
    def attributes(self) -> str:
        """What customers see of it, as JSON."""
        seen = {"cuisine": self.cuisine, "protein": self.protein, "diet_tags": self.tags,
                "cook_min": self.cook_min}  # fmt: skip
        return json.dumps(seen)


def diet_quota(total: int) -> dict[str, int]:
    """How many recipes of each diet a pool or menu of `total` recipes has."""
    quota = {diet: max(1, round(total * share)) for diet, share in DIET_SHARES.items()}
    return {**quota, "meat": total - sum(quota.values())}


def write_recipes(size: CompanySize, seed: int) -> list[Recipe]:
    """The company's whole pool of recipes; no dish is used much more often than another."""
    rng = generator(seed, "demo", "cookbook")
    drafts = _drafts()
    chosen = _spread([drafts[i] for i in rng.permutation(len(drafts))], size.pool_recipes)
    chosen = [chosen[i] for i in rng.permutation(len(chosen))]
    return [_finished(draft, number, rng) for number, draft in enumerate(chosen, start=1)]


def recipes_table(recipes: list[Recipe], first_week: dict[str, str]) -> pd.DataFrame:
    """The table recipes."""
    return pd.DataFrame({
        "recipe_id": [recipe.recipe_id for recipe in recipes],
        "name": [recipe.name for recipe in recipes],
        "attributes": [recipe.attributes for recipe in recipes],
        "first_menu_week": [first_week.get(recipe.recipe_id) for recipe in recipes],
    })  # fmt: skip


def _spread(drafts: list[Recipe], total: int) -> list[Recipe]:
    quota, uses = diet_quota(total), Counter[str]()
    chosen: dict[str, Recipe] = {}
    for most in range(1, MOST_USES_OF_A_DISH):
        for draft in drafts:
            if quota[draft.diet] and uses[draft.dish] < most and draft.name not in chosen:
                chosen[draft.name] = draft
                quota[draft.diet] -= 1
                uses[draft.dish] += 1
    return list(chosen.values())


def _drafts() -> list[Recipe]:
    words = tree("dishes")
    return [
        Recipe("", _name(dish, side, protein, known["word"]), dish, cuisine, protein,
               _diet([known["sku"], *base, *addition]), known["surcharge"],
               tuple(dict.fromkeys([known["sku"], *base, *addition])))
        for cuisine, style in words["cuisines"].items()
        for dish, base in style["dishes"]
        for protein in style["proteins"]
        for side, addition in style["sides"]
        if (known := words["proteins"][protein])["sku"] not in [*base, *addition]
    ]  # fmt: skip


def _name(dish: str, side: str, protein: str, word: str) -> str:
    """The menu's name; a protein in front of a noun stands in the singular ("prawn curry")."""
    before, after = dish.split("{}")
    main = before + (word if after.startswith((" with", " and")) or not after else protein) + after
    return f"{main} {'and' if ' with ' in main else 'with'} {side}"


def _finished(draft: Recipe, number: int, rng: np.random.Generator) -> Recipe:
    """Number it, and add garnishes that its diet allows, up to 8–12 ingredients."""
    fresh = [name for name in tree("dishes")["cuisines"][draft.cuisine]["extras"]
             if name not in draft.ingredients]  # fmt: skip
    extras = [name for name in fresh if _diet([name]) in DIETS[: DIETS.index(draft.diet) + 1]]
    wanted = int(rng.integers(9, 13)) - len(draft.ingredients)
    added = [extras[i] for i in rng.permutation(len(extras))[: max(wanted, 0)]]
    return replace(
        draft,
        recipe_id=f"R{number:03d}",
        name=draft.name[0].upper() + draft.name[1:],
        cook_min=int(rng.choice(COOK_MINUTES)),
        ingredients=(*draft.ingredients, *added),
    )


def _diet(ingredients: list[str]) -> str:
    known = _ingredients()
    return DIETS[max(DIETS.index(known[name]["diet"]) for name in ingredients)]


def _ingredients() -> dict[str, dict[str, str]]:
    return {row["name"]: row for row in rows("ingredients")}
