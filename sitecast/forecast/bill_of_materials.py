"""What one kit, piece or box needs of each SKU, on a given production date."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from sitecast.errors import Breach, DataError
from sitecast.records.week_record import WeekData


@dataclass(frozen=True)
class BillOfMaterials:
    """Bills of a week over one item axis: kits and products, then packs of boxes."""

    week: WeekData
    items: pd.DataFrame
    """item_type (recipe, product or box), item_id (number of kits for a box), portions."""
    skus: pd.DataFrame
    """The SKU axis: skus of the week, sorted by sku_id."""
    _known: dict[pd.Timestamp, Any] = field(default_factory=dict, repr=False)

    def matrix(self, production_date: pd.Timestamp) -> Any:
        """(skus, items) sparse quantity per kit, piece or box, before yield and wastage."""
        if production_date not in self._known:
            self._known[production_date] = self._matrix(production_date)
        return self._known[production_date]

    def _matrix(self, production_date: pd.Timestamp) -> Any:
        bill = pd.concat([
            valid_recipe_bom(self.week, production_date).assign(item_type="recipe"),
            self.week["product_bom"].assign(item_type="product", portions=0).rename(
                columns={"product_id": "item_id"}),
            self._packaging(),
        ], ignore_index=True)  # fmt: skip
        axis = pd.MultiIndex.from_frame(self.items[["item_type", "item_id", "portions"]])
        item = axis.get_indexer(pd.MultiIndex.from_frame(bill[axis.names]))
        sku = pd.Index(self.skus["sku_id"]).get_indexer(bill["sku_id"])
        used = item >= 0
        shape = (len(self.skus), len(self.items))
        qty = bill["qty"].to_numpy(dtype=np.float64)[used]
        return sparse.csr_array((qty, (sku[used], item[used])), shape=shape)

    def need(self, kits: NDArray[np.int64], production_date: pd.Timestamp) -> NDArray[np.float64]:
        """Turn kits, pieces and boxes into what must be bought for them.

        Args:
            kits: (items, draws) at least 0.
            production_date: decides which rows of recipe_bom hold.
        Returns:
            (skus, draws) kits × BOM ÷ yield_rate × (1 + wastage_rate), in base_uom.
        Raises:
            DataError: something is made that has no bill of materials on that date.
        Source:
            Bill-of-materials explosion; Snyder & Shen (2019). Rule R5. Every step is monotone in
            floating point too, so that a part never needs more than the whole.
        """
        matrix = self.matrix(production_date)
        self._require_bills(kits, matrix, production_date)
        used = matrix @ kits.astype(np.float64)
        received = used / self.skus["yield_rate"].to_numpy()[:, None]
        return received * (1.0 + self.skus["wastage_rate"].to_numpy()[:, None])

    def _packaging(self) -> pd.DataFrame:
        packs = self.items[self.items["item_type"] == "box"]
        rules = self.week["packaging_rules"].rename(columns={"portions": "only"})
        fits = packs.assign(n_kits=packs["item_id"].astype("int64")).merge(rules, how="cross")
        inside = fits["n_kits"].between(fits["min_kits"], fits["max_kits"])
        any_size = fits["only"].isna() | (fits["only"] == fits["portions"])
        return fits[inside & any_size.astype(bool)][[*self.items.columns, "sku_id", "qty"]]

    def _require_bills(self, kits: NDArray[np.int64], matrix: Any, date: pd.Timestamp) -> None:
        made = kits.any(axis=1) & (self.items["item_type"] != "box").to_numpy()
        billed = np.zeros(len(self.items), dtype=bool)
        billed[matrix.indices] = True
        without = self.items[made & ~billed]
        if without.empty:
            return
        breaches = [
            Breach(f"{row.item_type}_bom", f"{row.item_type}_id",
                   f"{row.item_type}_id={row.item_id}"
                   + f", portions={row.portions}" * (row.item_type == "recipe"), "",
                   f"no line holds on the production date {date:%Y-%m-%d}",
                   "add what it needs, valid on that date")
            for row in without.itertuples()
        ]  # fmt: skip
        raise DataError("items without a bill of materials", {"menu_week": self.week.menu_week},
                        "see the list", breaches)  # fmt: skip


def bill_of_materials(week: WeekData, items: pd.DataFrame) -> BillOfMaterials:
    """The bills of a week for the given items (item_type, item_id, portions)."""
    skus = week["skus"].sort_values("sku_id", ignore_index=True)
    return BillOfMaterials(week, items.reset_index(drop=True), skus)


def valid_recipe_bom(week: WeekData, production_date: pd.Timestamp) -> pd.DataFrame:
    """item_id, portions, sku_id, qty that hold on a date; of several rows the newest holds."""
    bom = week["recipe_bom"]
    late, early = bom["valid_to"] < production_date, bom["valid_from"] > production_date
    rows = bom[~late & ~early].sort_values("valid_from", na_position="first", kind="stable")
    rows = rows.drop_duplicates(["recipe_id", "portions", "sku_id"], keep="last")
    columns = ["item_id", "portions", "sku_id", "qty"]
    return rows.rename(columns={"recipe_id": "item_id"})[columns]
