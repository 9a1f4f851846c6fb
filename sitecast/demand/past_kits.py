"""Kits of past weeks as arrays: by segment, week and recipe, and what was on which menu.

What belongs here: laying tables out, and what recipes have in common. What does not: models.
"""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sitecast.demand.past import latest_weeks, past
from sitecast.demand.shares import attribute_groups
from sitecast.records.attributes import attributes_of
from sitecast.records.plan import ForecastPlan
from sitecast.records.week_record import WeekData

DECLARED = ("position", "surcharge", "promotion")
"""Columns of menus that say how a recipe is presented."""
MOST_TRAITS = 40
CLUMPS = 20.0
"""Kits of a week share that week's chances: so many of them tell as much as one would alone."""
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class PastKits:
    """What sold; segments and recipes are those asked for, then all others of the history."""

    segments: list[str]
    recipes: list[str]
    kits: Floats
    """(segments, weeks, recipes), oldest week first."""
    on_menu: Floats
    """(weeks, recipes) 1 where it could be chosen."""
    age: Floats
    """(weeks,) how many weeks before the week to forecast."""
    groups: Ints
    """(recipes,) number of the recipe's attribute group."""
    traits: Floats
    """(recipes, traits) what recipes are, each trait around 0 with a spread of 1 or less."""
    placed: Floats
    """(segments, recipes) kits of the week's own order book."""
    declared: Floats
    """(weeks + 1, recipes, DECLARED) what menus say, the week's own last; NaN where nothing."""

    @property
    def nation(self) -> Floats:
        """(weeks, recipes) kits of all segments."""
        return self.kits.sum(axis=0)

    def before(self, age: float) -> "PastKits":
        """What was known for forecasts of weeks up to `age` weeks before the one to forecast."""
        known = self.age >= age + self.age.min(initial=np.inf)
        declared = self.declared[[*known, True]]
        return replace(self, kits=self.kits[:, known], on_menu=self.on_menu[known],
                       age=self.age[known] - age, declared=declared)  # fmt: skip


def read_past_kits(
    week: WeekData, plan: ForecastPlan, segments: list[str], offered: list[str]
) -> PastKits:
    """What past weeks sold, of the recipes on offer and of others that teach what they are like."""
    weeks = latest_weeks(week, plan.settings.history_weeks, "history_items")
    items = past(week, "history_items")
    items = items[(items["item_type"] == "recipe") & items["menu_week"].isin(weeks)]
    every_segment = [*segments, *sorted(set(items["segment"]) - set(segments))]
    recipes = [*offered, *sorted(set(items["item_id"]) - set(offered))]
    kits = np.zeros((len(every_segment), len(weeks), len(recipes)))
    np.add.at(kits, (
        pd.Index(every_segment).get_indexer(items["segment"]),
        pd.Index(weeks).get_indexer(items["menu_week"]),
        pd.Index(recipes).get_indexer(items["item_id"]),
    ), items["pieces"].to_numpy(np.float64))  # fmt: skip
    starts = week["menu_weeks"].set_index("menu_week")["start_date"]
    age = (starts[week.menu_week] - starts[weeks]).dt.days.to_numpy(np.float64) / 7
    return PastKits(
        every_segment, recipes, kits, _on_menu(week, weeks, recipes, kits), age,
        attribute_groups(week, pd.Index(recipes)), recipe_traits(week, recipes),
        _placed(week, every_segment, recipes), _declared(week, weeks, recipes),
    )  # fmt: skip


def recipe_traits(week: WeekData, recipes: list[str]) -> Floats:
    """(recipes, traits) every attribute: a number as it is, of a text or list whether it is there.

    Numbers in units of their spread, unknown ones are the mean. Of texts those that tell most
    recipes apart; what one recipe alone has, or all have, tells nothing of others.
    """
    texts = week["recipes"].set_index("recipe_id")["attributes"].reindex(recipes)
    told = [attributes_of(text) for text in texts]
    words = pd.DataFrame([_words(known) for known in told], index=recipes).fillna(0.0)
    words = words.loc[:, words.sum().between(2, len(words) - 2)].sort_index(axis=1)
    most = words.var().sort_values(ascending=False, kind="stable").index[:MOST_TRAITS]
    numbers = pd.DataFrame([_numbers(known) for known in told], index=recipes).sort_index(axis=1)
    numbers = numbers / numbers.std(ddof=0)
    numbers = numbers.loc[:, np.isfinite(numbers).any() if len(numbers.columns) else []]
    traits = pd.concat([words[most], numbers], axis=1).astype(np.float64)
    return (traits - traits.mean()).fillna(0.0).to_numpy(np.float64)


def _words(known: dict[str, object]) -> dict[str, float]:
    """1 for each text, or text of a list, that the attributes say."""
    said = {name: value if isinstance(value, list) else [value] for name, value in known.items()}
    return {f"{name}: {value}": 1.0 for name, values in said.items() for value in values
            if isinstance(value, (str, bool))}  # fmt: skip


def _numbers(known: dict[str, object]) -> dict[str, float]:
    return {name: float(value) for name, value in known.items()
            if isinstance(value, (int, float)) and not isinstance(value, bool)}  # fmt: skip


def _on_menu(week: WeekData, weeks: list[str], recipes: list[str], kits: Floats) -> Floats:
    """What was offered or, without that knowledge, sold."""
    menus = past(week, "history_menu")
    row = pd.Index(weeks).get_indexer(menus["menu_week"])
    column = pd.Index(recipes).get_indexer(menus["recipe_id"])
    table = kits.sum(axis=0) > 0
    some = (row >= 0) & (column >= 0)
    table[row[some], column[some]] = True
    return table.astype(np.float64)


def _declared(week: WeekData, weeks: list[str], recipes: list[str]) -> Floats:
    menus = pd.concat([past(week, "history_menu"), week["menu"]], ignore_index=True)
    row = pd.Index([*weeks, week.menu_week]).get_indexer(menus["menu_week"])
    column = pd.Index(recipes).get_indexer(menus["recipe_id"])
    table = np.full((len(weeks) + 1, len(recipes), len(DECLARED)), np.nan)
    some = (row >= 0) & (column >= 0)
    # A snapshot that an earlier version took may not have all of them.
    told = (
        menus.reindex(columns=list(DECLARED))
        .astype("Float64")
        .to_numpy(np.float64, na_value=np.nan)
    )
    table[row[some], column[some]] = told[some]
    return table


def _placed(week: WeekData, segments: list[str], recipes: list[str]) -> Floats:
    orders = week["orders"].drop_duplicates("order_id").set_index("order_id")
    chosen = orders.index[~orders["is_default"].astype(bool)]
    lines = week["order_lines"]
    lines = lines[(lines["item_type"] == "recipe") & lines["order_id"].isin(chosen)]
    table = np.zeros((len(segments), len(recipes)))
    row = pd.Index(segments).get_indexer(lines["order_id"].map(orders["segment"]))
    column = pd.Index(recipes).get_indexer(lines["item_id"])
    some = (row >= 0) & (column >= 0)
    np.add.at(table, (row[some], column[some]), lines["quantity"].to_numpy(np.float64)[some])
    return table
