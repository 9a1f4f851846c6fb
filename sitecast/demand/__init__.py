"""Demand models: expected boxes and tastes of a menu week."""

from sitecast.demand.forecast_demand import forecast_demand
from sitecast.demand.models import ChoiceModel, VolumeModel
from sitecast.demand.shares import ShrunkShares
from sitecast.demand.volumes import MovingMeanVolumes

__all__ = [
    "ChoiceModel", "MovingMeanVolumes", "ShrunkShares", "VolumeModel", "forecast_demand",
]  # fmt: skip
