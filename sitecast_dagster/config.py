"""Typed run config: settings of the plan file that a launch may change.

What belongs here: mirrors of library settings, with the library's descriptions. What does not:
checks (the library's plan_settings() makes them).
"""

from typing import Any

import dagster as dg
from pydantic import Field

from sitecast.settings import PlanSettings, plan_settings


def _mirrored(name: str) -> Any:
    return Field(None, description=PlanSettings.model_fields[name].description)


class PlanConfig(dg.Config):
    """What to change in the plan file for one launch; empty fields keep the file's settings."""

    horizon_weeks: int | None = _mirrored("horizon_weeks")
    first_menu_week: str | None = _mirrored("first_menu_week")
    as_of: str | None = _mirrored("as_of")
    seed: int | None = _mirrored("seed")
    draws: int | None = _mirrored("draws")
    service_level: float | None = _mirrored("service_level")

    def over(self, settings: PlanSettings) -> PlanSettings:
        """The plan file's settings with this launch's changes, checked."""
        changes = {name: value for name, value in self.model_dump().items() if value is not None}
        return plan_settings({**settings.model_dump(mode="json"), **changes}, "launch config")
