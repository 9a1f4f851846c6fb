"""Cells of the week and their simulated boxes in every draw."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sitecast.errors import DataError
from sitecast.records.demand_forecast import DemandForecast
from sitecast.records.plan import ForecastPlan
from sitecast.records.tables_simulated import CELL_BOXES, CELLS
from sitecast.records.week_axes import WeekAxes
from sitecast.records.week_record import WeekData
from sitecast.settings_uncertainty import Shock
from sitecast.simulate.shocks import cell_law, stratified_shocks
from sitecast.simulate.volumes import keys_of, poisson_quantile, uniforms

_KEY = ["delivery_date", "region_id", "segment"]
_Counts = NDArray[np.int64]


def cell_tables(
    orders: pd.DataFrame,
    demand: DemandForecast,
    axes: WeekAxes,
    plan: ForecastPlan,
    week: WeekData,
    threads: int,
) -> dict[str, pd.DataFrame]:
    """The tables cells and cell_boxes.

    Every cell with a forecast or a placed order has a row; simulated boxes fill what the draw's
    total leaves above the placed ones, never below zero (R1).
    """
    frame = _cells(orders, demand)
    names = ["\x1f".join(name) for name in _names(frame)]
    keys = keys_of(plan.seed, week.menu_week, "slots", names)
    frame["stream_key"] = keys.view(np.int64)
    frame["cell_id"] = np.arange(len(frame))
    boxes = np.maximum(
        _totals(frame, names, axes, plan, week, threads) - frame["placed_boxes"].to_numpy(), 0
    )
    draw, cell = np.nonzero(boxes)
    some = pd.DataFrame({"draw": draw, "cell_id": cell, "boxes": boxes[draw, cell]})
    return {"cells": CELLS.shaped(frame), "cell_boxes": CELL_BOXES.shaped(some)}


def _cells(orders: pd.DataFrame, demand: DemandForecast) -> pd.DataFrame:
    """Cells in the order of their key: mean_boxes, sd_boxes, placed_boxes."""
    placed = orders.groupby(_KEY, as_index=False).size().rename(columns={"size": "placed_boxes"})
    forecast = demand.boxes[[*_KEY, "mean_boxes", "sd_boxes"]]
    text = {"region_id": object, "segment": object, "delivery_date": "datetime64[ms]"}
    frame = forecast.astype(text).merge(placed.astype(text), on=_KEY, how="outer", validate="1:1")
    return frame.fillna({"mean_boxes": 0.0, "placed_boxes": 0}).sort_values(_KEY, ignore_index=True)


def _names(frame: pd.DataFrame) -> Iterator[tuple[str, ...]]:
    dates = frame["delivery_date"].dt.strftime("%Y-%m-%d")
    return zip(dates, frame["region_id"], frame["segment"], strict=True)


def _totals(
    frame: pd.DataFrame,
    names: list[str],
    axes: WeekAxes,
    plan: ForecastPlan,
    data: WeekData,
    threads: int,
) -> NDArray[np.int32]:
    """(draws, cells) boxes, placed ones included."""
    week, lead_days = data.menu_week, data.lead_days(plan.as_of)
    day, region = _positions(frame, axes)
    uncertainty, draws = plan.settings.simulator.uncertainty, plan.draws
    spread = uncertainty.at(lead_days)

    def shocks(purpose: str, of: list[str], law: Shock) -> NDArray[np.float64]:
        return stratified_shocks(keys_of(plan.seed, week, purpose, of), draws, law.cv, law)

    of_week = shocks("total", ["total"], spread.total)
    of_day = shocks("day", [str(date.date()) for date in axes.days], spread.day)
    of_region = shocks("region", list(axes.regions), spread.region)
    mean = frame["mean_boxes"].to_numpy(np.float64)
    own = cell_law(mean, frame["sd_boxes"].to_numpy(np.float64), uncertainty, lead_days)
    own_key = keys_of(plan.seed, week, "own", names)
    volume_key = keys_of(plan.seed, week, "volume", names)

    def total(draw: int) -> NDArray[np.int32]:
        mu = mean * of_week[draw] * of_day[draw, day] * of_region[draw, region]
        mu *= own.at(uniforms(own_key, draw))
        return poisson_quantile(uniforms(volume_key, draw), mu).astype(np.int32)

    with ThreadPoolExecutor(threads) as pool:
        return np.stack(list(pool.map(total, range(draws))))


def _positions(frame: pd.DataFrame, axes: WeekAxes) -> tuple[_Counts, _Counts]:
    """Day and region of each cell on the axes."""
    day = axes.days.get_indexer(pd.DatetimeIndex(frame["delivery_date"]))
    region = axes.regions.get_indexer(frame["region_id"])
    lost = np.flatnonzero((day < 0) | (region < 0))
    if len(lost):
        first = dict(zip(_KEY, next(iter(_names(frame.iloc[lost[:1]]))), strict=True))
        raise DataError(
            f"{len(lost)} cells of the box forecast are outside the week",
            {"table": "box_forecast", **first},
            "forecast delivery dates and regions that the week has",
        )
    return day, region
