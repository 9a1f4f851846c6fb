"""The configurator: from settings and the calendar to a frozen plan."""

import datetime as dt
import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict

import pandas as pd

from sitecast.errors import SettingsError
from sitecast.records.plan import ForecastPlan, PublishedForecast
from sitecast.settings import PlanSettings
from sitecast.weeks import checked_menu_week


def make_plan(
    settings: PlanSettings,
    calendar: pd.DataFrame,
    input_hashes: Mapping[str, str],
    as_of: dt.datetime,
    code_version: str,
    models: Mapping[str, str],
    published: Mapping[str, PublishedForecast] | None = None,
) -> ForecastPlan:
    """Freeze one plan.

    Args:
        settings: the plan file; its as_of, where given, wins over the argument.
        calendar: the table menu_weeks.
        input_hashes: fingerprint of each input table.
        as_of: knowledge time when the plan file names none; UTC.
        code_version: version of sitecast that will run the plan.
        models: name and version of each demand model; a new version is a new plan.
        published: menu week → the last forecast published of it, as known at as_of.
    Raises:
        SettingsError: the calendar does not reach over the horizon.
    """
    frozen = settings.model_copy(update={"as_of": settings.as_of or as_of.replace(microsecond=0)})
    known = frozen.as_of or as_of
    weeks = plan_weeks(frozen, calendar, known)
    last = published or {}
    previous = {week: last[week] for week in weeks if week in last}
    facts = {
        "settings": frozen.model_dump(mode="json"),
        "menu_weeks": weeks,
        "inputs": dict(input_hashes),
        "code_version": code_version,
        "models": dict(models),
        "previous": {week: asdict(last) for week, last in previous.items()},
    }
    return ForecastPlan(
        _plan_id(known, facts), known, tuple(weeks), code_version, frozen, dict(input_hashes),
        dict(models), previous,
    )  # fmt: skip


def _plan_id(as_of: dt.datetime, facts: Mapping[str, object]) -> str:
    text = json.dumps(facts, sort_keys=True, allow_nan=False)
    return f"{as_of:%Y%m%dT%H%M}-{hashlib.sha256(text.encode()).hexdigest()[:12]}"


def plan_weeks(settings: PlanSettings, calendar: pd.DataFrame, as_of: dt.datetime) -> list[str]:
    """The menu weeks of the horizon, in the calendar's order of dates."""
    ordered = calendar.sort_values("start_date")
    if settings.first_menu_week is not None:
        first = checked_menu_week(settings.first_menu_week, ordered["menu_week"])
        ordered = ordered[(ordered["menu_week"] == first).cummax()]
    else:
        ordered = ordered[ordered["start_date"] > pd.Timestamp(as_of).tz_localize(None)]
    weeks = [checked_menu_week(key) for key in ordered["menu_week"].head(settings.horizon_weeks)]
    if len(weeks) < settings.horizon_weeks:
        raise SettingsError(
            f"the calendar holds {len(weeks)} of the {settings.horizon_weeks} weeks to plan",
            {"table": "menu_weeks", "as_of": as_of.isoformat()},
            "add rows to menu_weeks, or lower horizon_weeks",
        )
    return weeks
