"""What segments choose: weights, box sizes, portions, limits, and how popularity varies."""

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
from sitecast.simulate.choosable import choosable, grid, kit_exists
from sitecast.simulate.draw import MAX_RECIPES
from sitecast.simulate.volumes import keys_of, stratified_shocks

Floats = NDArray[np.float64]


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
    segments = pd.Index(sorted(active.unique()), dtype=object)
    rules = _rules(week, axes, settings, placed_kits)
    fine = choosable(week, axes, list(segments), settings.exclusions)
    shares = _shares(demand, segments, axes, fine)
    sizes = _probabilities(demand.box_sizes, segments, "n_kits")
    portions = _possible(demand.portions, segments, shares > 0, week, axes)
    return {
        "choice_weights": _choice_weights(shares, segments, sizes, rules),
        "recipe_rules": rules,
        "recipe_factors": _factors(demand, axes, plan, week.menu_week),
        "box_sizes": BOX_SIZES.shaped(sizes),
        "portions": PORTIONS.shaped(_probabilities(portions, segments, "portions")),
    }


def _shares(
    demand: DemandForecast, segments: pd.Index, axes: WeekAxes, fine: NDArray[np.bool_]
) -> Floats:
    """(segments, recipes) shares of what may be chosen, summing to 1."""
    shares = grid(demand.choices.shares, segments, "recipe_id", axes.recipes, "share") * fine
    total = shares.sum(axis=1, keepdims=True)
    for segment in segments[~(total[:, 0] > 0)]:
        raise DataError(
            f"segment {segment!r} has boxes but may choose no recipe", {"segment": segment},
            "loosen its exclusions, make recipes available, or forecast no boxes for it",
        )  # fmt: skip
    return shares / total


def _possible(
    portions: pd.DataFrame, segments: pd.Index, wanted: NDArray[np.bool_], week: WeekData,
    axes: WeekAxes,
) -> pd.DataFrame:  # fmt: skip
    """Portions sizes in which the segment finds at least one kit."""
    found = wanted @ kit_exists(week, axes).T
    row = segments.get_indexer(portions["segment"])
    size = pd.Index(axes.portions).get_indexer(portions["portions"])
    return portions[(row >= 0) & (size >= 0) & found[row, size]]


def _probabilities(table: pd.DataFrame, segments: pd.Index, column: str) -> pd.DataFrame:
    """Rows of the segments, sorted, without impossible values, summing to 1 per segment."""
    rows = table[table["segment"].isin(segments) & (table["probability"] > 0)]
    for segment in segments[~segments.isin(rows["segment"])]:
        raise DataError(
            f"segment {segment!r} has boxes but no possible {column}", {"segment": segment},
            f"give it a probability of {column} for which it may choose a kit",
        )  # fmt: skip
    rows = rows.sort_values(["segment", column], ignore_index=True)
    total = rows.groupby("segment")["probability"].transform("sum")
    return rows.assign(probability=(rows["probability"] / total).clip(upper=1.0))


def _choice_weights(
    shares: Floats, segments: pd.Index, sizes: pd.DataFrame, rules: pd.DataFrame
) -> pd.DataFrame:
    recipes = rules["recipe_id"].to_numpy(object)
    most = int(sizes["n_kits"].max()) if len(sizes) else 0
    probability = grid(sizes, segments, "n_kits", pd.RangeIndex(most + 1), "probability")
    repeatable = rules["max_per_box"].to_numpy() > 1
    found = [_calibrated(*pair, repeatable) for pair in zip(shares, probability, strict=True)]
    nothing = np.zeros(0)
    return CHOICE_WEIGHTS.shaped(pd.DataFrame({
        "segment": np.repeat(segments, len(recipes)),
        "recipe_id": np.tile(recipes, len(segments)),
        "share_asked": shares.ravel().clip(max=1.0),
        "share_given": np.concatenate([nothing, *(c.shares for c in found)]).clip(max=1.0),
        "weight": np.concatenate([nothing, *(c.weights for c in found)]),
    }))  # fmt: skip


def _calibrated(
    shares: Floats, size_probability: Floats, repeatable: NDArray[np.bool_]
) -> Calibration:
    """Weights by shares; where most kits may be repeated, a box hardly flattens shares."""
    if shares[repeatable].sum() > 0.5:
        return Calibration(shares / shares.max(), shares)
    return calibrate(shares, np.trim_zeros(size_probability, "b"))


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
    """Popularity shocks: recipes vary by week (the plan's spread), and shares are estimates."""
    volume = demand.boxes.groupby("segment")["mean_boxes"].sum()
    told = demand.choices.utilities
    told = told[told["recipe_id"].isin(axes.recipes)].merge(demand.choices.shares)
    kits = told["share"] * told["segment"].map(volume).fillna(0.0)
    weighed = pd.DataFrame({"recipe_id": told["recipe_id"], "kits": kits,
                            "spread": kits * np.sqrt(np.expm1(told["sd"]**2))})  # fmt: skip
    sums = weighed.groupby("recipe_id")[["kits", "spread"]].sum().reindex(axes.recipes).fillna(0.0)
    mass, spread = sums["kits"].to_numpy(), sums["spread"].to_numpy()
    own = np.divide(spread, mass, out=np.zeros(len(mass)), where=mass > 0)
    cv = np.hypot(own, plan.settings.simulator.uncertainty.recipe_cv)
    keys = keys_of(plan.seed, menu_week, "recipe", axes.recipes)
    factors = stratified_shocks(keys, plan.draws, cv)
    return RECIPE_FACTORS.shaped(pd.DataFrame({
        "draw": np.repeat(np.arange(plan.draws), len(axes.recipes)),
        "recipe_id": np.tile(axes.recipes.to_numpy(), plan.draws),
        "factor": factors.ravel(),
    }))  # fmt: skip
