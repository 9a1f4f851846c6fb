"""The tables of what boxes are filled with: weights whose boxes have the shares asked for."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sitecast.errors import DataError
from sitecast.records.demand_forecast import DemandForecast
from sitecast.records.plan import ForecastPlan
from sitecast.records.tables_simulated import (
    ALL_SEGMENTS,
    BOX_SIZES,
    CHOICE_WEIGHTS,
    DEFAULT_BOXES,
    DEFAULT_POOL,
    KIT_SHARES,
    PORTIONS,
    TASTE_CLASSES,
)  # fmt: skip
from sitecast.records.week_axes import WeekAxes
from sitecast.records.week_record import SimulatedOrders, WeekData
from sitecast.simulate.calibrate import BoxKind, calibrate, kits_of
from sitecast.simulate.choosable import grid
from sitecast.simulate.draw import MAX_RECIPES
from sitecast.simulate.recipe_rules import recipe_factors, recipe_rules
from sitecast.simulate.tastes import Tastes, asked_shares, table_of, tastes_of

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
SHARE_TOLERANCE = 1e-4


def choice_tables(
    week: WeekData,
    demand: DemandForecast,
    axes: WeekAxes,
    plan: ForecastPlan,
    placed_kits: Ints,
) -> dict[str, pd.DataFrame]:
    """Tables of weights, shares, taste classes, default boxes, rules, factors, sizes, portions.

    `placed_kits` are the (recipes,) kits of the order book; they use up recipe caps first.

    Raises:
        DataError: a segment has boxes and nothing to put into them.
    """  # fmt: skip
    if len(axes.recipes) > MAX_RECIPES:
        raise DataError("too many recipes", {"table": "menu", "rows": len(axes.recipes)},
                        f"keep the menu within {MAX_RECIPES} recipes")  # fmt: skip
    tastes = tastes_of(week, demand, axes, plan.settings.simulator)
    rules = recipe_rules(week, axes, plan.settings.simulator, placed_kits)
    limit = rules["max_per_box"].to_numpy(np.int64)
    kinds = _kinds(tastes, tastes.weights, axes)
    asked = asked_shares(demand.choices.shares, tastes, axes)
    nation = _national(demand.choices.shares, axes)
    weights = _calibrated(tastes, kinds, asked, nation, limit)
    kinds = _kinds(tastes, weights, axes)
    one = np.ones(len(limit))
    kits = np.array([*_each(range(len(kinds)), lambda s: kits_of(kinds[s], one, limit))])
    kits = kits.reshape(-1, len(limit))
    return {
        "choice_weights": _weight_table(weights, tastes, axes),
        "kit_shares": _kit_shares(kits, asked, nation, tastes, axes),
        "recipe_rules": rules,
        "recipe_factors": recipe_factors(tastes.sd, kits, axes, plan, week),
        **_kinds_of_boxes(tastes, axes),
    }  # fmt: skip


def _kinds(tastes: Tastes, weights: Floats, axes: WeekAxes) -> list[list[BoxKind]]:
    """By segment, its boxes by taste class and by the kits that exist in their portions size."""
    along = pd.RangeIndex(tastes.sizes["n_kits"].max() + 1 if len(tastes.segments) else 0)
    sizes = grid(tastes.sizes, tastes.segments, "n_kits", along, "probability")
    served = pd.Index(axes.portions)
    portions = grid(tastes.portions, tastes.segments, "portions", served, "probability")
    alike, group = np.unique(tastes.exists, axis=0, return_inverse=True)
    share = portions @ (group.ravel()[:, None] == np.arange(len(alike)))
    return [
        [
            BoxKind(
                tastes.volume[s] * share[s, g] * tastes.class_share[s, t], weights[s, t] * kit,
                np.trim_zeros(sizes[s], "b"), float(tastes.default_rate[s]), tastes.pools[s],
            )
            for g, kit in enumerate(alike)
            for t in range(tastes.class_share.shape[1])
            if share[s, g] * tastes.class_share[s, t] > 0
        ]
        for s in range(len(tastes.segments))
    ]  # fmt: skip


def _national(shares: pd.DataFrame, axes: WeekAxes) -> Floats | None:
    """(R,) shares of all segments together, where the model asks for them."""
    rows = shares[shares["segment"].isna() & shares["recipe_id"].isin(axes.recipes)]
    if rows.empty:
        return None
    asked = np.zeros(len(axes.recipes))
    asked[axes.recipes.get_indexer(rows["recipe_id"])] = rows["share"].to_numpy(np.float64)
    return asked / asked.sum()


def _calibrated(
    tastes: Tastes, kinds: list[list[BoxKind]], asked: Floats, nation: Floats | None, limit: Ints
) -> Floats:
    """(S, T, R) weights that meet each segment's shares, then those of all together.

    The median of a class is 1: a recipe's own share may change and leave other weights alone.
    """
    weights = tastes.weights.copy()
    told = np.flatnonzero(~np.isnan(asked[:, 0]))
    factors = _each(told, lambda s: calibrate(kinds[s], asked[s], limit))
    for s, factor in zip(told, factors, strict=True):
        weights[s] *= factor
    if nation is not None:
        weights *= calibrate([
            BoxKind(k.volume, k.weights * _ratio(weights[s], tastes.weights[s]), k.sizes,
                    k.default_rate, k.pool)
            for s, of_segment in enumerate(kinds) for k in of_segment
        ], nation, limit)  # fmt: skip
    for of_class in weights.reshape(-1, weights.shape[2]):
        if of_class.any():
            of_class /= np.median(of_class[of_class > 0])
    # Single precision: the last bits differ between processors, and none of them matters.
    return weights.astype(np.float32).astype(np.float64)


def _ratio(new: Floats, old: Floats) -> Floats:
    """(R,) by what calibration changed the weights; the same for all classes of a segment."""
    return np.divide(new, old, out=np.zeros_like(new), where=old > 0).max(axis=0)


def _each(segments: Iterable[int], work: Callable[[int], Floats]) -> Iterator[Floats]:
    """Segments side by side; compiled code leaves the GIL."""
    with ThreadPoolExecutor() as pool:
        yield from pool.map(work, segments)


def _kit_shares(
    kits: Floats, asked: Floats, nation: Floats | None, tastes: Tastes, axes: WeekAxes
) -> pd.DataFrame:
    """Asked and given, first of all segments together, then of each."""
    of_segment = kits.sum(axis=1, keepdims=True)
    every = max(float(of_segment.sum()), 1e-300)
    total = (of_segment * asked).sum(axis=0) / every if nation is None else nation
    given = np.concatenate([kits.sum(axis=0, keepdims=True) / every, kits / of_segment])
    return KIT_SHARES.shaped(
        table_of(np.array([total, *asked]), pd.Index([ALL_SEGMENTS, *tastes.segments]),
                 "recipe_id", axes.recipes, "share_asked")
        .assign(share_given=given.ravel().clip(max=1.0))
    )  # fmt: skip


def _weight_table(weights: Floats, tastes: Tastes, axes: WeekAxes) -> pd.DataFrame:
    classes, recipes = weights.shape[1], len(axes.recipes)
    return CHOICE_WEIGHTS.shaped(pd.DataFrame({
        "segment": np.repeat(tastes.segments, classes * recipes),
        "taste_class": np.tile(np.repeat(np.arange(classes), recipes), len(tastes.segments)),
        "recipe_id": np.tile(axes.recipes, len(tastes.segments) * classes),
        "weight": weights.ravel(),
    }))  # fmt: skip


def _kinds_of_boxes(tastes: Tastes, axes: WeekAxes) -> dict[str, pd.DataFrame]:
    classes = pd.RangeIndex(tastes.class_share.shape[1])
    return {
        "taste_classes": TASTE_CLASSES.shaped(
            table_of(tastes.class_share.clip(max=1.0), tastes.segments, "taste_class", classes,
                     "probability")
        ),
        "default_boxes": DEFAULT_BOXES.shaped(
            pd.DataFrame({"segment": tastes.segments, "probability": tastes.default_rate})
        ),
        "default_pool": _pool_table(tastes, axes),
        "box_sizes": BOX_SIZES.shaped(tastes.sizes),
        "portions": PORTIONS.shaped(tastes.portions),
    }  # fmt: skip


def _pool_table(tastes: Tastes, axes: WeekAxes) -> pd.DataFrame:
    lengths = [len(pool) for pool in tastes.pools]
    recipe = np.concatenate([np.zeros(0, np.int64), *tastes.pools])
    return DEFAULT_POOL.shaped(pd.DataFrame({
        "segment": np.repeat(tastes.segments, lengths),
        "recipe_id": axes.recipes[recipe],
    }))  # fmt: skip


def infeasible_shares(simulated: SimulatedOrders) -> pd.DataFrame:
    """Rows of kit_shares whose share asked for is out of reach by more than SHARE_TOLERANCE."""
    shares = simulated["kit_shares"]
    off = (shares["share_asked"] - shares["share_given"]).abs() > SHARE_TOLERANCE
    return shares[off.fillna(False)].reset_index(drop=True)
