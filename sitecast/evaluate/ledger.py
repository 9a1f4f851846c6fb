"""The accuracy ledger: every published forecast is measured once its week's actuals are there."""

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import pandas as pd

from sitecast.errors import DataError, SitecastError
from sitecast.evaluate.compare import PlannedWeek, compare_with_actuals
from sitecast.extract import past_weeks, read_calendar
from sitecast.installation import Installation
from sitecast.records.plan import ForecastPlan
from sitecast.records.week_record import SiteForecast, WeekData
from sitecast.store.accuracy import measured_weeks, save_accuracy


@dataclass(frozen=True)
class EvaluationReport:
    """What a run of evaluate_published() did."""

    measured: tuple[tuple[str, str], ...]
    """(plan_id, menu_week) now in forecast_accuracy."""
    left_out: Mapping[tuple[str, str], str]
    """(plan_id, menu_week) → why it could not be measured."""


@dataclass(frozen=True)
class _Due:
    plan_id: str
    menu_week: str
    versions: Mapping[str, str]

    @property
    def key(self) -> tuple[str, str]:
        return self.plan_id, self.menu_week


def evaluate_published(
    installation: Installation, now: dt.datetime, again: bool = False
) -> EvaluationReport:
    """Fill forecast_accuracy for published weeks that are over.

    A week without delivered orders is left out and tried again next time; so is one whose records
    were removed from the store. Nothing else stops.

    Args:
        installation: publications, store and source.
        now: actuals as known now; a week is over the day after its last date.
        again: measure weeks anew that are in the table already (actuals were corrected).
    """
    measured: list[tuple[str, str]] = []
    left_out: dict[tuple[str, str], str] = {}
    for due in _due(installation, now, again):
        try:
            plan = installation.ledger.plan(due.plan_id)
            source = installation.source(plan.settings)
            table = compare_with_actuals(source, plan, [_records(installation, plan, due)], now)
        except (DataError, SitecastError) as error:
            left_out[due.key] = error.problem
            continue
        save_accuracy(installation.ledger, table)
        measured.append(due.key)
    return EvaluationReport(tuple(measured), left_out)


def _due(installation: Installation, now: dt.datetime, again: bool) -> Iterator[_Due]:
    """Published weeks that are over, each plan's once; what was recalled counts as well."""
    known = set() if again else measured_weeks(installation.ledger)
    source = installation.source(installation.plan_settings())
    calendar = read_calendar(source, now)
    over = set(past_weeks(calendar, now, len(calendar))["menu_week"])
    found: dict[tuple[str, str], _Due] = {}
    for plan_id, versions in installation.ledger.published_versions().values():
        for menu_week, of_week in versions.items():
            due = _Due(plan_id, menu_week, of_week)
            if menu_week in over and due.key not in known:
                found[due.key] = due
    yield from (found[key] for key in sorted(found))


def _records(installation: Installation, plan: ForecastPlan, due: _Due) -> PlannedWeek:
    store, week = installation.weeks, due.menu_week
    forecast = store.read(SiteForecast, plan.plan_id, week, due.versions[SiteForecast.asset])
    version = forecast.provenance.inputs[WeekData.asset]
    data = store.read(WeekData, plan.plan_id, week, version)
    last = plan.previous.get(week)
    if last is None:
        return data, forecast, None
    try:
        return data, forecast, store.read(SiteForecast, last.plan_id, week, last.version)
    except SitecastError:  # removed since: the other references remain
        return data, forecast, None


def accuracy_by_lead(table: pd.DataFrame) -> pd.DataFrame:
    """Mean accuracy over weeks, weighted by what was delivered.

    Args:
        table: forecast_accuracy.
    Returns:
        lead_day, level, method, weeks, and the means of the measures.
    """
    means = ["bias", "wape", "fva", "noise_floor", "pinball", "coverage_80", "coverage_95"]
    keys = ["lead_day", "level", "method"]
    weighted = table[means].mul(table["actual"], axis=0)
    sums = weighted.groupby([table[key] for key in keys]).sum(min_count=1)
    grouped = table.groupby(keys)
    result = sums.div(grouped["actual"].sum(), axis=0)
    result.insert(0, "weeks", grouped["menu_week"].nunique())
    return result.reset_index()
