"""Box volumes as a combination of forecasts, weighted by what they were worth in past weeks.

Each past week is forecast as far ahead as the week is now, from what lay before it: its errors give
the weights and the spread. What does not belong here: the forecasts (faded_levels.py,
boosted_volumes.py) and how weights come of errors (combination.py).
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from sitecast.demand.boosted_volumes import forecast
from sitecast.demand.combination import combination_weights
from sitecast.demand.faded_levels import COUNT, faded_levels
from sitecast.demand.panel import Floats, Panel, box_table, read_panel
from sitecast.records.plan import ForecastPlan
from sitecast.records.week_record import WeekData

MOST_TARGETS = 20
"""Past weeks whose errors count: about the latest half-year's."""
POOL_WEEKS = 8.0
"""Weeks of a series' own errors against which everybody's weigh in its spread."""
UNTRIED, LEAST, MOST = 0.1, 1e-6, 4.0
"""Squared relative error beyond Poisson while there is none to learn from, at least and at most."""
_ROUNDS = 5


class CombinedVolumes:
    """Faded levels, own and the company's, quick and slow, weighted by past errors at this lead.

    Where `demand_drivers` tell more than closed days, gradient boosting that knows them is one of
    the forecasts. Days that are declared closed get nothing.
    """

    def boxes(self, week: WeekData, plan: ForecastPlan) -> pd.DataFrame:
        """See VolumeModel.boxes."""
        panel = read_panel(week, plan)
        told = driven_told(panel) if panel.drivers else levels_told(panel, target_places(panel))
        return box_table(panel, *combined(panel, told))


@dataclass(frozen=True)
class Told:
    """What each forecast says of the week, and would have said of past ones."""

    places: list[int]
    """Past weeks, counted from the panel's first."""
    past: Floats
    """(forecasts, series, places, days)"""
    now: Floats
    """(forecasts, series, days)"""
    past_spread: Floats
    """(series, places, days) squared relative errors beyond Poisson that are expected, up to a
    factor that past errors tell."""
    spread: Floats
    """(series, days) the same of the week."""


def target_places(panel: Panel) -> list[int]:
    """The latest past weeks that could have been forecast this far ahead."""
    known = panel.known.shape[1]
    return list(range(max(panel.lag, known - MOST_TARGETS), known))


def levels_told(panel: Panel, places: list[int]) -> Told:
    """What faded levels say of the week, and would have said of past weeks as far ahead."""
    series, _, days = panel.boxes.shape
    past = [faded_levels(panel.boxes[:, : place - panel.lag + 1]) for place in places]
    laid = np.stack(past, axis=2) if past else np.zeros((COUNT, series, 0, days))
    alike = np.ones((series, len(places), days)), np.ones((series, days))
    return Told(places, laid, faded_levels(panel.known), *alike)


def driven_told(panel: Panel) -> Told:
    """The same of levels and boosting, for past weeks that a fit of boosting had not seen."""
    boosted = forecast(panel)
    levels = levels_told(panel, boosted.places)
    past = np.concatenate([levels.past, np.nan_to_num(boosted.past_mean)[None]])
    now = np.concatenate([levels.now, boosted.mean[None]])
    shape = _relative(boosted.past_mean, boosted.past_variance)
    coming = _relative(boosted.mean, boosted.variance)
    return Told(boosted.places, past, now, shape, coming)


def combined(panel: Panel, told: Told) -> tuple[Floats, Floats]:
    """(series, days) mean and variance of the week: forecasts weighted by their past errors."""
    came = panel.boxes[:, told.places]
    seen = np.isfinite(came)
    past, came = np.where(seen, told.past, 0.0), np.where(seen, came, 0.0)
    weights = combination_weights(
        past.sum(axis=3).reshape(len(past), -1), came.sum(axis=2).ravel(),
        int((came.sum(axis=(0, 2)) > 0).sum()),
    )  # fmt: skip
    mean = np.tensordot(weights, told.now, axes=1)
    factor = _excess(np.tensordot(weights, past, axes=1), came, np.nan_to_num(told.past_spread))
    return mean, mean + factor[:, None] * told.spread * np.square(mean)


def _excess(told: Floats, came: Floats, spread: Floats) -> Floats:
    """(series,) squared errors of days beyond Poisson ÷ expected ones, drawn to everybody's.

    Least squares, each day weighted by how well its squared error is known.
    """
    unit = spread * np.square(told)
    beyond = np.square(came - told) - told
    pooled = 1.0
    for _ in range(_ROUNDS):
        precision = np.where(unit > 0, 1 / np.square(np.maximum(told + pooled * unit, 1e-9)), 0.0)
        known = precision * unit
        if not known.sum() > 0:
            return np.full(len(told), UNTRIED)
        pooled = max(float((known * beyond).sum() / (known * unit).sum()), LEAST)
    expected = (known * unit).sum(axis=(1, 2))
    own = np.divide((known * beyond).sum(axis=(1, 2)), expected, out=np.zeros(len(told)),
                    where=expected > 0)  # fmt: skip
    weeks = told.shape[1]
    return np.clip((weeks * own + POOL_WEEKS * pooled) / (weeks + POOL_WEEKS), LEAST, MOST)


def _relative(mean: Floats, variance: Floats) -> Floats:
    """Squared relative spread beyond Poisson."""
    square = np.square(mean)
    beyond = np.maximum(variance - mean, 0.0)
    return np.divide(beyond, square, out=np.zeros_like(square), where=square > 0)
