"""Weekly menus of the demo company, and which site makes what."""

import numpy as np
import pandas as pd

from sitecast.extract.demo.calendar import DemoWeek
from sitecast.extract.demo.cookbook import Recipe, diet_quota
from sitecast.extract.demo.sizes import CompanySize, SiteProfile
from sitecast.randomness import generator

FAVOURITE = 0.6
"""Weight of a recipe's lasting popularity with the menu planners against the week's chance."""


def menu_of_week(
    recipes: list[Recipe], size: CompanySize, week: DemoWeek, seed: int
) -> list[Recipe]:
    """The recipes on the menu in their order there: each diet has its quota, favourites return."""
    chance = generator(seed, "demo", "menu", week.key).random(len(recipes))
    lasting = generator(seed, "demo", "favourites").random(len(recipes))
    order = np.argsort(FAVOURITE * lasting + chance, kind="stable")
    quota, chosen = diet_quota(size.menu_recipes), []
    for number in order:
        if quota[recipes[number].diet]:
            quota[recipes[number].diet] -= 1
            chosen.append(recipes[number])
    places = generator(seed, "demo", "positions", week.key).permutation(len(chosen))
    return [chosen[place] for place in places]


def menu_table(menus: dict[str, list[Recipe]]) -> pd.DataFrame:
    """The table menu; nobody is sent a recipe with a surcharge unasked."""
    return pd.DataFrame(
        [
            (week, recipe.recipe_id, position, recipe.surcharge == 0, recipe.surcharge, 1, True)
            for week, menu in menus.items()
            for position, recipe in enumerate(menu, start=1)
        ],
        columns=["menu_week", "recipe_id", "position", "is_default_pool", "surcharge",
                 "max_per_box", "available"],
    )  # fmt: skip


def first_weeks(menus: dict[str, list[Recipe]]) -> dict[str, str]:
    """The first week that each recipe is on a menu."""
    found: dict[str, str] = {}
    for week, menu in menus.items():
        for recipe in menu:
            found.setdefault(recipe.recipe_id, week)
    return found


def makers(recipes: list[Recipe], size: CompanySize, seed: int) -> pd.DataFrame:
    """(recipes × sites) whether the site makes the recipe, by recipe_id and site_id."""
    equipment = generator(seed, "demo", "equipment").random(len(recipes))
    fish = np.array([recipe.diet == "fish" for recipe in recipes])
    return pd.DataFrame(
        {site.site_id: _makes(site, fish, equipment) for site in size.sites},
        index=[recipe.recipe_id for recipe in recipes],
    )


def item_sites_table(
    menus: dict[str, list[Recipe]], can_make: pd.DataFrame, products: list[str]
) -> pd.DataFrame:
    """The table item_sites; every site packs every product."""
    sites = list(can_make.columns)
    made = {recipe: [site for site, can in zip(sites, row, strict=True) if can]
            for recipe, row in zip(can_make.index, can_make.to_numpy(), strict=True)}  # fmt: skip
    rows = [
        (week, item_type, item, site)
        for week, menu in menus.items()
        for item_type, items in (("recipe", [r.recipe_id for r in menu]), ("product", products))
        for item in items
        for site in (made[item] if item_type == "recipe" else sites)
    ]
    return pd.DataFrame(rows, columns=["menu_week", "item_type", "item_id", "site_id"])


def _makes(site: SiteProfile, fish: np.ndarray, equipment: np.ndarray) -> np.ndarray:
    """Sites are nested: what a site lacks the equipment for, every smaller site lacks too."""
    return (equipment < site.menu_share) & (~fish | site.cooks_fish)
