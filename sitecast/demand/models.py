"""The two seams of the demand stage: how many boxes, and what customers choose."""

from typing import Protocol

import pandas as pd

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


class ShareModel(Protocol):
    """What the kits of a segment are."""

    def shares(self, week: WeekData, plan: ForecastPlan, segments: list[str]) -> pd.DataFrame:
        """P(recipe | kit) over the recipes that can be chosen.

        Returns:
            segment, recipe_id, share, cv; shares sum to 1 for every one of `segments`. cv is the
            relative uncertainty of the share.
        """
