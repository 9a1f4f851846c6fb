"""Caps on what items take at a site: from the input tables to rows of a network."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sitecast.allocate.item_units import ROUNDING, UNITS_OF_SKU, Resource, units_of
from sitecast.allocate.mixed_caps import ItemCaps, item_caps
from sitecast.allocate.network import Network
from sitecast.allocate.site_days import SiteDays
from sitecast.errors import ConservationError
from sitecast.records.contract import MAX_COUNT
from sitecast.records.week_axes import WeekAxes
from sitecast.records.week_record import WeekData


class CapBroken(ConservationError):
    """A draw has more of an item than a cap allows: it was solved as if there were none."""


@dataclass(frozen=True)
class ItemLimits:
    """A row for each cap at a site. A cap holds for all days of the menu week together.

    What it limits is a *resource*: kits of a recipe (a kit counts once, whatever its portions
    size), pieces of a product, portions of a line, or a SKU.
    """

    table: pd.DataFrame
    """item_type, item_id, site_id, cap (units), uom, scale (units in one uom); site (position),
    item (row of `units`)."""
    units: NDArray[np.int64]
    """(resources, items) whole units that one piece at each position of the item axis takes."""
    lane_site: NDArray[np.int64]
    """(lanes,) position of the site."""

    @property
    def caps(self) -> NDArray[np.int64]:
        """(rows,) units."""
        return self.table["cap"].to_numpy(dtype=np.int64)

    @property
    def sites(self) -> NDArray[np.int64]:
        """(rows,) position of the site."""
        return self.table["site"].to_numpy(dtype=np.int64)

    @property
    def items(self) -> NDArray[np.int64]:
        """(rows,) the resource."""
        return self.table["item"].to_numpy(dtype=np.int64)

    @property
    def scale(self) -> NDArray[np.int64]:
        """(rows,) units in one unit of measure."""
        return self.table["scale"].to_numpy(dtype=np.int64)

    @property
    def per(self) -> NDArray[np.int64]:
        """(rows,) units of the smallest piece that takes any."""
        some = np.where(self.units > 0, self.units, np.iinfo(np.int64).max)
        return some.min(axis=1, initial=np.iinfo(np.int64).max)[self.items]

    def load(self, kits: NDArray[np.int32]) -> NDArray[np.int64]:
        """(…, rows) units under each cap, from (…, lanes, items) kits."""
        found = np.zeros((*kits.shape[:-2], len(self.table)), dtype=np.int64)
        for row, (site, item) in enumerate(zip(self.sites, self.items, strict=True)):
            taken = np.flatnonzero(self.units[item])
            at_site = kits[..., self.lane_site == site, :].sum(axis=-2, dtype=np.int64)
            found[..., row] = at_site[..., taken] @ self.units[item, taken]
        return found

    def require(self, final: NDArray[np.int64], kits: NDArray[np.int32]) -> None:
        """Raise CapBroken where (lanes, items) kits break a cap beyond (rows,) `final` units."""
        if (self.load(kits) > np.maximum(self.caps, final)).any():
            raise CapBroken("a draw has more of an item than its cap allows")

    def of_network(self, net: Network, days: SiteDays, held: NDArray[np.int64]) -> ItemCaps:
        """The caps for classes that hold (classes, resources) units."""
        of_day = np.append(days.table["site"].to_numpy(dtype=np.int64), -1)
        return item_caps(net, held, self.items, self.sites[:, None] == of_day, self.caps, self.per)


def item_limits(week: WeekData, axes: WeekAxes) -> ItemLimits:
    """The caps of `item_sites.cap_kits` and `resource_caps` on items and sites of the week."""
    table = pd.concat([_kit_caps(week), _resource_caps(week)], ignore_index=True)
    table["site"] = axes.sites.get_indexer(table["site_id"].astype(object))
    lane_site = axes.lanes["site"].to_numpy(dtype=np.int64)
    table = table[table["site"].isin(lane_site)]
    table = table.sort_values(["item_type", "item_id", "site"], ignore_index=True)
    # A line is another one at every site; what else has a cap is the same at all of them.
    place = table["site_id"].where(table["item_type"] == "line", "")
    named = zip(table["item_type"], table["item_id"], place, strict=True)
    each = [Resource(*names) for names in named]
    units = {resource: units_of(resource, week, axes) for resource in dict.fromkeys(each)}
    used = [resource for resource, taken in units.items() if taken.any()]
    number = np.array([used.index(one) if one in used else -1 for one in each], dtype=np.int64)
    stacked = np.array([units[one] for one in used], np.int64).reshape(len(used), axes.n_items)
    rows = table.assign(item=number)[number >= 0].reset_index(drop=True)
    return ItemLimits(rows, stacked, lane_site)


def _kit_caps(week: WeekData) -> pd.DataFrame:
    made = week["item_sites"]
    made = made[made["cap_kits"].notna() & (made["menu_week"] == week.menu_week)]
    table = made[["item_type", "item_id", "site_id"]].astype(object)
    return table.assign(cap=made["cap_kits"].astype("int64"), uom="kits", scale=1)


def _resource_caps(week: WeekData) -> pd.DataFrame:
    caps = week["resource_caps"]
    caps = caps[caps["menu_week"] == week.menu_week]
    table = caps[["resource_type", "resource_id", "site_id"]].astype(object)
    table.columns = pd.Index(["item_type", "item_id", "site_id"])
    uom = week["skus"].set_index("sku_id")["base_uom"].astype(object).to_dict()
    is_sku = (table["item_type"] == "sku").to_numpy(dtype=bool)
    scale = np.where(is_sku, UNITS_OF_SKU, 1)
    units = np.floor(caps["cap"].to_numpy(dtype=np.float64) * scale + ROUNDING)
    units = np.minimum(units, MAX_COUNT)  # a cap that large is written for "no cap"
    names = [uom.get(name, "") if sku else "portions"
             for name, sku in zip(table["item_id"], is_sku, strict=True)]  # fmt: skip
    return table.assign(cap=units.astype(np.int64), uom=names, scale=scale)
