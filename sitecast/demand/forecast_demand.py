"""Expected volumes and tastes of a menu week: the company's box forecast, or the models."""

from sitecast.demand.box_mix import default_rates, mix
from sitecast.demand.models import ChoiceModel, VolumeModel
from sitecast.demand.shares import ShrunkShares
from sitecast.demand.volumes import MovingMeanVolumes
from sitecast.records.demand_forecast import DemandForecast
from sitecast.records.plan import ForecastPlan
from sitecast.records.week_record import WeekData

_BOXES = ["delivery_date", "region_id", "segment", "mean_boxes", "sd_boxes"]
_MEAN_8, _SHRUNK = MovingMeanVolumes(), ShrunkShares()


def forecast_demand(
    week: WeekData,
    plan: ForecastPlan,
    volumes: VolumeModel = _MEAN_8,
    choice: ChoiceModel = _SHRUNK,
) -> DemandForecast:
    """What is expected of a week before any order is simulated.

    Args:
        week: its box_forecast is used as it stands where it has rows.
        plan: its box sizes and portions limit the mixes.
        volumes: fills the boxes of a week without box_forecast.
        choice: how customers choose.
    Returns:
        Boxes with placed ones included; choices and mixes for every segment that has boxes in the
        forecast or in the order book.
    Raises:
        DataError: neither a box forecast nor history.
    """
    brought = week["box_forecast"]
    boxes = volumes.boxes(week, plan) if brought.empty else brought[_BOXES].reset_index(drop=True)
    segments = sorted({*boxes["segment"], *week["orders"]["segment"]})
    simulator = plan.settings.simulator
    return DemandForecast(
        boxes,
        choice.choices(week, plan, segments),
        mix(week, "n_kits", simulator.box_sizes, segments),
        mix(week, "portions", simulator.portions, segments),
        default_rates(week, segments),
    )
