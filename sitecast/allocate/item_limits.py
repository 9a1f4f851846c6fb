"""Caps on the kits of an item at a site: from the table item_sites to rows of a network."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sitecast.allocate.mixed_caps import ItemCaps, item_caps
from sitecast.allocate.network import Network
from sitecast.allocate.site_days import SiteDays
from sitecast.records.week_axes import WeekAxes
from sitecast.records.week_record import WeekData


@dataclass(frozen=True)
class ItemLimits:
    """A row for each (item, site) with a cap. A cap holds for all days of the menu week together.

    A kit counts once, whatever its portions size.
    """

    table: pd.DataFrame
    """item_type, item_id, site_id, cap_kits; site (position), item (number of a capped item)."""
    number: NDArray[np.int64]
    """(items,) number of the capped item at each position of the item axis, -1 for none."""
    lane_site: NDArray[np.int64]
    """(lanes,) position of the site."""

    @property
    def caps(self) -> NDArray[np.int64]:
        """(rows,) kits."""
        return self.table["cap_kits"].to_numpy(dtype=np.int64)

    @property
    def sites(self) -> NDArray[np.int64]:
        """(rows,) position of the site."""
        return self.table["site"].to_numpy(dtype=np.int64)

    @property
    def items(self) -> NDArray[np.int64]:
        """(rows,) number of the capped item."""
        return self.table["item"].to_numpy(dtype=np.int64)

    def load(self, kits: NDArray[np.int32]) -> NDArray[np.int64]:
        """(…, rows) kits under each cap, from (…, lanes, items) kits."""
        found = np.zeros((*kits.shape[:-2], len(self.table)), dtype=np.int64)
        for row, (site, item) in enumerate(zip(self.sites, self.items, strict=True)):
            at_site = kits[..., self.lane_site == site, :].sum(axis=-2, dtype=np.int64)
            found[..., row] = at_site[..., self.number == item].sum(axis=-1)
        return found

    def of_network(self, net: Network, days: SiteDays, held: NDArray[np.int64]) -> ItemCaps:
        """The caps for classes that hold (classes, capped items) kits."""
        of_day = np.append(days.table["site"].to_numpy(dtype=np.int64), -1)
        return item_caps(net, held, self.items, self.sites[:, None] == of_day, self.caps)


def item_limits(week: WeekData, axes: WeekAxes) -> ItemLimits:
    """The caps of `item_sites.cap_kits` on items and sites that the week uses."""
    made = week["item_sites"]
    made = made[made["cap_kits"].notna() & (made["menu_week"] == week.menu_week)]
    table = made[["item_type", "item_id", "site_id", "cap_kits"]].astype({"cap_kits": "int64"})
    table = table.assign(site=axes.sites.get_indexer(table["site_id"].astype(object)))
    lane_site = axes.lanes["site"].to_numpy(dtype=np.int64)
    known = pd.MultiIndex.from_frame(axes.items()[["item_type", "item_id"]].astype(object))
    mine = pd.MultiIndex.from_frame(table[["item_type", "item_id"]].astype(object))
    table = table[mine.isin(known) & table["site"].isin(lane_site)]
    table = table.sort_values(["item_type", "item_id", "site"], ignore_index=True)
    mine = pd.MultiIndex.from_frame(table[["item_type", "item_id"]].astype(object))
    capped = mine.unique()
    return ItemLimits(table.assign(item=capped.get_indexer(mine)),
                      capped.get_indexer(known).astype(np.int64), lane_site)  # fmt: skip
