"""Which recipes, in which portions sizes, a simulated box may hold."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sitecast.records.attributes import diet_tags
from sitecast.records.week_axes import WeekAxes
from sitecast.records.week_record import WeekData
from sitecast.settings import Exclusion

Flags = NDArray[np.bool_]


def kit_exists(week: WeekData, axes: WeekAxes) -> Flags:
    """(portions, recipes) whether the recipe has a bill of materials at the portions size."""
    bom = week["recipe_bom"][["recipe_id", "portions"]].drop_duplicates()
    recipe = axes.recipes.get_indexer(bom["recipe_id"])
    size = np.searchsorted(axes.portions, bom["portions"].to_numpy())
    exists = np.zeros((len(axes.portions), len(axes.recipes)), dtype=bool)
    exists[size[recipe >= 0], recipe[recipe >= 0]] = True
    return exists


def choosable(
    week: WeekData, axes: WeekAxes, segments: Sequence[str], exclusions: Sequence[Exclusion]
) -> Flags:
    """(segments, recipes) whether boxes of the segment may hold the recipe.

    Available ones only, without what the plan excludes; placed orders are not asked.
    """
    available = week["menu"].set_index("recipe_id")["available"].reindex(axes.recipes)
    fine = np.tile(available.to_numpy(bool) & kit_exists(week, axes).any(axis=0),
                   (len(segments), 1))  # fmt: skip
    attributes = week["recipes"].set_index("recipe_id")["attributes"].reindex(axes.recipes)
    tags = [diet_tags(text) for text in attributes] if exclusions else []
    for rule in exclusions:
        row = [segment == rule.segment for segment in segments]
        if rule.recipe_id is not None:
            fine[np.ix_(row, axes.recipes == rule.recipe_id)] = False
        if rule.without_diet_tag is not None:
            fine[np.ix_(row, [rule.without_diet_tag not in known for known in tags])] = False
    return fine


def grid(
    table: pd.DataFrame, segments: pd.Index, column: str, along: pd.Index, values: str
) -> NDArray[np.float64]:
    """(segments, along) values of the table; 0 where it has no row, nothing for other keys."""
    found = np.zeros((len(segments), len(along)))
    row, place = segments.get_indexer(table["segment"]), along.get_indexer(table[column])
    mine = (row >= 0) & (place >= 0)
    found[row[mine], place[mine]] = table[values].to_numpy()[mine]
    return found
