"""Rules of the menu: something to choose, what it is made of, and who makes it."""

from collections.abc import Iterator

import pandas as pd

from sitecast.errors import Breach
from sitecast.extract.told import told
from sitecast.extract.week_tables import WeekTables
from sitecast.quantities import BASE_UOMS
from sitecast.records.attributes import NOT_AN_OBJECT, TAGS_NO_LIST, attribute_fault
from sitecast.settings import PlanSettings


def menu_breaches(week: WeekTables, settings: PlanSettings) -> Iterator[Breach]:
    """A menu with nothing to choose, or with too little for the smallest box."""
    menu, key = week["menu"], f"menu_week={week.dates.menu_week}"
    offered = menu[menu["available"].fillna(False).astype(bool)]
    if offered.empty:
        yield Breach("menu", "recipe_id", key, "", "the menu is empty",
                     "add the week's recipes to menu, or make them available")  # fmt: skip
        return
    most = offered["max_per_box"].fillna(1).clip(upper=settings.simulator.max_per_recipe).sum()
    smallest = min(settings.simulator.box_sizes)
    if most < smallest:
        yield Breach("menu", "recipe_id", key, str(int(most)),
                     f"the menu holds less than the smallest box of {smallest} kits",
                     "add recipes, or correct simulator.box_sizes in the plan file")  # fmt: skip


def attribute_breaches(week: WeekTables, _: PlanSettings) -> Iterator[Breach]:
    """Attributes that cannot be read, diet tags among them."""
    recipes = week["recipes"]
    fault = recipes["attributes"].map(attribute_fault).astype(object)
    for rule in (NOT_AN_OBJECT, TAGS_NO_LIST):
        yield from told("recipes", recipes, fault == rule, "attributes", rule,
                        'write it like {"protein": "tofu", "diet_tags": ["vegan"]}')  # fmt: skip


def bom_breaches(week: WeekTables, settings: PlanSettings) -> Iterator[Breach]:
    """Recipes without BOM at a portions size that can be sold or was ordered; products too."""
    menu, lines = week["menu"], week["order_lines"]
    sizes = pd.DataFrame({"portions": list(settings.simulator.portions)})
    offered = menu.loc[menu["available"].fillna(False).astype(bool), ["recipe_id"]]
    needed = offered.merge(sizes, how="cross")
    kits = lines[(lines["item_type"] == "recipe").fillna(False)]
    ordered = kits[["item_id", "portions"]].rename(columns={"item_id": "recipe_id"})
    needed = pd.concat([needed, ordered]).dropna().drop_duplicates()
    known = set(week["recipe_bom"][["recipe_id", "portions"]].itertuples(index=False, name=None))
    for recipe, portions in needed.itertuples(index=False, name=None):
        if (recipe, portions) not in known and recipe in week.ids["recipes"]:
            yield Breach("recipe_bom", "recipe_id", f"recipe_id={recipe}, portions={portions}",
                         "", f"no BOM for {portions} portions in {week.dates.menu_week}",
                         "add its lines to recipe_bom, valid in this week")  # fmt: skip
    products = week["products"]
    bare = (products["take_rate"] > 0) & ~products["product_id"].isin(
        week["product_bom"]["product_id"]
    )
    yield from told("products", products, bare, "product_id", "no BOM",
                    "add its lines to product_bom")  # fmt: skip


def maker_breaches(week: WeekTables, _: PlanSettings) -> Iterator[Breach]:
    """Recipes on the menu, items in orders and products on sale that no site makes."""
    menu, lines, products = week["menu"], week["order_lines"], week["products"]
    offered = menu.loc[menu["available"].fillna(False).astype(bool), "recipe_id"]
    parts = [
        pd.DataFrame({"item_type": "recipe", "item_id": offered}),
        lines[["item_type", "item_id"]],
        pd.DataFrame({"item_type": "product",
                      "item_id": products.loc[products["take_rate"] > 0, "product_id"]}),
    ]  # fmt: skip
    needed = pd.concat([part.astype(object) for part in parts]).dropna().drop_duplicates()
    makes = week["item_sites"]
    made = set(makes[["item_type", "item_id"]].itertuples(index=False, name=None))
    for item in needed.itertuples(index=False, name=None):
        if item not in made and item[1] in week.ids.get(f"{item[0]}s", ()):
            key = f"menu_week={week.dates.menu_week}, item_type={item[0]}, item_id={item[1]}"
            yield Breach("item_sites", "item_id", key, "", "no site makes it in this week",
                         "add the sites that make it to item_sites")  # fmt: skip


def unit_breaches(week: WeekTables, _: PlanSettings) -> Iterator[Breach]:
    """Quantities that say a unit other than their SKU's: nothing is converted."""
    units = week["skus"].drop_duplicates("sku_id").set_index("sku_id")["base_uom"]
    for table in ("recipe_bom", "product_bom", "packaging_rules"):
        lines = week[table]
        of_sku = lines["sku_id"].map(units)
        for unit in BASE_UOMS:
            differs = (of_sku == unit) & lines["uom"].notna() & (lines["uom"] != unit)
            yield from told(table, lines, differs, "uom", f"the SKU is counted in {unit}",
                            f"write qty in {unit}, or correct skus.base_uom")  # fmt: skip


def packaging_breaches(week: WeekTables, _: PlanSettings) -> Iterator[Breach]:
    """Rules that hold for no box: what they stand for would be missing without a word."""
    rules = week["packaging_rules"]
    yield from told("packaging_rules", rules, rules["max_kits"] < rules["min_kits"], "max_kits",
                    "below min_kits: the rule holds for no box",
                    "correct min_kits or max_kits")  # fmt: skip


def validity_breaches(week: WeekTables, _: PlanSettings) -> Iterator[Breach]:
    """Rows for the same thing whose times of validity overlap would count twice."""
    for table in ("recipe_bom", "region_sites"):
        frame = week[table]
        key = [name for name in ("recipe_id", "portions", "sku_id", "region_id", "site_id")
               if name in frame]  # fmt: skip
        ordered = frame.sort_values([*key, "valid_from"], na_position="first", kind="stable")
        before = ordered.shift()
        same = (ordered[key].eq(before[key]).fillna(False)).all(axis=1)
        differs = ordered["valid_from"].ne(before["valid_from"]) & ordered["valid_from"].notna()
        ends = before["valid_to"].fillna(pd.Timestamp("2200-01-01"))
        overlap = same & differs & (ends >= ordered["valid_from"])
        yield from told(table, ordered, overlap, "valid_from",
                        "overlaps with the row before it for the same key",
                        "end the older row (valid_to) before this one begins")  # fmt: skip
        backwards = frame["valid_to"] < frame["valid_from"]
        yield from told(table, frame, backwards, "valid_to", "ends before it begins",
                        "correct the dates")  # fmt: skip
