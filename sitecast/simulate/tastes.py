"""What segments choose: weights, box sizes, portions, limits, and how popularity varies."""

import json

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sitecast.errors import DataError
from sitecast.records.demand_forecast import DemandForecast
from sitecast.records.plan import ForecastPlan
from sitecast.records.tables_simulated import (
    BOX_SIZES,
    CHOICE_WEIGHTS,
    PORTIONS,
    RECIPE_FACTORS,
    RECIPE_RULES,
)  # fmt: skip
from sitecast.records.week_axes import WeekAxes
from sitecast.records.week_record import WeekData
from sitecast.settings import SimulatorSettings
from sitecast.simulate.choice import Calibration, calibrate
from sitecast.simulate.draw import MAX_RECIPES
from sitecast.simulate.volumes import keys_of, stratified_shocks

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


def taste_tables(
    week: WeekData,
    demand: DemandForecast,
    axes: WeekAxes,
    plan: ForecastPlan,
    placed_kits: NDArray[np.int64],
) -> dict[str, pd.DataFrame]:
    """The tables choice_weights, recipe_rules, recipe_factors, box_sizes and portions.

    `placed_kits` are the (recipes,) kits of the order book; they use up recipe caps first.

    Raises:
        DataError: a segment has boxes and nothing to put into them.
    """  # fmt: skip
    if len(axes.recipes) > MAX_RECIPES:
        raise DataError("too many recipes", {"table": "menu", "rows": len(axes.recipes)},
                        f"keep the menu within {MAX_RECIPES} recipes")  # fmt: skip
    settings = plan.settings.simulator
    active = demand.boxes.loc[demand.boxes["mean_boxes"] > 0, "segment"]
    segments = sorted(active.astype(object).unique())
    sizes = _probabilities(demand.box_sizes, segments, "n_kits")
    portions = _probabilities(demand.portions, segments, "portions", axes.portions)
    rules = _rules(week, axes, settings, placed_kits)
    weights = [
        _weights(segment, demand, axes, sizes[sizes["segment"] == segment],
                 choosable(week, axes, segment, settings), rules["max_per_box"].to_numpy())
        for segment in segments
    ]  # fmt: skip
    return {
        "choice_weights": CHOICE_WEIGHTS.shaped(pd.concat([CHOICE_WEIGHTS.empty(), *weights])),
        "recipe_rules": rules,
        "recipe_factors": _factors(demand, axes, plan, week.menu_week),
        "box_sizes": BOX_SIZES.shaped(sizes),
        "portions": PORTIONS.shaped(portions),
    }


def choosable(week: WeekData, axes: WeekAxes, segment: str, settings: SimulatorSettings) -> Flags:
    """(recipes,) whether simulated boxes of the segment may hold the recipe."""
    menu = week["menu"].set_index("recipe_id")["available"]
    fine: Flags = menu.reindex(axes.recipes).to_numpy(bool, copy=True)
    fine &= axes.recipes.isin(week["recipe_bom"]["recipe_id"])
    attributes = week["recipes"].set_index("recipe_id")["attributes"].reindex(axes.recipes)
    for rule in settings.exclusions:
        if rule.segment != segment:
            continue
        if rule.recipe_id is not None:
            fine &= axes.recipes != rule.recipe_id
        if rule.without_diet_tag is not None:
            fine &= [rule.without_diet_tag in _diet_tags(text) for text in attributes]
    return fine


def _diet_tags(attributes: object) -> list[str]:
    content = json.loads(attributes) if isinstance(attributes, str) else {}
    return list(content.get("diet_tags") or [])


def _probabilities(
    table: pd.DataFrame, segments: list[str], column: str, known: NDArray[np.int64] | None = None
) -> pd.DataFrame:
    """Rows of the segments, sorted, without impossible values, summing to 1 per segment."""
    rows = table[table["segment"].isin(segments) & (table["probability"] > 0)]
    rows = rows if known is None else rows[rows[column].isin(known)]
    missing = sorted(set(segments) - set(rows["segment"]))
    if missing:
        raise DataError(
            f"segment {missing[0]!r} has boxes but no {column}", {"segments": missing[:5]},
            f"give it a probability of {column} that a bill of materials exists for",
        )  # fmt: skip
    rows = rows.sort_values(["segment", column], ignore_index=True)
    total = rows.groupby("segment")["probability"].transform("sum")
    return rows.assign(probability=(rows["probability"] / total).clip(upper=1.0))


