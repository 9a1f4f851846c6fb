"""The tables of a publication, and the names people know things by."""

import functools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from sitecast.publish.buying import plan_purchases
from sitecast.publish.manifest import PlanManifest
from sitecast.publish.summary import summarise
from sitecast.records.contract import TableContract
from sitecast.records.plan import ForecastPlan
from sitecast.records.tables_accuracy import FORECAST_ACCURACY
from sitecast.records.tables_changes import CHANGE_TABLES
from sitecast.records.tables_purchases import PURCHASE_PLAN
from sitecast.records.tables_written import WEEKLY_TABLES
from sitecast.records.week_record import ForecastChanges, SiteForecast, WeekData
from sitecast.store import WeekStore


@dataclass(frozen=True)
class Contents:
    """What a publication says."""

    plan: ForecastPlan
    publication_id: str
    tables: Mapping[str, pd.DataFrame]
    """The published tables over all weeks of the plan, in the order of their keys."""
    site_names: Mapping[str, str]
    sku_names: Mapping[str, str]
    inputs: Mapping[str, WeekData] = field(default_factory=dict)
    """menu week → the data its forecast was made from."""
    versions: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """menu week → asset → version."""
    accuracy: pd.DataFrame = field(default_factory=FORECAST_ACCURACY.empty)
    """forecast_accuracy of earlier weeks, as known when this is published."""

    @functools.cached_property
    def summary(self) -> dict[str, Any]:
        """summarise() of the tables, once: page, workbook, email and summary.json all say it."""
        return summarise(self.tables)


def gather(
    plan: ForecastPlan,
    manifest: PlanManifest,
    forecasts: Mapping[str, SiteForecast],
    weeks: WeekStore,
) -> Contents:
    """Put the plan's weeks together, with names as they were in the very data they came from."""
    inputs = {
        week: weeks.read(WeekData, plan.plan_id, week, made[WeekData.asset])
        for week, made in manifest.weeks.items()
    }
    tables = {PURCHASE_PLAN.name: plan_purchases(plan, forecasts, inputs)}
    for contract in WEEKLY_TABLES:
        parts = [contract.shaped(forecasts[week][contract.name]) for week in plan.menu_weeks]
        tables[contract.name] = _joined(contract, parts)
    explained = [
        weeks.read(ForecastChanges, plan.plan_id, week, made[ForecastChanges.asset])
        for week, made in manifest.weeks.items() if ForecastChanges.asset in made
    ]  # fmt: skip
    for contract in CHANGE_TABLES:
        parts = [contract.shaped(changes[contract.name]) for changes in explained]
        tables[contract.name] = _joined(contract, parts or [contract.empty()])
    return Contents(
        plan, manifest.publication_id, tables,
        _names(inputs.values(), "sites", "site_id"), _names(inputs.values(), "skus", "sku_id"),
        inputs, manifest.weeks,
    )  # fmt: skip


def _joined(contract: TableContract, parts: list[pd.DataFrame]) -> pd.DataFrame:
    joined = pd.concat(parts, ignore_index=True)
    return joined.sort_values(list(contract.key), ignore_index=True)


def _names(inputs: Iterable[WeekData], table: str, key: str) -> dict[str, str]:
    """The names of the latest week win."""
    names: dict[str, str] = {}
    for week in inputs:
        names.update(zip(week[table][key], week[table]["name"], strict=True))
    return names
