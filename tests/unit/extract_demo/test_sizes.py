"""The large company has the shape that the benchmarks name."""

import pandas as pd
import pytest

from sitecast.extract.demo.calendar import demo_weeks
from sitecast.extract.demo.cookbook import write_recipes
from sitecast.extract.demo.menus import makers, menu_of_week
from sitecast.extract.demo.network import regions_frame, site_caps_table
from sitecast.extract.demo.pantry import product_bom_table, products_table, skus_table
from sitecast.extract.demo.sizes import GOUSTO, SIZES, CompanySize, company_size
from sitecast.records.tables_read import TABLES_READ


@pytest.mark.parametrize("size", SIZES.values(), ids=SIZES)
def test_recipe_names_are_unique_and_dishes_are_spread(size: CompanySize) -> None:
    recipes = write_recipes(size, 1)
    assert len({recipe.name for recipe in recipes}) == len(recipes) == size.pool_recipes
    assert len({recipe.cuisine for recipe in recipes}) == 14
    uses = pd.Series([recipe.dish for recipe in recipes]).value_counts()
    assert uses.max() <= 0.05 * len(recipes)


def test_gousto_has_1400_skus_and_200_recipes_a_week() -> None:
    pool = write_recipes(GOUSTO, 1)
    menu = menu_of_week(pool, GOUSTO, demo_weeks()[0], 1)
    skus = skus_table(GOUSTO)
    assert len({recipe.recipe_id for recipe in menu}) == 200
    assert 1_300 <= len(skus) <= 1_600
    assert skus["sku_id"].is_unique
    assert set(product_bom_table(GOUSTO)["sku_id"]) <= set(skus["sku_id"])
    assert products_table(GOUSTO)["take_rate"].between(0.01, 0.1).all()


def test_gousto_has_a_closed_site_a_catch_all_and_48_regions() -> None:
    caps = site_caps_table(GOUSTO, demo_weeks())
    assert caps.groupby("site_id")["cap_boxes"].max()["riverside"] == 0
    assert [site.site_id for site in GOUSTO.sites if site.is_catch_all] == ["millbrook"]
    assert "millbrook" not in set(caps["site_id"])
    assert len(regions_frame(GOUSTO, 1)) == 48
    assert regions_frame(GOUSTO, 1)["region_id"].is_unique


def test_where_two_weeks_pack_on_one_date_each_has_its_own_cap() -> None:
    caps = site_caps_table(GOUSTO, demo_weeks())
    shared = caps.duplicated(["site_id", "production_date"], keep=False)
    assert 0 < shared.sum() < len(caps)
    assert caps.loc[shared, "menu_week"].notna().all()
    assert caps.loc[~shared, "menu_week"].isna().all()
    assert not caps.duplicated(list(TABLES_READ["site_caps"].key)).any()


def test_fish_is_cooked_at_sites_with_a_fish_room_only() -> None:
    pool = write_recipes(GOUSTO, 1)
    can_make = makers(pool, GOUSTO, 1)
    fish = [recipe.recipe_id for recipe in pool if recipe.diet == "fish"]
    assert can_make.loc[fish, "harbour"].all()
    assert not can_make.loc[fish, "north"].any()
    assert can_make["harbour"].all()


def test_sizes_are_found_by_name() -> None:
    assert company_size("gousto") is GOUSTO
