"""Expected volumes and tastes of a menu week: the company's box forecast, or the models."""

from collections.abc import Callable
from typing import TypeVar

import pandas as pd

from sitecast.demand.answers import checked_boxes, checked_choices
from sitecast.demand.box_mix import default_rates, mix
from sitecast.demand.installed import Kind, planned_model
from sitecast.demand.models import ChoiceModel, VolumeModel
from sitecast.demand.new_regions import with_new_regions
from sitecast.errors import DataError, SitecastError
from sitecast.records.demand_forecast import Choices, DemandForecast
from sitecast.records.plan import ForecastPlan
from sitecast.records.week_record import WeekData

_BOXES = ["delivery_date", "region_id", "segment", "mean_boxes", "sd_boxes"]
_Model = TypeVar("_Model")
_Answer = TypeVar("_Answer")


def forecast_demand(
    week: WeekData,
    plan: ForecastPlan,
    volumes: VolumeModel | None = None,
    choice: ChoiceModel | None = None,
) -> DemandForecast:
    """What is expected of a week before any order is simulated.

    Args:
        week: its box_forecast is used as it stands where it has rows.
        plan: names the models; its box sizes and portions limit the mixes.
        volumes: fills the boxes of a week without box_forecast; the plan's model when not given.
        choice: how customers choose; the plan's model when not given.
    Returns:
        Boxes with placed ones included; choices and mixes for every segment that has boxes in the
        forecast or in the order book.
    Raises:
        DataError: neither a box forecast nor history; a model fails, or breaks its contract.
        SettingsError: a model of the plan is not installed (any more).
    """
    brought = week["box_forecast"]
    boxes = brought[_BOXES].reset_index(drop=True)
    if brought.empty:
        boxes = _boxes(week, plan, volumes)
    segments = sorted({*boxes["segment"], *week["orders"]["segment"]})
    simulator = plan.settings.simulator
    return DemandForecast(
        boxes,
        _choices(week, plan, segments, choice),
        mix(week, "n_kits", simulator.box_sizes, segments),
        mix(week, "portions", simulator.portions, segments),
        default_rates(week, segments),
    )


def _boxes(week: WeekData, plan: ForecastPlan, given: VolumeModel | None) -> pd.DataFrame:
    model, label = _chosen("volumes", plan, given)
    answer = _asked("volumes", label, week, lambda: model.boxes(week, plan))
    return with_new_regions(checked_boxes(answer, label, week), week)


def _choices(
    week: WeekData, plan: ForecastPlan, segments: list[str], given: ChoiceModel | None
) -> Choices:
    model, label = _chosen("choice", plan, given)
    answer = _asked("choice", label, week, lambda: model.choices(week, plan, list(segments)))
    return checked_choices(answer, label, week, segments)


def _chosen(kind: Kind, plan: ForecastPlan, given: _Model | None) -> tuple[_Model, str]:
    """The model to ask, and what its errors call it."""
    if given is not None:
        return given, type(given).__name__
    planned = planned_model(kind, plan)
    return planned.make(), planned.label


def _asked(kind: Kind, label: str, week: WeekData, ask: Callable[[], _Answer]) -> _Answer:
    try:
        return ask()
    except SitecastError:
        raise
    except Exception as error:
        raise DataError(
            f"the {kind} model {label} failed: {type(error).__name__}: {error}",
            {"menu_week": week.menu_week},
            f"correct the model, or name another one in the plan file (models.{kind})",
        ) from error
