"""The contract's tables from the sales lines of Complete Journey."""

import hashlib
import json
from collections.abc import Mapping

import pandas as pd

MENU_WEEKS_BACK = 8
MAX_PER_BOX = 24
WEEK_1_MONDAY = pd.Timestamp("2016-12-26")
ZONE = "America/New_York"
Parts = Mapping[str, pd.DataFrame]
"""A table by the name of its part; the empty name is a table in one file."""


def week_key(week: int) -> str:
    """The menu week of a week of the data; its weeks run Monday to Sunday."""
    return f"2017-W{week:02d}"


def input_tables(
    sales: pd.DataFrame, mailed: pd.DataFrame, first_planned: int, last_week: int
) -> dict[str, Parts]:
    """Every table of the contract that these data can fill.

    Args:
        sales: basket_id, household_id, store_id, week, transaction_timestamp (UTC),
            product_category, product_type, product_id, quantity.
        mailed: week, product_id, mailed (part of the stores).
        first_planned: first week to plan; menus of planned weeks know only weeks before it.
        last_week: last week to plan.
    """
    items = _items(sales)
    sales = sales.assign(
        item_id=items["item_id"].to_numpy(), menu_week=sales["week"].map(week_key),
        order_id="b" + sales["basket_id"].astype(str), store="s" + sales["store_id"].astype(str),
    )  # fmt: skip
    stores = sorted(sales["store"].unique())
    menu = _menus(sales, first_planned, last_week)
    menu = menu.assign(promotion=_promotion(menu, sales[sales["week"] < first_planned], mailed))
    whole = {
        "sites": pd.DataFrame({
            "site_id": stores, "name": [f"Store {store[1:]}" for store in stores],
            "opens_on": WEEK_1_MONDAY, "closes_on": pd.NaT, "is_catch_all": True, "priority": 1,
        }),
        "site_caps": pd.DataFrame({name: [] for name in (
            "site_id", "production_date", "cap_boxes", "floor_boxes", "menu_week")}),
        "regions": pd.DataFrame({"postcode_prefix": stores, "region_id": stores}),
        "region_sites": pd.DataFrame({
            "region_id": stores, "site_id": stores, "transit_days": 0, "cost_per_box": 0,
            "valid_from": pd.NaT, "valid_to": pd.NaT,
        }),
        "menu": menu,
        "item_sites": _item_sites(menu, stores),
        **_calendar(int(sales["week"].min()), last_week),
        **_goods(items.drop_duplicates("item_id")),
    }  # fmt: skip
    tables: dict[str, Parts] = {name: {"": frame} for name, frame in whole.items()}
    return {**tables, **_order_book(sales)}


def _items(sales: pd.DataFrame) -> pd.DataFrame:
    """item_id, sku_id, name, category of each sales line; a type may stand in many categories."""
    kinds = sales[["product_category", "product_type"]]
    known = kinds.drop_duplicates().copy()
    known["name"] = known["product_type"].fillna(known["product_category"])
    known["sku_id"] = known["product_category"].map(_slug)
    known["item_id"] = known["sku_id"] + "." + known["name"].map(_slug)
    return kinds.merge(known, on=["product_category", "product_type"], how="left", validate="m:1")


def _slug(text: str) -> str:
    return "-".join("".join(c if c.isalnum() else " " for c in text.lower()).split())


def _menus(sales: pd.DataFrame, first_planned: int, last_week: int) -> pd.DataFrame:
    parts = []
    for week in range(int(sales["week"].min()) + 1, last_week + 1):
        known = min(week, first_planned)
        before = sales["week"].between(known - MENU_WEEKS_BACK, known - 1)
        on_sale = sorted(sales.loc[before, "item_id"].unique())
        parts.append(pd.DataFrame({"menu_week": week_key(week), "recipe_id": on_sale}))
    return pd.concat(parts, ignore_index=True).assign(
        position=pd.NA, is_default_pool=True, surcharge=0, max_per_box=MAX_PER_BOX, available=True
    )


