"""What the demand models got wrong in past weeks, with what was known then."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sitecast.demand import forecast_demand
from sitecast.evaluate.backtest import past_plan
from sitecast.extract import Source, extract_week
from sitecast.extract.history import history_tables
from sitecast.records.demand_forecast import Choices, DemandForecast
from sitecast.records.week_record import WeekData
from sitecast.settings import PlanSettings
from sitecast.simulate.shocks import stated_variance

Floats = NDArray[np.float64]
_CELL = ["delivery_date", "region_id", "segment"]


@dataclass(frozen=True)
class PastErrors:
    """One past week, forecast some days ahead, and what became of it."""

    menu_week: str
    cells: pd.DataFrame
    """delivery_date, region_id, segment, mean, stated (squared cv beyond Poisson), actual."""
    recipes: pd.DataFrame
    """recipe_id, mean (kits of orders not placed at as_of), stated (squared cv), share (expected
    kits per box), actual. Given how many kits each segment had: volumes are not counted twice."""


def past_errors(
    source: Source, settings: PlanSettings, menu_week: str, as_of: dt.datetime,
    known_at: dt.datetime, models: Mapping[str, str],
) -> PastErrors:  # fmt: skip
    """Ask the plan's demand models about a past week as of a moment; no order is simulated.

    Args:
        source: where the orders lie, those of the week included.
        settings: the plan file's.
        menu_week: a week that is over.
        as_of: what the models may know.
        known_at: actuals as known then.
        models: names and versions, as a plan has them.
    Raises:
        DataError: the week's input is wrong, or nothing is known to forecast from.
    """
    plan = past_plan(source, settings, menu_week, as_of, models)
    week = extract_week(source, plan, menu_week)
    demand = forecast_demand(week, plan)
    happened = history_tables(source, known_at, [menu_week])
    cells = _cells(demand, happened["history_boxes"])
    boxes = max(float(cells["actual"].sum()), 1.0)
    return PastErrors(menu_week, cells, _recipes(demand.choices, week, happened, boxes))


def _cells(demand: DemandForecast, boxes: pd.DataFrame) -> pd.DataFrame:
    text = {"region_id": object, "segment": object, "delivery_date": "datetime64[ms]"}
    actual = boxes.astype(text).groupby(_CELL, as_index=False)["boxes"].sum()
    cells = demand.boxes.astype(text).merge(actual, on=_CELL, how="outer")
    mean = cells["mean_boxes"].fillna(0.0).to_numpy(np.float64)
    stated = stated_variance(mean, cells["sd_boxes"].to_numpy(np.float64))
    return cells[_CELL].assign(
        mean=mean, stated=stated, actual=cells["boxes"].fillna(0).to_numpy(np.float64)
    )


def _recipes(
    choices: Choices, week: WeekData, happened: Mapping[str, pd.DataFrame], boxes: float
) -> pd.DataFrame:
    """Recipes of the menu: expected and actual kits beyond the orders that were placed."""
    items = happened["history_items"]
    kits = items[items["item_type"] == "recipe"].rename(columns={"item_id": "recipe_id"})
    actual = kits.pivot_table(index="segment", columns="recipe_id", values="pieces", aggfunc="sum",
                              fill_value=0, observed=True)  # fmt: skip
    shares = choices.shares
    if shares["segment"].isna().any():
        shares = shares[shares["segment"].isna()].assign(segment="")
        actual = actual.sum().to_frame("").T
    told = shares.pivot_table(index="segment", columns="recipe_id", values="share", fill_value=0.0)
    placed = _placed(week).reindex(index=told.index, columns=told.columns, fill_value=0)
    if "" in told.index:
        placed = _placed(week).sum().reindex(told.columns, fill_value=0).to_frame("").T
    actual = actual.reindex(index=told.index, columns=told.columns, fill_value=0)
    rest = (actual - placed).clip(lower=0).astype(np.float64)
    mean = told.mul(rest.sum(axis=1), axis=0)
    return pd.DataFrame({
        "recipe_id": told.columns.astype(object),
        "mean": mean.sum().to_numpy(np.float64),
        "stated": _stated(choices, mean),
        "share": (mean + placed).sum().to_numpy(np.float64) / boxes,
        "actual": rest.sum().to_numpy(np.float64),
    })  # fmt: skip


def _stated(choices: Choices, mean: pd.DataFrame) -> Floats:
    """(recipes,) squared cv that the model states, weighted by expected kits."""
    told = choices.utilities.pivot_table(index="segment", columns="recipe_id", values="sd",
                                         aggfunc="max", fill_value=0.0)  # fmt: skip
    if "" in mean.index:
        told = told.mean().to_frame("").T
    known = told.reindex(index=mean.index, columns=mean.columns, fill_value=0.0)
    mass = mean.to_numpy(np.float64)
    total = mass.sum(axis=0)
    variance = (mass * np.square(known.to_numpy(np.float64))).sum(axis=0)
    return np.expm1(np.divide(variance, total, out=np.zeros_like(total), where=total > 0))


def _placed(week: WeekData) -> pd.DataFrame:
    """(segments, recipes) kits of the orders placed at as_of."""
    orders = week["orders"]
    orders = orders.loc[orders["state"] != "cancelled", ["order_id", "segment"]]
    lines = week["order_lines"]
    lines = lines[lines["item_type"] == "recipe"].merge(orders, on="order_id")
    return lines.astype({"segment": object, "item_id": object}).pivot_table(
        index="segment", columns="item_id", values="quantity", aggfunc="sum", fill_value=0
    )  # fmt: skip
