"""Exceptions about recipes whose kits the last published plan did not expect."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from sitecast.publish.contents import Contents
from sitecast.publish.findings import Finding, next_day
from sitecast.records.quantiles import draw_quantile
from sitecast.records.tables_exceptions import SHARE_OUTSIDE_INTERVAL
from sitecast.records.week_record import SiteForecast, WeekData

_CELL = ["site_id", "item_id"]


def share_findings(contents: Contents, previous: Mapping[str, SiteForecast]) -> Iterator[Finding]:
    """Recipes whose kits at a site in a week lie far outside the last plan's p10–p90 interval.

    The interval is that of the whole week's kits, summed draw by draw (R6). Valued at what the
    ingredients of the kits outside of it cost.

    Args:
        contents: with the inputs of every week.
        previous: menu week → the forecast that was published last, where there is one.
    """
    settings = contents.plan.settings.exceptions
    now = contents.tables["recipe_site_forecast"]
    now = now[now["item_type"] == "recipe"]
    for week, last in previous.items():
        kits = now[now["menu_week"] == week]
        cells = weekly_interval(last).join(kits.groupby(_CELL)["kits_mean"].sum(), how="outer")
        cells = cells.fillna(0.0)
        outside = np.maximum(cells["low"] - cells["kits_mean"], cells["kits_mean"] - cells["high"])
        far = settings.outside_interval * (cells["high"] - cells["low"])
        told = (outside > 0) & (outside >= far) & (outside >= settings.outside_kits)
        for row in cells.assign(outside=outside)[told].reset_index().itertuples():
            yield _finding(contents, contents.inputs[week], kits, row)


def weekly_interval(forecast: SiteForecast) -> pd.DataFrame:
    """p10 (low) and p90 (high) of each recipe's kits at each site in the whole week.

    Returns:
        By site_id and item_id.
    """
    draws = forecast["site_forecast_draws"]
    n_draws = forecast["load_draws"]["draw"].nunique()
    kind, kinds = _numbered(draws["item_type"])
    mine = np.isin(kind, np.flatnonzero(kinds == "recipe"))
    site, sites = _numbered(draws["site_id"])
    item, items = _numbered(draws["item_id"])
    cell = ((site * len(items) + item) * n_draws + draws["draw"].to_numpy())[mine]
    size = len(sites) * len(items) * n_draws
    kits = np.bincount(cell, draws["kits"].to_numpy()[mine], size).reshape(-1, max(n_draws, 1))
    ordered = np.sort(kits, axis=1)
    index = pd.MultiIndex.from_product([sites, items], names=_CELL)
    if index.empty:
        return pd.DataFrame({"low": [], "high": []}, index=index, dtype="float64")
    quantiles = {name: draw_quantile(ordered, q) for name, q in (("low", 0.1), ("high", 0.9))}
    return pd.DataFrame(quantiles, index=index)


def _numbered(texts: "pd.Series[str]") -> tuple[NDArray[np.int64], NDArray[np.object_]]:
    """The number of each text, and the texts by number; there are millions of rows."""
    coded = pa.Table.from_pandas(texts.to_frame("text"), preserve_index=False)["text"]
    coded = coded.combine_chunks().dictionary_encode()
    names: NDArray[np.object_] = np.asarray(coded.dictionary.to_pylist(), dtype=object)
    return coded.indices.to_numpy(zero_copy_only=False).astype(np.int64), names


def _finding(contents: Contents, data: WeekData, kits: pd.DataFrame, row: Any) -> Finding:
    bom = data["recipe_bom"][data["recipe_bom"]["recipe_id"] == row.item_id]
    need = contents.tables["site_forecast"]
    mine = ((need["menu_week"] == data.menu_week) & (need["site_id"] == row.site_id)
            & need["sku_id"].isin(bom["sku_id"]))  # fmt: skip
    today = pd.Timestamp(contents.plan.as_of.date())
    order_by = next_day(need.loc[mine, "order_by"], today)
    names = data["recipes"].set_index("recipe_id")["name"]
    site = contents.site_names.get(row.site_id, row.site_id)
    load = contents.tables["site_load"]
    first = load.loc[load["menu_week"] == data.menu_week, "production_date"].min()
    return Finding(
        SHARE_OUTSIDE_INTERVAL, row.outside * _cost_of_kit(data, bom, kits),
        order_by or first, data.menu_week, "recipe_site_forecast",
        {"site_id": row.site_id, "item_type": "recipe", "item_id": row.item_id},
        f"{names.get(row.item_id, row.item_id)} at {site}: {row.kits_mean:,.0f} kits of "
        f"{data.menu_week} expected; the last plan said {row.low:,.0f} to {row.high:,.0f}.",
        order_by,
    )  # fmt: skip


def _cost_of_kit(data: WeekData, bom: pd.DataFrame, kits: pd.DataFrame) -> float:
    """What the ingredients of a kit cost, minor units; portions sizes as the week's kits have."""
    lines = bom.sort_values("valid_from", na_position="first", kind="stable")
    lines = lines.drop_duplicates(["portions", "sku_id"], keep="last").merge(data["skus"])
    received = lines["qty"] / lines["yield_rate"] * (1 + lines["wastage_rate"])
    cost = (received * lines["unit_cost"]).groupby(lines["portions"]).sum()
    share = kits[kits["item_id"].isin(bom["recipe_id"])].groupby("portions")["kits_mean"].sum()
    weights = share.reindex(cost.index).fillna(0.0)
    if not weights.any():
        return float(cost.mean()) if len(cost) else 0.0
    return float((cost * weights).sum() / weights.sum())
