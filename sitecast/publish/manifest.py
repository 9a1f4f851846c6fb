"""Which versions a publication is made of: exactly the plan's weeks, and what they were made from.

What belongs here: choosing and checking versions. What does not: reading tables (contents.py).
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass

from sitecast.errors import StoreError
from sitecast.publish.due import PlanVersion
from sitecast.records.plan import ForecastPlan
from sitecast.records.week_record import ForecastChanges, SiteForecast, WeekData
from sitecast.store import Ledger, WeekStore


@dataclass(frozen=True)
class PlanManifest:
    """plan_id, and menu week → asset → version."""

    plan_id: str
    weeks: Mapping[str, Mapping[str, str]]

    @property
    def publication_id(self) -> str:
        """The plan id and 12 hex digits of the manifest's sha256."""
        facts = {"plan_id": self.plan_id, "weeks": self.weeks}
        digest = hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()
        return f"{self.plan_id}-{digest[:12]}"


def plan_manifest(
    plan: ForecastPlan, weeks: WeekStore
) -> tuple[PlanManifest, Mapping[str, SiteForecast]]:
    """The newest forecasts of exactly the plan's weeks, and the manifest that names them.

    extracted_data is the version a forecast was made from, which need not be the newest;
    forecast_changes is named where there is one about just this forecast: what a forecast says
    does not wait for why it changed.

    Raises:
        StoreError: a week is missing, or was made for another plan.
    """
    heads = site_forecast_heads(plan, weeks)
    missing = [week for week, head in heads.items() if head is None]
    if missing:
        raise StoreError(
            f"the plan is not complete: no site_forecast for {', '.join(missing)}",
            {"plan_id": plan.plan_id},
            "run these weeks; the last good publication stays current",
        )
    forecasts = {
        week: weeks.read(SiteForecast, plan.plan_id, week, head) for week, head in heads.items()
    }
    versions = {
        week: {**_made_of(forecast), **_explained_by(forecast, weeks)}
        for week, forecast in forecasts.items()
    }
    return PlanManifest(plan.plan_id, versions), forecasts


def site_forecast_heads(plan: ForecastPlan, weeks: WeekStore) -> dict[str, str | None]:
    """Menu week → newest version of its site_forecast, or None; for plans_due()."""
    return {week: weeks.head(plan.plan_id, week, SiteForecast) for week in plan.menu_weeks}


def published_plan_versions(ledger: Ledger) -> list[PlanVersion]:
    """What every publication was made of; for plans_due()."""
    return [
        PlanVersion(plan_id, {week: made[SiteForecast.asset] for week, made in versions.items()})
        for plan_id, versions in ledger.published_versions().values()
    ]


def _made_of(forecast: SiteForecast) -> Mapping[str, str]:
    inputs = forecast.provenance.inputs
    if WeekData.asset not in inputs:
        raise StoreError(
            "the forecast does not say which extracted_data it was made from",
            {"plan_id": forecast.provenance.plan_id, "menu_week": forecast.menu_week},
            "run the week again",
        )
    return {**inputs, SiteForecast.asset: forecast.version}


def _explained_by(forecast: SiteForecast, weeks: WeekStore) -> Mapping[str, str]:
    plan_id, menu_week = forecast.provenance.plan_id, forecast.menu_week
    head = weeks.head(plan_id, menu_week, ForecastChanges)
    if head is None:
        return {}
    changes = weeks.read(ForecastChanges, plan_id, menu_week, head)
    about = changes.provenance.inputs.get(SiteForecast.asset)
    return {ForecastChanges.asset: head} if about == forecast.version else {}
