"""Demand models: expected boxes and tastes of a menu week."""

from sitecast.demand.forecast_demand import forecast_demand
from sitecast.demand.installed import model_labels
from sitecast.demand.models import ChoiceModel, VolumeModel
from sitecast.demand.shares import ShrunkShares
from sitecast.demand.volumes import MovingMeanVolumes
from sitecast.records.demand_forecast import Choices

__all__ = [
    "ChoiceModel", "Choices", "MovingMeanVolumes", "ShrunkShares", "VolumeModel", "forecast_demand",
    "model_labels",
]  # fmt: skip
