"""Which stage an error comes from: actuals swapped into a forecast, one stage at a time.

Volume, share, allocation, bills of materials, in this order: what the error loses with a swap is
that stage's part, so the parts add up to the error exactly (R11). Means only; nothing is simulated.
"""

import numpy as np
import pandas as pd

from sitecast.evaluate.delivered import CELL, ITEM, Bills, Delivered, cells_of
from sitecast.records.week_record import SimulatedOrders, SiteForecast, WeekData

_REGION = ["region_id", "site_id"]


def boxes_by_region(simulated: SimulatedOrders) -> "pd.Series[float]":
    """Mean boxes of each region, placed ones included."""
    cells, drawn = simulated["cells"], simulated["cell_boxes"]
    draws = len(simulated["draw_digests"])
    mean = np.bincount(drawn["cell_id"], drawn["boxes"], len(cells)) / max(draws, 1)
    total = pd.Series(mean + cells["placed_boxes"].to_numpy(np.float64))
    return total.groupby(cells["region_id"].astype(object).to_numpy()).sum()


def swapped_cells(
    week: WeekData, forecast: SiteForecast, regions: "pd.Series[float] | None", done: Delivered
) -> list[pd.DataFrame]:
    """The forecast's cells after each swap but the last, which makes it the actual.

    Args:
        week: extracted_data of the forecast; its bills of materials are the plan's.
        forecast: site_forecast of the week.
        regions: boxes_by_region() of it; where it is lost, all regions count as one.
        done: what was delivered in the week.
    Returns:
        The columns of CELL and qty: with the actual volumes by region, then with the actual kits
        per box too, then with the actual site of every kit. Sites keep the regions and items keep
        the sites that the forecast had, as long as the allocation is not swapped.
    """
    menu_week, bills = forecast.menu_week, Bills.planned(week)
    load, kits = _load(forecast), _kits(forecast)
    growth = _growth(forecast, regions, done, load)
    load = load.assign(qty=load["qty"] * load["site_id"].map(growth))
    kits = kits.assign(qty=kits["qty"] * kits["site_id"].map(growth))
    shared = _shared(kits, load, done)
    states = [(load, kits), (load, shared), (done.boxes, done.made)]
    named = [(boxes.assign(menu_week=menu_week), made.assign(menu_week=menu_week))
             for boxes, made in states]  # fmt: skip
    return [cells_of(boxes, made, bills)[[*CELL, "qty"]] for boxes, made in named]


def _load(forecast: SiteForecast) -> pd.DataFrame:
    load = forecast["site_load"].astype({"site_id": object})
    mean = load.groupby("site_id", as_index=False)["boxes_mean"].sum()
    return mean.rename(columns={"boxes_mean": "qty"})


def _kits(forecast: SiteForecast) -> pd.DataFrame:
    kits = forecast["recipe_site_forecast"].rename(columns={"kits_mean": "qty"})
    texts = {"site_id": object, "item_type": object, "item_id": object, "portions": np.int64}
    return kits[["site_id", "delivery_date", *ITEM, "qty"]].astype(texts)


def _growth(
    forecast: SiteForecast, regions: "pd.Series[float] | None", done: Delivered, load: pd.DataFrame
) -> "pd.Series[float]":
    """By site, actual boxes of the regions that it serves ÷ those forecast.

    How far it serves a region is as in draw 0, box by box.
    """
    actual = done.boxes.groupby("region_id")["qty"].sum().astype(np.float64)
    if regions is None:
        ratio = float(actual.sum()) / max(float(load["qty"].sum()), 1e-9)
        return pd.Series(ratio, index=load["site_id"])
    boxes = forecast["allocations"][_REGION].astype(object)
    served = pd.crosstab(boxes["site_id"], boxes["region_id"])
    share = served / boxes.groupby("region_id").size().reindex(served.columns)
    then = share @ actual.reindex(served.columns, fill_value=0.0)
    told = share @ regions.reindex(served.columns, fill_value=0.0)
    whole = float(actual.sum()) / max(float(regions.sum()), 1e-9)
    return (then / told.where(told > 0)).reindex(load["site_id"]).fillna(whole)


def _shared(kits: pd.DataFrame, load: pd.DataFrame, done: Delivered) -> pd.DataFrame:
    """The kits with as many of each item per box as there were; what was not forecast is spread."""
    boxes = float(load["qty"].sum()) / max(float(done.boxes["qty"].sum()), 1e-9)
    wanted = done.made.groupby(ITEM)["qty"].sum().astype(np.float64) * boxes
    known = kits.groupby(ITEM)["qty"].transform("sum")
    told = pd.MultiIndex.from_frame(kits[ITEM])
    factor = wanted.reindex(told).fillna(0.0).to_numpy() / known.where(known > 0)
    kept = kits.assign(qty=(kits["qty"] * factor).fillna(0.0))
    new = done.made[~pd.MultiIndex.from_frame(done.made[ITEM]).isin(told[known > 0])]
    spread = new.drop(columns="site_id").merge(
        load.assign(part=load["qty"] / max(float(load["qty"].sum()), 1e-9))[["site_id", "part"]],
        how="cross",
    )  # fmt: skip
    spread = spread.assign(qty=spread["qty"] * spread["part"] * boxes)
    return pd.concat([kept, spread[kept.columns]], ignore_index=True).groupby(
        ["site_id", "delivery_date", *ITEM], as_index=False
    )["qty"].sum()  # fmt: skip
