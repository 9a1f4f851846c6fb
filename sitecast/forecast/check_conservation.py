"""The conservation rules, recomputed from finished tables by other means than made them."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from sitecast.forecast.bill_of_materials import valid_recipe_bom
from sitecast.forecast.check_resources import resource_breaches
from sitecast.records.allocation import ConservationCheck
from sitecast.records.contract import TEXT
from sitecast.records.week_axes import week_axes
from sitecast.records.week_record import SimulatedOrders, SiteForecast, WeekData

TOLERANCE = 1e-9
SITE_DAY = ["site_id", "production_date"]
ITEM = ["item_type", "item_id", "portions"]


def check_conservation(
    week: WeekData, simulated: SimulatedOrders, forecast: SiteForecast
) -> list[ConservationCheck]:
    """Check R1 to R5 on a finished week.

    Args:
        week: extracted_data.
        simulated: simulated_orders.
        forecast: site_forecast made from both.
    Returns:
        One check per rule; `detail` tells what was compared, or the worst breach.
    """
    totals = _over_draws(forecast["site_forecast_draws"])
    n_draws = forecast["load_draws"]["draw"].nunique()
    return [
        _check("placed boxes stand", "R1", _placed_boxes(week, simulated, forecast)),
        _check("boxes are where they can be made", "R2", _eligible(week, simulated, forecast)),
        _check("load within caps", "R3", _caps(forecast)),
        _check("kits within the caps of items", "R3", _item_caps(week, forecast)),
        _check("lines and SKUs within their caps", "R3", resource_breaches(week, forecast)),
        _check("no box is lost", "R4", _boxes(simulated, forecast)),
        _check("quantities are kits × BOM", "R5", _quantities(week, forecast, totals, n_draws)),
        _check("committed is part of every draw", "R5", _committed(forecast, totals, n_draws)),
    ]


def _over_draws(draws: pd.DataFrame) -> pd.DataFrame:
    """kits_sum, kits_min and kits_count of every item at every site, production and delivery date.

    Texts are grouped by their numbers in a dictionary: there are millions of rows.
    """
    table = pa.Table.from_pandas(draws, preserve_index=False)
    texts = [name for name in draws if draws[name].dtype == TEXT]
    for name in texts:
        numbered = table[name].dictionary_encode()
        table = table.set_column(table.column_names.index(name), name, numbered)
    totals = (
        table.group_by([*SITE_DAY, "delivery_date", *ITEM])
        .aggregate([("kits", "sum"), ("kits", "min"), ("kits", "count")])
        .to_pandas()
    )
    return totals.astype(dict.fromkeys(texts, TEXT))


def _check(name: str, rule: str, breaches: Iterator[str]) -> ConservationCheck:
    found = list(breaches)
    return ConservationCheck(name, rule, not found, "; ".join(found) or "holds")


def _placed_boxes(
    week: WeekData, simulated: SimulatedOrders, forecast: SiteForecast
) -> Iterator[str]:
    book = week["orders"]
    wanted = book.loc[book["state"] != "cancelled", "order_id"]
    for name, boxes in (("orders", simulated["orders"]), ("allocations", forecast["allocations"])):
        placed = boxes.loc[~boxes["is_simulated"], "box_id"]
        wrong = sorted(set(wanted.tolist()) ^ set(placed.tolist()))
        wrong += sorted(placed[placed.duplicated()])
        if wrong:
            yield f"{len(wrong)} placed boxes differ in {name}, such as {wrong[0]}"


def _eligible(week: WeekData, simulated: SimulatedOrders, forecast: SiteForecast) -> Iterator[str]:
    axes, boxes = week_axes(week), forecast["allocations"]
    boxes = boxes[boxes["site_id"].notna()]
    class_of = simulated["orders"].set_index("box_id")["class_id"]
    classes = simulated["classes"].set_index("class_id")
    sets = classes["site_set"].loc[class_of.loc[boxes["box_id"]]].to_numpy()
    site = axes.sites.get_indexer(boxes["site_id"])
    lane = axes.lane[axes.days.get_indexer(boxes["delivery_date"]),
                     axes.regions.get_indexer(boxes["region_id"]), site]  # fmt: skip
    dates = pd.Series([*axes.lanes["production_date"], pd.NaT])[lane % (len(axes.lanes) + 1)]
    wrong = (sets >> site & 1 == 0) | (dates.to_numpy() != boxes["production_date"].to_numpy())
    if wrong.any():
        yield f"{wrong.sum()} boxes, such as {boxes['box_id'][wrong].iloc[0]}"


def _caps(forecast: SiteForecast) -> Iterator[str]:
    load = forecast["load_draws"].groupby(SITE_DAY, as_index=False)["boxes"].max()
    caps = load.merge(forecast["site_load"], on=SITE_DAY, how="left", validate="1:1")
    for row in _over_cap(caps):
        yield f"{row.boxes} boxes at {row.site_id} on {row.production_date:%Y-%m-%d}, " \
              f"cap {row.cap_boxes}"  # fmt: skip
    weekly = forecast["load_draws"].groupby(["draw", "site_id"])["boxes"].sum()
    load = weekly.groupby("site_id").max().reset_index()
    for row in _over_cap(load.merge(forecast["site_week_load"], on="site_id", validate="1:1")):
        yield f"{row.boxes} boxes at {row.site_id} in the week, cap {row.cap_boxes}"


def _item_caps(week: WeekData, forecast: SiteForecast) -> Iterator[str]:
    key = ["item_type", "item_id", "site_id"]
    caps = week["item_sites"].loc[lambda made: made["cap_kits"].notna(), [*key, "cap_kits"]]
    if caps.empty:
        return
    draws = forecast["site_forecast_draws"]
    some = draws[draws["item_id"].isin(caps["item_id"])]
    kits = some.groupby(["draw", *key])["kits"].sum().groupby(key).max().reset_index()
    found = kits.merge(caps, on=key, validate="1:1")
    found = found.merge(forecast["item_load"][[*key, "over_cap_frozen"]], on=key, how="left")
    most = found["cap_kits"] + found["over_cap_frozen"].fillna(0)
    for row in found[(found["kits"] > most).astype(bool)].itertuples():
        yield f"{row.kits} kits of {row.item_id} at {row.site_id} in the week, cap {row.cap_kits}"


def _over_cap(load: pd.DataFrame) -> Iterator[Any]:
    """Rows above their cap by more than the boxes whose site was final."""
    most = load["cap_boxes"] + load["over_cap_frozen"]
    return load[(load["boxes"] > most).fillna(False)].itertuples()


def _boxes(simulated: SimulatedOrders, forecast: SiteForecast) -> Iterator[str]:
    load, left = (forecast[name].groupby("draw")["boxes"].sum()
                  for name in ("load_draws", "unallocated_draws"))  # fmt: skip
    made = simulated["class_boxes"].groupby("draw")["boxes"].sum()
    placed = (~simulated["orders"]["is_simulated"]).sum()
    wanted = made.reindex(left.index, fill_value=0) + placed
    if not wanted.equals(found := load.reindex(left.index, fill_value=0) + left):
        draw = (wanted - found).abs().idxmax()
        yield f"draw {draw}: {found[draw]} boxes at sites and unallocated, not {wanted[draw]}"
    draws = forecast["site_forecast_draws"]
    packed = draws[draws["item_type"] == "box"].groupby("draw")["kits"].sum()
    if not (packed.reindex(load.index, fill_value=0) == load).all():
        yield "packed boxes differ from the load"


def _quantities(
    week: WeekData, forecast: SiteForecast, totals: pd.DataFrame, n_draws: int
) -> Iterator[str]:
    days = totals.groupby("production_date")
    parts = [_with_bom(week, of_day, date) for date, of_day in days]
    need = pd.concat([_with_bom(week, totals.iloc[:0], pd.Timestamp(0)), *parts])
    skus = week["skus"].set_index("sku_id").loc[need["sku_id"]]
    factor = (1 + skus["wastage_rate"].to_numpy()) / skus["yield_rate"].to_numpy()
    need = need.assign(mean=need["kits_sum"] * need["qty"] * factor / n_draws)
    expected = need.rename(columns={"production_date": "need_date"})
    expected = expected.groupby(["site_id", "need_date", "sku_id"])["mean"].sum()
    found = forecast["site_forecast"].set_index(["site_id", "need_date", "sku_id"])["qty_mean"]
    both = pd.concat([expected, found], axis=1).fillna(0.0)
    wrong = ~np.isclose(both["mean"], both["qty_mean"], rtol=TOLERANCE, atol=TOLERANCE)
    if wrong.any():
        site, date, sku = both.index[wrong][0]
        yield f"{wrong.sum()} rows, such as {sku} at {site} on {date:%Y-%m-%d}"


def _with_bom(week: WeekData, kits: pd.DataFrame, date: pd.Timestamp) -> pd.DataFrame:
    recipes = kits[kits["item_type"] == "recipe"].merge(
        valid_recipe_bom(week, date), on=["item_id", "portions"]
    )
    products = kits[kits["item_type"] == "product"].merge(
        week["product_bom"], left_on="item_id", right_on="product_id"
    )
    boxes = kits[kits["item_type"] == "box"].merge(
        week["packaging_rules"], how="cross", suffixes=("", "_only")
    )
    n_kits = boxes["item_id"].astype("int64")
    fits = (n_kits >= boxes["min_kits"]) & (n_kits <= boxes["max_kits"])
    only = boxes["portions_only"]
    boxes = boxes[fits & (only.isna() | (only == boxes["portions"])).astype(bool)]
    columns = ["site_id", "production_date", "sku_id", "kits_sum", "qty"]
    return pd.concat([part[columns] for part in (recipes, products, boxes)])


def _committed(forecast: SiteForecast, totals: pd.DataFrame, n_draws: int) -> Iterator[str]:
    # An item missing from one draw is not in every draw: its least count is 0.
    least = totals.assign(least=totals["kits_min"].where(totals["kits_count"] == n_draws, 0))
    key = ["site_id", "delivery_date", *ITEM]
    least = least.groupby(key)["least"].sum()
    committed = forecast["recipe_site_forecast"].set_index(key)["kits_committed"]
    over = committed > least.reindex(committed.index, fill_value=0)
    if over.any():
        yield f"{over.sum()} items of recipe_site_forecast, such as {over.index[over][0]}"
    need = forecast["site_forecast"]
    if not (need["qty_committed"] <= need["qty_p10"]).all():
        yield "quantities of site_forecast exceed their 10 % quantile"
