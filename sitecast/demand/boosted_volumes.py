"""Box volumes by gradient boosting: one model for all regions, segments and days, with drivers.

It learns how the logarithm of boxes departs from a series' recent level, as far ahead as the week
is now, from what every series did.
"""

import numpy as np
import pandas as pd

from sitecast.demand.boosted_ridge import (
    UNKNOWN_VARIANCE,
    Examples,
    boosted_ridge,
    lightgbm_package,
)
from sitecast.demand.panel import GROUP, Floats, Panel, read_panel
from sitecast.demand.panel_features import CATEGORIES, LINEAR, week_rows
from sitecast.demand.volumes import nothing_known
from sitecast.records.plan import ForecastPlan
from sitecast.records.week_record import WeekData

FIRST_WEEKS = 4
"""So many weeks must have been known before one teaches anything."""


class BoostedVolumes:
    """Ridge regression and gradient-boosted trees over levels, calendar and demand_drivers.

    Means add up over regions, segments and days, so that every level is coherent.

    Raises:
        SettingsError: lightgbm is not installed.
    """

    def __init__(self) -> None:
        lightgbm_package()  # a plan that names this model is refused when it is made, not in a week

    def boxes(self, week: WeekData, plan: ForecastPlan) -> pd.DataFrame:
        """See VolumeModel.boxes."""
        panel = read_panel(week, plan)
        if panel is None:
            raise nothing_known(week)
        mean, variance = forecast(panel)
        served = ~panel.closed.ravel() & np.isfinite(mean) & (mean > 0)
        count = panel.dates.shape[1]
        made = panel.groups.loc[panel.groups.index.repeat(count)].reset_index(drop=True)
        made.insert(0, "delivery_date", np.tile(panel.dates[-1], len(panel.groups)))
        made = made.assign(mean_boxes=mean, sd_boxes=np.sqrt(variance))[served]
        return made.sort_values(["delivery_date", *GROUP], ignore_index=True)


def forecast(panel: Panel) -> tuple[Floats, Floats]:
    """(series × days,) mean and variance of the boxes of the panel's last week."""
    lag = panel.lag
    now = week_rows(panel, panel.boxes.shape[1] - 1, lag)
    examples = _examples(panel, lag)
    if examples is None:
        return _moments(now.level, np.full(len(now.level), UNKNOWN_VARIANCE))
    departure, variance = boosted_ridge(examples, now.x, lag)
    return _moments(now.level + departure, variance)


def _moments(log_boxes: Floats, log_variance: Floats) -> tuple[Floats, Floats]:
    """Mean and variance of boxes whose logarithm of 1 + boxes is normal; at least Poisson noise."""
    raised = np.exp(log_boxes + log_variance / 2)
    mean = np.maximum(raised - 1, 0.0)
    return mean, np.maximum(raised**2 * np.expm1(log_variance), mean)


def _examples(panel: Panel, lag: int) -> Examples | None:
    """What past weeks teach; None when nothing was known early enough before any of them."""
    known = panel.boxes.shape[1] - lag
    places = range(lag - 1 + min(FIRST_WEEKS, max(known - lag, 1)), known)
    parts = [week_rows(panel, place, lag) for place in places]
    if not parts:
        return None
    boxes = np.concatenate([panel.boxes[:, place].ravel() for place in places])
    names = parts[0].names
    whole = Examples(
        np.concatenate([part.x for part in parts]),
        np.log1p(boxes) - np.concatenate([part.level for part in parts]),
        np.repeat(np.array(places, dtype=np.float64), len(parts[0].level)),
        np.array([name.startswith(LINEAR) for name in names]),
        [names.index(name) for name in CATEGORIES],
    )
    seen = np.isfinite(whole.came)
    return whole.of(seen) if seen.any() else None
