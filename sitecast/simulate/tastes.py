"""What segments choose: the demand models' frames as arrays of the week's axes."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sitecast.errors import DataError
from sitecast.records.demand_forecast import DemandForecast
from sitecast.records.week_axes import WeekAxes
from sitecast.records.week_record import WeekData
from sitecast.settings import SimulatorSettings
from sitecast.simulate.choosable import choosable, grid, kit_exists

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Tastes:
    """How the segments that have boxes choose. S segments, T taste classes, R recipes."""

    segments: pd.Index
    volume: Floats
    """(S,) expected boxes of the week."""
    fine: NDArray[np.bool_]
    """(S, R) whether boxes of the segment may hold the recipe."""
    exists: NDArray[np.bool_]
    """(P, R) whether there is a kit of that size."""
    class_share: Floats
    """(S, T) P(taste class), summing to 1."""
    weights: Floats
    """(S, T, R) exp(utility), the largest of a class is 1; 0 = never."""
    sd: Floats
    """(S, R) standard deviation of the utility."""
    sizes: pd.DataFrame
    """segment, n_kits, probability."""
    portions: pd.DataFrame
    """segment, portions, probability."""
    default_rate: Floats
    """(S,)"""
    pools: list[Ints]
    """(S,) recipes of default boxes."""


def tastes_of(
    week: WeekData, demand: DemandForecast, axes: WeekAxes, settings: SimulatorSettings
) -> Tastes:
    """Read the demand models' choices.

    Raises:
        DataError: a segment has boxes and nothing to put into them.
    """
    volume = demand.boxes[demand.boxes["mean_boxes"] > 0].groupby("segment")["mean_boxes"].sum()
    segments = pd.Index(sorted(volume.index), dtype=object)
    fine = choosable(week, axes, list(segments), settings.exclusions)
    class_share, weights, sd = _utilities(demand.choices.utilities, segments, axes, fine)
    exists = kit_exists(week, axes)
    portions = _possible(demand.portions, segments, weights.max(axis=1) > 0, exists, axes)
    rate = demand.defaults.set_index("segment")["probability"].reindex(segments).fillna(0.0)
    pools = _default_pools(week, axes, fine)
    empty = np.array([not len(pool) for pool in pools], dtype=bool)
    return Tastes(
        segments, volume.reindex(segments).to_numpy(np.float64), fine, exists, class_share,
        weights, sd, _probabilities(demand.box_sizes, segments, "n_kits"),
        _probabilities(portions, segments, "portions"),
        np.where(empty, 0.0, rate.to_numpy(np.float64)), pools,
    )  # fmt: skip


def _utilities(
    told: pd.DataFrame, segments: pd.Index, axes: WeekAxes, fine: NDArray[np.bool_]
) -> tuple[Floats, Floats, Floats]:
    """Class shares, weights, and the utilities' standard deviations."""
    told = told[told["segment"].isin(segments) & told["recipe_id"].isin(axes.recipes)]
    row, recipe = segments.get_indexer(told["segment"]), axes.recipes.get_indexer(told["recipe_id"])
    taste = told["taste_class"].to_numpy(np.int64)
    share = np.zeros((len(segments), int(taste.max(initial=0)) + 1))
    share[row, taste] = told["class_share"].to_numpy(np.float64)
    utility = np.full((*share.shape, len(axes.recipes)), -np.inf)
    utility[row, taste, recipe] = told["utility"].to_numpy(np.float64)
    utility[~np.broadcast_to(fine[:, None, :], utility.shape)] = -np.inf
    best = utility.max(axis=2, initial=-np.inf, keepdims=True)
    lost = (share > 0) & ~np.isfinite(best[:, :, 0])
    lost[:, 0] |= share.sum(axis=1) <= 0
    for segment in segments[lost.any(axis=1)]:
        raise DataError(
            f"segment {segment!r} has boxes but may choose no recipe", {"segment": segment},
            "loosen its exclusions, make recipes available, or forecast no boxes for it",
        )  # fmt: skip
    weights = np.exp(utility - np.where(np.isfinite(best), best, 0.0))
    spread = np.zeros((len(segments), len(axes.recipes)))
    np.maximum.at(spread, (row, recipe), told["sd"].fillna(0.0).to_numpy(np.float64))
    return share / share.sum(axis=1, keepdims=True), weights, spread


def _default_pools(week: WeekData, axes: WeekAxes, fine: NDArray[np.bool_]) -> list[Ints]:
    """(segments,) default recipes that the segment may get."""
    pool = week["menu"].set_index("recipe_id").reindex(axes.recipes)["is_default_pool"]
    return [np.flatnonzero(pool.to_numpy(bool) & may) for may in fine]


def _possible(
    portions: pd.DataFrame, segments: pd.Index, wanted: NDArray[np.bool_],
    exists: NDArray[np.bool_], axes: WeekAxes,
) -> pd.DataFrame:  # fmt: skip
    """Portions sizes in which the segment finds at least one kit."""
    found = wanted @ exists.T
    row = segments.get_indexer(portions["segment"])
    size = pd.Index(axes.portions).get_indexer(portions["portions"])
    known = (row >= 0) & (size >= 0)
    rows = portions[known]
    return rows[found[row[known], size[known]]]


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


def table_of(
    values: NDArray[np.generic], segments: pd.Index, name: str, keys: pd.Index, column: str
) -> pd.DataFrame:
    """(segments, keys) values as rows."""
    return pd.DataFrame({
        "segment": np.repeat(segments, len(keys)), name: np.tile(keys, len(segments)),
        column: values.ravel(),
    })  # fmt: skip


def asked_shares(shares: pd.DataFrame, tastes: Tastes, axes: WeekAxes) -> Floats:
    """(S, R) shares that the models ask for, over what may be chosen; NaN rows where none."""
    asked = grid(shares, tastes.segments, "recipe_id", axes.recipes, "share")
    asked *= tastes.weights.max(axis=1) > 0
    total = asked.sum(axis=1, keepdims=True)
    return np.divide(asked, total, out=np.full_like(asked, np.nan), where=total > 0)