def _weights(
    segment: str, demand: DemandForecast, axes: WeekAxes, sizes: pd.DataFrame, fine: Flags,
    limit: NDArray[np.int64],
) -> pd.DataFrame:  # fmt: skip
    mine = demand.shares[demand.shares["segment"] == segment].set_index("recipe_id")["share"]
    shares = mine.reindex(axes.recipes).fillna(0.0).to_numpy(np.float64) * fine
    if not shares.sum() > 0:
        raise DataError(
            f"segment {segment!r} has boxes but may choose no recipe", {"segment": segment},
            "loosen its exclusions, make recipes available, or forecast no boxes for it",
        )  # fmt: skip
    shares = shares / shares.sum()
    chosen = _calibrated(shares, sizes, limit)
    return pd.DataFrame({
        "segment": segment, "recipe_id": axes.recipes, "share_asked": shares,
        "share_given": chosen.shares.clip(max=1.0), "weight": chosen.weights,
    })  # fmt: skip


def _calibrated(shares: Floats, sizes: pd.DataFrame, limit: NDArray[np.int64]) -> Calibration:
    """Weights by shares; where most kits may be repeated, a box hardly flattens shares."""
    if shares[limit > 1].sum() > 0.5:
        return Calibration(shares / shares.max(), shares)
    kits = sizes["n_kits"].to_numpy(np.int64)
    probability = sizes["probability"].to_numpy(np.float64)
    return calibrate(shares, np.bincount(kits, weights=probability).astype(np.float64))


def _rules(
    week: WeekData, axes: WeekAxes, settings: SimulatorSettings, placed_kits: NDArray[np.int64]
) -> pd.DataFrame:
    """A menu's own max_per_box above 1 is the limit of that recipe; else the plan's."""
    per_box = week["menu"].set_index("recipe_id")["max_per_box"].reindex(axes.recipes).to_numpy()
    left = pd.Series(pd.NA, index=axes.recipes, dtype="Int64")
    for cap in settings.recipe_caps:
        if cap.recipe_id in left.index and cap.menu_week in (None, week.menu_week):
            placed = placed_kits[axes.recipes.get_loc(cap.recipe_id)]
            room = max(cap.max_kits - int(placed), 0)
            known = left[cap.recipe_id]
            left[cap.recipe_id] = room if pd.isna(known) else min(room, int(known))
    return RECIPE_RULES.shaped(pd.DataFrame({
        "recipe_id": axes.recipes,
        "max_per_box": np.where(per_box > 1, per_box, settings.max_per_recipe),
        "kits_left": left.array,
    }))  # fmt: skip


def _factors(
    demand: DemandForecast, axes: WeekAxes, plan: ForecastPlan, menu_week: str
) -> pd.DataFrame:
    """Popularity shocks; the spread is the plan's or the forecast's, whichever is larger."""
    volume = demand.boxes.groupby("segment")["mean_boxes"].sum()
    shares = demand.shares[demand.shares["recipe_id"].isin(axes.recipes)]
    kits = shares["share"] * shares["segment"].map(volume).fillna(0.0)
    weighed = pd.DataFrame({"recipe_id": shares["recipe_id"], "kits": kits,
                            "spread": kits * shares["cv"].fillna(0.0)})  # fmt: skip
    sums = weighed.groupby("recipe_id")[["kits", "spread"]].sum().reindex(axes.recipes).fillna(0.0)
    mass, spread = sums["kits"].to_numpy(), sums["spread"].to_numpy()
    own = np.divide(spread, mass, out=np.zeros(len(mass)), where=mass > 0)
    cv = np.maximum(own, plan.settings.simulator.uncertainty.recipe_cv)
    keys = keys_of(plan.seed, menu_week, "recipe", axes.recipes)
    factors = stratified_shocks(keys, plan.draws, cv)
    return RECIPE_FACTORS.shaped(pd.DataFrame({
        "draw": np.repeat(np.arange(plan.draws), len(axes.recipes)),
        "recipe_id": np.tile(axes.recipes.to_numpy(), plan.draws),
        "factor": factors.ravel(),
    }))  # fmt: skip
