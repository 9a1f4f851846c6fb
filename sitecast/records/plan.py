"""The forecast plan: what is forecast, as known when, from which inputs, and how."""

import datetime as dt
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import pandas as pd

from sitecast.errors import SettingsError
from sitecast.records.tables_written import FORECAST_PLAN
from sitecast.settings import PlanSettings, plan_settings

PLAN_ID = re.compile(r"[0-9]{8}T[0-9]{4}-[0-9a-f]{12}")


@dataclass(frozen=True)
class PublishedForecast:
    """One week's forecast as it was published."""

    plan_id: str
    version: str


@dataclass(frozen=True)
class ForecastPlan:
    """One frozen plan; `plan_id` is the fingerprint of everything else in it."""

    plan_id: str
    as_of: dt.datetime
    menu_weeks: tuple[str, ...]
    code_version: str
    settings: PlanSettings
    input_hashes: Mapping[str, str]
    models: Mapping[str, str] = field(default_factory=dict)
    """Name and version of each demand model."""
    previous: Mapping[str, PublishedForecast] = field(default_factory=dict)
    """menu week → the last forecast published of it: to stay close to, and to explain changes."""

    @property
    def seed(self) -> int:
        """Names the random streams of every week."""
        return self.settings.seed

    @property
    def draws(self) -> int:
        """Simulated futures per week."""
        return self.settings.draws

    @property
    def warning(self) -> str:
        """What is doubtful about the plan as a whole; stops nothing. Empty where nothing is."""
        return self.settings.simulator.uncertainty.doubt(self.models)

    def to_json(self) -> str:
        """Canonical JSON; equal plans give equal text."""
        content = {
            "plan_id": self.plan_id,
            "as_of": self.as_of.isoformat(),
            "menu_weeks": list(self.menu_weeks),
            "code_version": self.code_version,
            "settings": self.settings.model_dump(mode="json"),
            "input_hashes": dict(self.input_hashes),
            "models": dict(self.models),
            "previous": {week: asdict(last) for week, last in self.previous.items()},
        }
        return json.dumps(content, sort_keys=True, indent=1, allow_nan=False)

    @classmethod
    def from_json(cls, text: str) -> "ForecastPlan":
        """The inverse of to_json()."""
        content: dict[str, Any] = json.loads(text)
        return cls(
            content["plan_id"],
            dt.datetime.fromisoformat(content["as_of"]),
            tuple(content["menu_weeks"]),
            content["code_version"],
            plan_settings(content["settings"]),
            content["input_hashes"],
            content.get("models", {}),  # a plan made before models had names
            {week: PublishedForecast(**last) for week, last in content.get("previous", {}).items()},
        )

    def as_table(self) -> pd.DataFrame:
        """The plan as one row of the table forecast_plan."""
        row = {
            "plan_id": self.plan_id,
            "as_of": pd.Timestamp(self.as_of),
            "seed": self.seed,
            "n_draws": self.draws,
            "horizon_weeks": len(self.menu_weeks),
            "menu_weeks": json.dumps(list(self.menu_weeks)),
            "code_version": self.code_version,
            "settings": self.settings.model_dump_json(),
            "input_hashes": json.dumps(dict(self.input_hashes), sort_keys=True),
            "models": json.dumps(dict(self.models), sort_keys=True),
        }
        return FORECAST_PLAN.shaped(pd.DataFrame([row]))


def checked_plan_id(plan_id: str) -> str:
    """Return a well-formed plan id; it becomes part of a path."""
    if PLAN_ID.fullmatch(plan_id):
        return plan_id
    raise SettingsError("not a plan id", {"plan_id": plan_id}, "see `sitecast show plans`")
