"""Caps of lines and SKUs, checked on finished tables by other means than kept them."""

from collections.abc import Iterator

import pandas as pd

from sitecast.forecast.bill_of_materials import valid_recipe_bom
from sitecast.records.week_record import SiteForecast, WeekData

TOLERANCE = 1e-6
RESOURCE = ["site_id", "resource_type", "resource_id"]


def resource_breaches(week: WeekData, forecast: SiteForecast) -> Iterator[str]:
    """What some draw takes beyond a cap of resource_caps, final boxes aside (R3)."""
    caps = week["resource_caps"]
    caps = caps[caps["menu_week"] == week.menu_week]
    if caps.empty:
        return
    pieces = forecast["site_forecast_draws"]
    pieces = pieces[pieces["item_type"] != "box"]
    taken = pd.concat([_of_lines(week, pieces), _of_skus(week, pieces, caps["resource_id"])])
    most = taken.groupby(["draw", *RESOURCE])["qty"].sum().groupby(RESOURCE).max()
    found = caps.merge(most.reset_index(), on=RESOURCE)
    frozen = forecast["resource_load"][[*RESOURCE, "over_cap_frozen"]]
    found = found.merge(frozen, on=RESOURCE, how="left")
    allowed = (found["cap"] + found["over_cap_frozen"].fillna(0)) * (1 + TOLERANCE) + TOLERANCE
    for row in found[found["qty"] > allowed].itertuples():
        yield f"{row.qty:g} of {row.resource_type} {row.resource_id} at {row.site_id} in the " \
              f"week, cap {row.cap:g}"  # fmt: skip


def _of_lines(week: WeekData, pieces: pd.DataFrame) -> pd.DataFrame:
    made = week["item_sites"].dropna(subset=["line_id"])
    made = made.rename(columns={"line_id": "resource_id"}).assign(resource_type="line")
    on = ["item_type", "item_id", "site_id"]
    rows = pieces.merge(made[[*on, "resource_type", "resource_id"]], on=on)
    return rows.assign(qty=rows["kits"] * rows["portions"].clip(lower=1))[
        ["draw", *RESOURCE, "qty"]
    ]


def _of_skus(week: WeekData, pieces: pd.DataFrame, capped: pd.Series) -> pd.DataFrame:
    skus = week["skus"]
    skus = skus[skus["sku_id"].isin(capped)]
    factor = ((1 + skus["wastage_rate"]) / skus["yield_rate"]).set_axis(skus["sku_id"])
    products = week["product_bom"].rename(columns={"product_id": "item_id"})
    parts = []
    for date, rows in pieces.groupby("production_date"):
        bills = [valid_recipe_bom(week, date).assign(item_type="recipe"),
                 products.assign(item_type="product", portions=0)]  # fmt: skip
        keys = ["item_type", "item_id", "portions"]
        bom = pd.concat([bill[[*keys, "sku_id", "qty"]] for bill in bills])
        used = rows.merge(bom[bom["sku_id"].isin(factor.index)], on=keys)
        qty = used["kits"] * used["qty"] * factor.reindex(used["sku_id"]).to_numpy()
        parts.append(used.assign(qty=qty, resource_type="sku", resource_id=used["sku_id"]))
    columns = ["draw", *RESOURCE, "qty"]
    return pd.concat([pd.DataFrame(columns=columns), *(part[columns] for part in parts)])
