"""What bounds the kits of a recipe, and how its popularity varies between draws."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sitecast.records.plan import ForecastPlan
from sitecast.records.tables_simulated import RECIPE_FACTORS, RECIPE_RULES
from sitecast.records.week_axes import WeekAxes
from sitecast.records.week_record import WeekData
from sitecast.settings import SimulatorSettings
from sitecast.simulate.shocks import stratified_shocks
from sitecast.simulate.volumes import keys_of

Floats = NDArray[np.float64]


def recipe_rules(
    week: WeekData, axes: WeekAxes, settings: SimulatorSettings, placed_kits: NDArray[np.int64]
) -> pd.DataFrame:
    """A menu's own max_per_box above 1 is the limit of that recipe; else the plan's.

    Placed kits use up recipe caps first.
    """
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


def recipe_factors(
    sd: Floats, kits: Floats, axes: WeekAxes, plan: ForecastPlan, week: WeekData
) -> pd.DataFrame:
    """Popularity shocks of mean 1, shared by all segments.

    Recipes vary by week (the plan's spread), and utilities are estimates.

    Args:
        sd: (segments, recipes) standard deviation of the utility.
        kits: (segments, recipes) expected kits; a recipe's spread is the mean over its kits.
        axes: recipes of the week.
        plan: seed, draws, spread.
        week: names the streams; how far ahead it is decides the spread.
    """
    shock = plan.settings.simulator.uncertainty.at(week.lead_days(plan.as_of)).recipe
    mass = kits.sum(axis=0)
    variance = np.divide((kits * sd**2).sum(axis=0), mass, out=np.zeros(len(mass)), where=mass > 0)
    cv = np.hypot(np.sqrt(shock.stated * np.expm1(variance)), shock.cv)
    keys = keys_of(plan.seed, week.menu_week, "recipe", axes.recipes)
    factors = stratified_shocks(keys, plan.draws, cv, shock)
    return RECIPE_FACTORS.shaped(pd.DataFrame({
        "draw": np.repeat(np.arange(plan.draws), len(axes.recipes)),
        "recipe_id": np.tile(axes.recipes.to_numpy(), plan.draws),
        "factor": factors.ravel(),
    }))  # fmt: skip
