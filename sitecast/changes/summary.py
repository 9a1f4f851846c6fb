"""What changed in money, by site and cause: for the page, the workbook and the email."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from sitecast.records.contract import TEXT
from sitecast.records.tables_changes import CAUSES

TOP_SKUS = 3


def summarise_changes(
    changes: pd.DataFrame, unit_cost: Mapping[str, float], most: int = TOP_SKUS
) -> pd.DataFrame:
    """Money up and down per site and cause.

    Days of a SKU are added up first: what only moves from one day to another costs nothing.

    Args:
        changes: rows of forecast_changes, of any weeks and sites.
        unit_cost: minor units of one base_uom by sku_id; 0 where it is not known.
        most: SKUs to name.
    Returns:
        site_id, cause, value_up (≥ 0), value_down (≤ 0), delta_value (value_up + value_down), all
        whole minor units, and top_skus: a tuple of sku_ids, the largest change of money first.
        Sites by name, causes in the order in which they are swapped; no row where nothing changed.
    """
    by_sku = changes.groupby(["site_id", "cause", "sku_id"], as_index=False)["delta"].sum()
    cost = by_sku["sku_id"].map(unit_cost).fillna(0.0).to_numpy(np.float64)
    value = by_sku["delta"].to_numpy(np.float64) * cost
    by_sku = by_sku.assign(
        up=value.clip(min=0), down=value.clip(max=0), size=-np.abs(value),
        place=pd.Categorical(by_sku["cause"], CAUSES).codes,
    )  # fmt: skip
    groups = by_sku.sort_values(["site_id", "place", "size", "sku_id"]).groupby(
        ["site_id", "place"], sort=True
    )
    sums = groups[["up", "down"]].sum().round().astype(np.int64)
    names = [tuple(str(sku) for sku in skus.head(most)) for _, skus in groups["sku_id"]]
    sites, places = (sums.index.get_level_values(level) for level in (0, 1))
    return pd.DataFrame({
        "site_id": sites.to_numpy(),
        "cause": [CAUSES[place] for place in places],
        "value_up": sums["up"].to_numpy(),
        "value_down": sums["down"].to_numpy(),
        "delta_value": (sums["up"] + sums["down"]).to_numpy(),
        "top_skus": pd.Series(names, dtype=object),
    }).astype({"site_id": TEXT, "cause": TEXT})  # fmt: skip
