"""The demo company before its first order: everything that does not change from week to week."""

from dataclasses import dataclass

import pandas as pd

from sitecast.extract.demo.calendar import DemoWeek, demo_weeks
from sitecast.extract.demo.cookbook import Recipe, write_recipes
from sitecast.extract.demo.customers import Customers, find_customers
from sitecast.extract.demo.menus import makers, menu_of_week
from sitecast.extract.demo.network import regions_frame
from sitecast.extract.demo.pantry import products_table, recipe_bom_table, skus_table
from sitecast.extract.demo.sizes import CompanySize


@dataclass(frozen=True)
class Company:
    """The company of one size and seed."""

    size: CompanySize
    seed: int
    weeks: tuple[DemoWeek, ...]
    regions: pd.DataFrame
    """From regions_frame()."""
    pool: list[Recipe]
    menus: dict[str, list[Recipe]]
    can_make: pd.DataFrame
    """From makers()."""
    products: pd.DataFrame
    skus: pd.DataFrame
    bom: pd.DataFrame
    """The table recipe_bom."""
    customers: Customers


def found_company(size: CompanySize, seed: int) -> Company:
    """Invent a company."""
    weeks, pool = demo_weeks(), write_recipes(size, seed)
    regions = regions_frame(size, seed)
    return Company(
        size,
        seed,
        weeks,
        regions,
        pool,
        {week.key: menu_of_week(pool, size, week, seed) for week in weeks},
        makers(pool, size, seed),
        products_table(size),
        skus_table(size),
        recipe_bom_table(pool, size, seed),
        find_customers(size, regions, seed),
    )
