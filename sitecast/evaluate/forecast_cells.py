"""A week's forecast in the cells that actuals are counted in: its draws, or only its means."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sitecast.evaluate.delivered import CELL, item_name
from sitecast.forecast import summed_draws
from sitecast.records.week_record import SiteForecast, WeekData

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class ForecastDraws:
    """What each draw has in each cell."""

    cells: pd.DataFrame
    """The columns of CELL; no row twice."""
    values: Floats
    """(cells, draws) boxes, kits or base_uom."""


def forecast_draws(forecast: SiteForecast, week: WeekData) -> ForecastDraws:
    """Boxes, kits and needed quantities of a week by site, draw by draw. Packaging is left out.

    Args:
        forecast: site_forecast of the week.
        week: the extracted_data it was made from; its BOM is the one of the forecast.
    """
    load = forecast["load_draws"]
    n_draws = load["draw"].nunique()
    kits = forecast["site_forecast_draws"]
    kits = kits[kits["item_type"] != "box"]
    parts = [
        _by_draw(load.assign(item=""), "boxes", "boxes", n_draws),
        _by_draw(kits.assign(item=item_name(kits)), "kits", "kits", n_draws),
        _need(forecast, week),
    ]
    cells = pd.concat([part.cells for part in parts], ignore_index=True)
    return ForecastDraws(cells, np.concatenate([part.values for part in parts]))


def forecast_means(forecast: SiteForecast) -> pd.DataFrame:
    """The columns of CELL, qty: the means that a forecast showed."""
    need, kits = forecast["site_forecast"], forecast["recipe_site_forecast"]
    parts = [
        forecast["site_load"].assign(measure="boxes", item="").rename(
            columns={"boxes_mean": "qty"}),
        kits.assign(measure="kits", item=item_name(kits)).rename(columns={"kits_mean": "qty"}),
        need[need["kind"] != "packaging"].assign(measure="need").rename(
            columns={"sku_id": "item", "qty_mean": "qty"}),
    ]  # fmt: skip
    cells = pd.concat([part[[*CELL, "qty"]].astype(dict.fromkeys(CELL, object)) for part in parts])
    return cells.groupby(CELL, as_index=False)["qty"].sum()


def _by_draw(frame: pd.DataFrame, measure: str, count: str, n_draws: int) -> ForecastDraws:
    keys = ["site_id", "item"]
    cell = frame.groupby(keys, observed=True).ngroup().to_numpy()
    cells = frame[keys].astype(object).assign(cell=cell, measure=measure)
    cells = cells.drop_duplicates("cell").sort_values("cell", ignore_index=True)
    place = cell * n_draws + frame["draw"].to_numpy()
    values = np.bincount(place, frame[count].to_numpy(np.float64), len(cells) * n_draws)
    return ForecastDraws(cells[CELL], values.reshape(len(cells), n_draws).astype(np.float64))


def _need(forecast: SiteForecast, week: WeekData) -> ForecastDraws:
    cells, values = summed_draws(forecast, week, ["site_id", "sku_id"])
    skus = week["skus"]
    packaging = skus.loc[skus["kind"] == "packaging", "sku_id"]
    kept = ~cells["sku_id"].isin(packaging).to_numpy()
    cells = cells[kept].rename(columns={"sku_id": "item"}).assign(measure="need")
    return ForecastDraws(cells[CELL].astype(object).reset_index(drop=True), values[kept])
