"""What the page's tables are about, by position: weeks, sites, SKUs, items and days."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sitecast.publish.contents import Contents
from sitecast.publish.words import human_unit

_LARGE_UNITS = ("g", "ml")


@dataclass(frozen=True)
class Axes:
    """Sorted ids; a table of the page holds their positions."""

    weeks: pd.Index
    sites: pd.Index
    skus: pd.Index
    items: pd.Index
    """item_type and item_id joined: a recipe and a product may share an id."""
    days: pd.DatetimeIndex

    def of(self, frame: pd.DataFrame, **columns: str) -> dict[str, NDArray[Any]]:
        """Positions of the named columns, such as week="menu_week"."""
        axis = {"week": self.weeks, "site": self.sites, "sku": self.skus, "day": self.days}
        return {name: axis[name].get_indexer(frame[column]) for name, column in columns.items()}


def axes_of(contents: Contents) -> Axes:
    """The axes of a publication."""
    tables = contents.tables
    kits, load = tables["recipe_site_forecast"], tables["site_load"]
    need = tables["site_forecast"]
    days = [need["need_date"], load["production_date"], kits["delivery_date"],
            tables["unallocated"]["delivery_date"]]  # fmt: skip
    sites = pd.concat([need["site_id"], load["site_id"], kits["site_id"]])
    return Axes(
        pd.Index(contents.plan.menu_weeks), pd.Index(sorted(sites.unique())),
        pd.Index(sorted(tables["weekly_need"]["sku_id"].unique())),
        pd.Index(sorted(item_keys(kits).unique())),
        pd.DatetimeIndex(sorted(pd.concat(days).unique())),
    )  # fmt: skip


def item_keys(frame: pd.DataFrame) -> "pd.Series[str]":
    """item_type/item_id of each row."""
    return frame["item_type"] + "/" + frame["item_id"]


def for_people(qty: "pd.Series[float]", uom: "pd.Series[str]") -> NDArray[np.float64]:
    """Quantities in human_unit(), rounded as people read them: words.human_quantity(), at once."""
    large = uom.isin(_LARGE_UNITS).to_numpy()
    values = qty.to_numpy(dtype=np.float64) / np.where(large, 1000.0, 1.0)
    size = np.abs(values)
    places = np.where(~large | (size >= 100), 1.0, np.where(size >= 10, 10.0, 100.0))
    rounded: NDArray[np.float64] = np.rint(values * places) / places
    return rounded


def units(uom: "pd.Series[str]") -> list[str]:
    """The units of for_people()."""
    return [human_unit(unit) for unit in uom]
