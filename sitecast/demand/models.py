"""The two seams of the demand stage: how many boxes, and what customers choose."""

from typing import Protocol

import pandas as pd

from sitecast.records.demand_forecast import Choices
from sitecast.records.plan import ForecastPlan
from sitecast.records.week_record import WeekData


class VolumeModel(Protocol):
    """How many boxes a week will have, where the company brings no box forecast."""

    def boxes(self, week: WeekData, plan: ForecastPlan) -> pd.DataFrame:
        """Expected boxes, placed ones included.

        Returns:
            delivery_date, region_id, segment, mean_boxes, sd_boxes; no row twice.
        Raises:
            DataError: there is nothing to forecast from.
        """


class ChoiceModel(Protocol):
    """How the customers of a segment choose from the week's menu."""

    def choices(self, week: WeekData, plan: ForecastPlan, segments: list[str]) -> Choices:
        """Utilities by segment and recipe for the week, with their uncertainty.

        Args:
            week: its menu and recipes (what can be chosen), and what past weeks sold.
            plan: seed, history_weeks and the simulator's constraints.
            segments: every one of them needs utilities.
        """
