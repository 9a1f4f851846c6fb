"""What the demo company buys: ingredients in varieties, products, packaging, and their use."""

import re
import unicodedata

import numpy as np
import pandas as pd

from sitecast.extract.demo.cookbook import Recipe
from sitecast.extract.demo.sizes import CompanySize
from sitecast.extract.demo.vocabulary import rows, tree
from sitecast.randomness import generator

FOUR_TO_TWO = 1.8
PER_KILO = {"g": 1000.0, "ml": 1000.0, "each": 1.0}
LARGEST_BOX = 12


def slug(name: str) -> str:
    """A name as part of an id: lower case, ASCII, hyphens."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")


def skus_table(size: CompanySize) -> pd.DataFrame:
    """The table skus."""
    made = [
        *(_ingredient(row, variety) for row in rows("ingredients")
          for variety in range(size.varieties)),
        *(_product(row, pack) for row in rows("products") for pack in size.product_packs),
        *(_packaging(row) for row in rows("packaging")),
    ]  # fmt: skip
    return pd.DataFrame(made)


def recipe_bom_table(recipes: list[Recipe], size: CompanySize, seed: int) -> pd.DataFrame:
    """The table recipe_bom; a recipe keeps to one variety of each ingredient."""
    rng = generator(seed, "demo", "bom")
    known = {row["name"]: row for row in rows("ingredients")}
    lines = []
    for recipe in recipes:
        for name in recipe.ingredients:
            uom, usual = known[name]["base_uom"], float(known[name]["qty_for_2"])
            sku_id = _ingredient(known[name], int(rng.integers(size.varieties)))["sku_id"]
            two = usual if uom == "each" else _weighable(usual * rng.choice([0.8, 1.0, 1.2]))
            four = np.ceil(two * FOUR_TO_TWO) if uom == "each" else _weighable(two * FOUR_TO_TWO)
            lines += [(recipe.recipe_id, 2, sku_id, two), (recipe.recipe_id, 4, sku_id, four)]
    return pd.DataFrame(lines, columns=["recipe_id", "portions", "sku_id", "qty"])


def products_table(size: CompanySize) -> pd.DataFrame:
    """The table products; the packs of one product share its take rate."""
    return pd.DataFrame([
        (_product(row, pack)["sku_id"], _titled(row["name"], pack),
         max(0.01, round(float(row["take_rate"]) / len(size.product_packs), 3)))
        for row in rows("products") for pack in size.product_packs
    ], columns=["product_id", "name", "take_rate"])  # fmt: skip


def product_bom_table(size: CompanySize) -> pd.DataFrame:
    """The table product_bom: a product is bought as it is sold."""
    products = products_table(size)
    return products[["product_id"]].assign(sku_id=products["product_id"], qty=1.0)


def packaging_rules_table() -> pd.DataFrame:
    """The table packaging_rules: a box by its kits, ice and a liner, a bag and a card per kit."""
    rules: list[tuple[str, int, int, int | None, str, float]] = [
        ("box-small", 1, 2, None, "pack-box-small", 1.0),
        ("box-medium-2", 3, 4, 2, "pack-box-medium", 1.0),
        ("box-large-2", 5, LARGEST_BOX, 2, "pack-box-large", 1.0),
        ("box-large-4", 3, LARGEST_BOX, 4, "pack-box-large", 1.0),
        ("chill-short", 1, 3, None, "pack-ice", 2.0),
        ("chill-long", 4, LARGEST_BOX, None, "pack-ice", 3.0),
        ("chill-short", 1, 3, None, "pack-liner", 1.0),
        ("chill-long", 4, LARGEST_BOX, None, "pack-liner", 1.0),
    ]
    for kits in range(1, LARGEST_BOX + 1):
        rules += [(f"kits-{kits:02d}", kits, kits, None, sku, float(kits))
                  for sku in ("pack-bag", "pack-card")]  # fmt: skip
    columns = ["rule_id", "min_kits", "max_kits", "portions", "sku_id", "qty"]
    return pd.DataFrame(rules, columns=columns).astype({"portions": "Int64"})


def _ingredient(row: dict[str, str], variety: int) -> dict[str, object]:
    category = tree("categories")[row["category"]]
    word = ("", *category["varieties"])[variety]
    case_size = float(row["case_size"])
    return {
        "sku_id": f"ing-{slug(_titled(row['name'], word))}",
        "name": _titled(row["name"], word),
        "kind": "ingredient",
        "base_uom": row["base_uom"],
        "shelf_life_days": category["shelf_life_days"],
        "unit_cost": float(row["price"]) / PER_KILO[row["base_uom"]] * (1.0 + 0.06 * variety),
        "case_size": case_size,
        "moq": case_size * category["moq_cases"],
        "lead_time_days": category["lead_time_days"],
        "yield_rate": category["yield_rate"],
        "wastage_rate": category["wastage_rate"],
    }


def _product(row: dict[str, str], pack: str) -> dict[str, object]:
    name, case_size = _titled(row["name"], pack), float(row["case_size"])
    keeps = int(row["shelf_life_days"])
    return {
        "sku_id": f"shop-{slug(name)}", "name": name, "kind": "product", "base_uom": "each",
        "shelf_life_days": keeps, "unit_cost": float(row["price"]), "case_size": case_size,
        "moq": case_size, "lead_time_days": min(keeps // 2, 7), "yield_rate": 1.0,
        "wastage_rate": 0.01,
    }  # fmt: skip


def _packaging(row: dict[str, str]) -> dict[str, object]:
    case_size = float(row["case_size"])
    return {
        "sku_id": row["sku_id"], "name": row["name"], "kind": "packaging", "base_uom": "each",
        "shelf_life_days": 730, "unit_cost": float(row["price"]), "case_size": case_size,
        "moq": 2 * case_size, "lead_time_days": int(row["lead_time_days"]), "yield_rate": 1.0,
        "wastage_rate": 0.005,
    }  # fmt: skip


def _titled(name: str, variety: str) -> str:
    return f"{name}, {variety}" if variety else name


def _weighable(qty: float) -> float:
    """Round to what a kitchen weighs out: 5 units, or 1 for spices and herbs."""
    step = 5.0 if qty >= 20 else 1.0
    return max(step, round(qty / step) * step)
