"""The axes of a week's arrays: which position stands for which day, region, site and item.

Derived from the week's tables alone and sorted, so every stage that needs them gets the same.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sitecast.errors import DataError
from sitecast.records.week_record import WeekData

MAX_SITES = 63


@dataclass(frozen=True)
class WeekAxes:
    """Sorted axes of one menu week.

    Items are every (recipe, portions) on the menu, recipe by recipe, then every product. A *lane*
    is a (site, production date, delivery date) that some region uses. A *site set* is a bit mask
    over `sites`.
    """

    days: pd.DatetimeIndex
    regions: pd.Index
    sites: pd.Index
    recipes: pd.Index
    portions: NDArray[np.int64]
    products: pd.Index
    lanes: pd.DataFrame
    """site (position), production_date, delivery_date (position `day`); sorted."""
    lane: NDArray[np.int32]
    """(days, regions, sites) position of the lane, -1 where the site cannot serve the region."""
    cost: NDArray[np.int64]
    """(days, regions, sites) delivery cost per box, minor units; 0 where lane is -1."""
    item_sites: NDArray[np.uint64]
    """(items,) set of sites that make the item."""

    @property
    def n_items(self) -> int:
        """Kits (recipe × portions) and products."""
        return len(self.recipes) * len(self.portions) + len(self.products)

    @property
    def reach(self) -> NDArray[np.uint64]:
        """(days, regions) set of sites that can deliver to the region on the day."""
        bits = np.uint64(1) << np.arange(len(self.sites), dtype=np.uint64)
        return np.where(self.lane >= 0, bits, np.uint64(0)).sum(axis=2, dtype=np.uint64)

    def items(self) -> pd.DataFrame:
        """item_type, item_id, portions of every position on the item axis (0 for products)."""
        recipes = np.repeat(self.recipes.to_numpy(), len(self.portions))
        return pd.DataFrame({
            "item_type": ["recipe"] * len(recipes) + ["product"] * len(self.products),
            "item_id": [*recipes, *self.products],
            "portions": [*np.tile(self.portions, len(self.recipes)), *([0] * len(self.products))],
        })  # fmt: skip


def week_axes(week: WeekData) -> WeekAxes:
    """The axes of a week.

    Raises:
        DataError: more sites than a site set can hold.
    """
    sites = week["sites"].sort_values(["priority", "site_id"])
    if len(sites) > MAX_SITES:
        raise DataError(
            f"at most {MAX_SITES} sites can be planned together",
            {"table": "sites", "rows": len(sites)},
            "plan groups of sites apart",
        )
    days = pd.DatetimeIndex(np.sort(week["delivery_days"]["delivery_date"].unique()))
    regions = pd.Index(_all_regions(week))
    site_ids = pd.Index(sites["site_id"].astype(object))
    recipes = pd.Index(sorted(week["menu"]["recipe_id"].tolist()))
    sizes = np.array(sorted(week["recipe_bom"]["portions"].unique()), dtype=np.int64)
    products = pd.Index(sorted(week["products"]["product_id"].tolist()))
    lanes, lane, cost = _lanes(week, days, regions, sites)
    return WeekAxes(days, regions, site_ids, recipes, sizes, products, lanes, lane, cost,
                    _item_sites(week, site_ids, recipes, len(sizes), products))  # fmt: skip


def _all_regions(week: WeekData) -> list[str]:
    """Regions that no site reaches included: they get a place, and their boxes a reason."""
    tables = ("region_sites", "box_forecast", "orders", "regions", "history_boxes")
    return sorted({region for name in tables if name in week.tables
                   for region in week[name]["region_id"].unique()})  # fmt: skip


def _lanes(
    week: WeekData, days: pd.DatetimeIndex, regions: pd.Index, sites: pd.DataFrame
) -> tuple[pd.DataFrame, NDArray[np.int32], NDArray[np.int64]]:
    links = week["region_sites"].merge(
        sites[["site_id", "opens_on", "closes_on"]], on="site_id", validate="m:1"
    )
    links = links.merge(pd.DataFrame({"delivery_date": days}), how="cross")
    transit = pd.to_timedelta(links["transit_days"].to_numpy(), unit="D")
    links["production_date"] = (links["delivery_date"] - transit).astype("datetime64[ms]")
    made, sent = links["production_date"], links["delivery_date"]
    works = (made >= links["opens_on"]) & ~(made > links["closes_on"])
    links = links[works & ~(sent < links["valid_from"]) & ~(sent > links["valid_to"])]
    links = links.assign(
        site=pd.Index(sites["site_id"].astype(object)).get_indexer(links["site_id"]),
        day=days.get_indexer(links["delivery_date"]),
        region=regions.get_indexer(links["region_id"]),
    ).sort_values(["site", "production_date", "day", "region"])
    keys = ["site", "production_date", "day"]
    lanes = links[[*keys, "delivery_date"]].drop_duplicates(keys).reset_index(drop=True)
    number = links.merge(lanes.reset_index(names="lane_no"), on=keys, validate="m:1")["lane_no"]
    shape = (len(days), len(regions), len(sites))
    lane, cost = np.full(shape, -1, dtype=np.int32), np.zeros(shape, dtype=np.int64)
    at = (links["day"].to_numpy(), links["region"].to_numpy(), links["site"].to_numpy())
    lane[at], cost[at] = number.to_numpy(), links["cost_per_box"].to_numpy()
    return lanes, lane, cost


def _item_sites(
    week: WeekData, sites: pd.Index, recipes: pd.Index, n_portions: int, products: pd.Index
) -> NDArray[np.uint64]:
    makes = week["item_sites"]
    bit = np.uint64(1) << sites.get_indexer(makes["site_id"]).astype(np.uint64)
    axes = {"recipe": recipes, "product": products}
    sets = {item_type: np.zeros(len(axis), np.uint64) for item_type, axis in axes.items()}
    for item_type, axis in axes.items():
        place = axis.get_indexer(makes["item_id"])
        mine = (makes["item_type"] == item_type).to_numpy() & (place >= 0)
        np.bitwise_or.at(sets[item_type], place[mine], bit[mine])
    return np.concatenate([np.repeat(sets["recipe"], n_portions), sets["product"]])