def _promotion(menu: pd.DataFrame, known: pd.DataFrame, mailed: pd.DataFrame) -> "pd.Series[float]":
    """Part of each item in the week's mailer, its products weighted by what was sold of them."""
    sold = known.groupby(["item_id", "product_id"], as_index=False)["quantity"].sum()
    named = mailed.assign(menu_week=mailed["week"].map(week_key)).merge(sold, on="product_id")
    featured = (named["mailed"] * named["quantity"]).groupby(
        [named["menu_week"], named["item_id"]]
    ).sum()  # fmt: skip
    pairs = pd.MultiIndex.from_frame(menu[["menu_week", "recipe_id"]])
    whole = menu["recipe_id"].map(sold.groupby("item_id")["quantity"].sum()).to_numpy()
    return pd.Series(featured.reindex(pairs).fillna(0.0).to_numpy() / whole, menu.index)


def _item_sites(menu: pd.DataFrame, stores: list[str]) -> pd.DataFrame:
    made = menu[["menu_week", "recipe_id"]].merge(pd.DataFrame({"site_id": stores}), how="cross")
    return made.rename(columns={"recipe_id": "item_id"}).assign(
        item_type="recipe", cap_kits=pd.NA, line_id=None
    )


def _calendar(first_week: int, last_week: int) -> dict[str, pd.DataFrame]:
    weeks = pd.Series(range(first_week, last_week + 1))
    starts = WEEK_1_MONDAY + pd.to_timedelta(7 * (weeks - 1), unit="D")
    keys = weeks.map(week_key)
    days = pd.DataFrame({
        "menu_week": keys.repeat(7).to_numpy(),
        "delivery_date": [start + pd.Timedelta(days=d) for start in starts for d in range(7)],
    })  # fmt: skip
    midnight = (days["delivery_date"] + pd.Timedelta(days=1)).dt.tz_localize(ZONE)
    days = days.assign(cutoff_at=midnight.dt.tz_convert("UTC"), weight=1.0)
    calendar = pd.DataFrame({
        "menu_week": keys, "start_date": starts, "end_date": starts + pd.Timedelta(days=6),
        "menu_opens_at": None,
    })  # fmt: skip
    return {"menu_weeks": calendar, "delivery_days": days}


def _goods(items: pd.DataFrame) -> dict[str, pd.DataFrame]:
    attributes = [json.dumps({"category": sku}) for sku in items["sku_id"]]
    recipes = pd.DataFrame({
        "recipe_id": items["item_id"], "name": items["name"], "attributes": attributes,
        "first_menu_week": None,
    })  # fmt: skip
    bom = pd.DataFrame({
        "recipe_id": items["item_id"], "portions": 1, "sku_id": items["sku_id"], "qty": 1.0,
        "uom": "each", "valid_from": pd.NaT, "valid_to": pd.NaT,
    })  # fmt: skip
    skus = items.drop_duplicates("sku_id")
    bought = pd.DataFrame({
        "sku_id": skus["sku_id"], "name": skus["product_category"].str.capitalize(),
        "kind": "ingredient", "base_uom": "each", "shelf_life_days": 365, "unit_cost": 0.0,
        "case_size": 1.0, "moq": 0.0, "lead_time_days": 0, "yield_rate": 1.0, "wastage_rate": 0.0,
        "shortage_cost": None, "surplus_cost": None,
    })  # fmt: skip
    return {"recipes": recipes, "recipe_bom": bom, "skus": bought}


def _order_book(sales: pd.DataFrame) -> dict[str, Parts]:
    """Baskets and their lines, a part per week; known from the moment at the till."""
    baskets = sales.drop_duplicates("order_id")
    at = baskets["transaction_timestamp"].dt.tz_localize("UTC")
    orders = pd.DataFrame({
        "order_id": baskets["order_id"],
        "customer_key": baskets["household_id"].map(_customer_hash),
        "segment": baskets["store"], "menu_week": baskets["menu_week"],
        "delivery_date": at.dt.tz_convert(ZONE).dt.tz_localize(None).dt.normalize(),
        "region_id": baskets["store"], "portions": 1, "state": "delivered", "is_default": False,
        "created_at": at, "site_id": baskets["store"],
    })  # fmt: skip
    lines = sales.groupby(["menu_week", "order_id", "item_id"], as_index=False)["quantity"].sum()
    lines["line_no"] = lines.groupby("order_id").cumcount() + 1
    lines = lines.assign(item_type="recipe", portions=1)
    return {
        "orders": dict(iter(orders.groupby("menu_week"))),
        "order_lines": dict(iter(lines.groupby("menu_week"))),
    }


def _customer_hash(household: int) -> str:
    return hashlib.sha256(f"completejourney:{household}".encode()).hexdigest()[:16]
