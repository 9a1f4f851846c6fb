"""Recipe shares by segment from counts of past weeks, shrunk where counts are small.

Three empirical-Bayes steps, each a Gamma prior on a Poisson rate (kits of the recipe per kit sold
while it was on the menu), with the prior's spread from the counts by the method of moments:
recipe → mean of recipes with its attributes; segment's liking of an attribute → 1; segment and
recipe → national rate × liking. Rates become shares over the recipes that can be chosen.
"""

import json

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sitecast.demand.past import latest_weeks, past
from sitecast.records.attributes import attributes_of
from sitecast.records.demand_forecast import Choices
from sitecast.records.plan import ForecastPlan
from sitecast.records.week_record import WeekData

Floats = NDArray[np.float64]
ATTRIBUTES = ("protein", "cuisine", "category")
MIN_SPREAD, MAX_SPREAD = 0.05, 4.0


class ShrunkShares:
    """Counts where there are many, attributes and the nation where there are few."""

    def choices(self, week: WeekData, plan: ForecastPlan, segments: list[str]) -> Choices:
        """See ChoiceModel.choices. A recipe never sold is as uncertain as recipes differ."""
        menu = week["menu"]
        offered = sorted(menu.loc[menu["available"], "recipe_id"].astype(object))
        sold, exposed = _counts(week, plan, segments, offered)
        groups = attribute_groups(week, sold.columns)
        national, prior_kits, spread = _national(sold, exposed, groups)
        rate = _by_segment(sold, exposed, national, groups)[:, sold.columns.get_indexer(offered)]
        share = rate / rate.sum(axis=1, keepdims=True)
        kits = sold.to_numpy().sum(axis=0) + prior_kits
        cv = np.sqrt(np.minimum(1 / np.maximum(kits, 1e-9), spread))
        return Choices.of_shares(pd.DataFrame({
            "segment": np.repeat(np.array(segments, dtype=object), len(offered)),
            "recipe_id": np.tile(np.array(offered, dtype=object), len(segments)),
            "share": share.ravel(),
            "cv": np.tile(cv[sold.columns.get_indexer(offered)], len(segments)),
        }))  # fmt: skip


def _counts(
    week: WeekData, plan: ForecastPlan, segments: list[str], offered: list[str]
) -> tuple[pd.DataFrame, Floats]:
    """(segments, recipes) kits sold, and kits of the segment sold while the recipe was on a menu.

    Segments of the history that have no boxes now still teach the national rates.
    """
    weeks = latest_weeks(week, plan.settings.history_weeks, "history_items")
    items = past(week, "history_items")
    items = items[(items["item_type"] == "recipe") & items["menu_week"].isin(weeks)]
    rows = [*segments, *sorted(set(items["segment"]) - set(segments))]
    recipes = sorted({*offered, *items["item_id"]})
    sold = items.pivot_table(index="segment", columns="item_id", values="pieces", aggfunc="sum",
                             fill_value=0, observed=True)  # fmt: skip
    sold = sold.reindex(index=rows, columns=recipes, fill_value=0).astype(np.float64)
    kits = items.pivot_table(index="segment", columns="menu_week", values="pieces", aggfunc="sum",
                             fill_value=0, observed=True)  # fmt: skip
    kits = kits.reindex(index=rows, columns=weeks, fill_value=0).astype(np.float64)
    menu = ["menu_week", "recipe_id"]
    sold_there = items.rename(columns={"item_id": "recipe_id"})[menu]
    menus = pd.concat([past(week, "history_menu")[menu], sold_there]).drop_duplicates()
    on_menu = pd.crosstab(menus["menu_week"], menus["recipe_id"])
    on_menu = on_menu.reindex(index=weeks, columns=recipes, fill_value=0)
    return sold, kits.to_numpy() @ on_menu.to_numpy(dtype=np.float64)


def attribute_groups(week: WeekData, recipes: pd.Index) -> NDArray[np.int64]:
    """(recipes,) number of the attribute group; recipes without attributes form one group."""
    texts = week["recipes"].set_index("recipe_id")["attributes"].reindex(recipes)
    told = [attributes_of(text) for text in texts]
    keys = [json.dumps([known.get(name) for name in ATTRIBUTES]) for known in told]
    return pd.factorize(pd.Index(keys))[0].astype(np.int64)


def _national(
    sold: pd.DataFrame, exposed: Floats, groups: NDArray[np.int64]
) -> tuple[Floats, Floats, float]:
    """Rate of each recipe, the kits its prior is worth, and how much recipes of a group differ."""
    count, seen = sold.to_numpy().sum(axis=0), exposed.sum(axis=0)
    average = count.sum() / seen.sum() if seen.sum() > 0 else 1.0
    group_count: Floats = np.bincount(groups, count).astype(np.float64)
    group_seen: Floats = np.bincount(groups, seen).astype(np.float64)
    differ_groups = spread(group_count, average * group_seen)
    flat = np.full(len(group_count), average)
    prior = _posterior(group_count, group_seen, flat, differ_groups)[groups]
    differ = spread(count, prior * seen)
    return _posterior(count, seen, prior, differ), np.full(len(count), 1 / differ), differ


def _by_segment(
    sold: pd.DataFrame, exposed: Floats, national: Floats, groups: NDArray[np.int64]
) -> Floats:
    """(segments asked for come first, recipes) rates."""
    count, expected = sold.to_numpy(), exposed * national
    member = np.eye(groups.max() + 1)[groups] if len(groups) else np.zeros((0, 0))
    seen, hoped = count @ member, expected @ member
    liking = _posterior(seen, hoped, np.ones_like(hoped), spread(seen, hoped))[:, groups]
    prior = national * liking
    return _posterior(count, exposed, prior, spread(count, exposed * prior))


def spread(count: Floats, expected: Floats) -> float:
    """How much true rates differ around their prior means: a squared coefficient of variation.

    Method of moments: Σ((n − μ)² − μ) / Σμ², between MIN_SPREAD² and MAX_SPREAD; MAX_SPREAD
    says nothing is known.
    """
    square = float(np.square(expected).sum())
    if square <= 0:
        return 1.0
    beyond = float((np.square(count - expected) - expected).sum())
    return float(np.clip(beyond / square, MIN_SPREAD**2, MAX_SPREAD))


def _posterior(count: Floats, exposure: Floats, prior: Floats, differ: float) -> Floats:
    """Mean of a Poisson rate with a Gamma prior of this mean and squared cv."""
    shape = 1 / differ
    return (count + shape) / (exposure + shape / np.maximum(prior, 1e-12))
