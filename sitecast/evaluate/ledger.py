"""The accuracy ledger: every published forecast is measured once its week's actuals are there."""

import datetime as dt
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass

from sitecast.errors import SitecastError
from sitecast.evaluate.compare import PlannedWeek, compare_with_actuals
from sitecast.evaluate.delivered import delivered, delivered_boxes
from sitecast.evaluate.parts import boxes_by_region
from sitecast.extract import past_weeks, read_calendar
from sitecast.installation import Installation
from sitecast.records.plan import ForecastPlan
from sitecast.records.week_record import SimulatedOrders, SiteForecast, WeekData
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
    installation: Installation, now: dt.datetime, again: bool = False,
    menu_weeks: Collection[str] | None = None,
) -> EvaluationReport:  # fmt: skip
    """Fill forecast_accuracy for published weeks that are over.

    A week without delivered orders is left out and tried again next time; so is one whose records
    were removed from the store. Nothing else stops.

    Args:
        installation: publications, store and source.
        now: actuals as known now; a week is over the day after its last date.
        again: measure weeks anew that are in the table already (actuals were corrected).
        menu_weeks: only these; all when not given.
    """
    measured: list[tuple[str, str]] = []
    left_out: dict[tuple[str, str], str] = {}
    for due in _due(installation, now, again):
        if menu_weeks is not None and due.menu_week not in menu_weeks:
            continue
        try:
            plan = installation.ledger.plan(due.plan_id)
            source = installation.source(plan.settings)
            version = due.versions[SiteForecast.asset]
            week = stored_week(installation, plan, due.menu_week, version)
            table = compare_with_actuals(source, plan, [week], now)
        except SitecastError as error:
            left_out[due.key] = error.problem
            continue
        save_accuracy(installation.ledger, table)
        measured.append(due.key)
    return EvaluationReport(tuple(measured), left_out)


def weeks_to_measure(installation: Installation, now: dt.datetime) -> dict[str, list[str]]:
    """Weeks that are over, and their published plans that are not measured yet."""
    found: dict[str, list[str]] = {}
    for due in _due(installation, now, again=False):
        found.setdefault(due.menu_week, []).append(due.plan_id)
    return found


def weeks_corrected(
    installation: Installation, now: dt.datetime, latest: int
) -> dict[str, dict[str, str]]:
    """Of the latest measured weeks, those whose delivered orders are others than measured.

    Reads the orders of so many weeks.

    Returns:
        Menu week → plan_id → hash of the orders that are there now.
    """
    measured = measured_weeks(installation.ledger)
    source = installation.source(installation.plan_settings())
    found = {}
    for week in sorted({menu_week for _, menu_week in measured})[-latest:]:
        there = delivered(source, now, [week])
        plans = {plan_id: there.version for (plan_id, of), by in sorted(measured.items())
                 if of == week and by != there.version}  # fmt: skip
        if plans and len(there.boxes):
            found[week] = plans
    return found


def weeks_with_actuals(
    installation: Installation, now: dt.datetime, menu_weeks: Collection[str]
) -> set[str]:
    """Those of some weeks of which orders were delivered by a known site. Reads their orders."""
    source = installation.source(installation.plan_settings())
    return {week for week in menu_weeks if len(delivered_boxes(source, now, week))}


def _due(installation: Installation, now: dt.datetime, again: bool) -> Iterator[_Due]:
    """Published weeks that are over, each plan's once; what was recalled counts as well."""
    known = {} if again else measured_weeks(installation.ledger)
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


def stored_week(
    installation: Installation, plan: ForecastPlan, menu_week: str, version: str | None = None
) -> PlannedWeek:
    """A forecast of the store (the newest when no version is named) with all it is measured by.

    Raises:
        NotFound, Corrupt: the forecast or its input is no longer in the store as it was.
    """
    store = installation.weeks
    forecast = store.read(SiteForecast, plan.plan_id, menu_week, version)
    inputs, last = forecast.provenance.inputs, plan.previous.get(menu_week)
    data = store.read(WeekData, plan.plan_id, menu_week, inputs[WeekData.asset])
    simulated = before = None
    with suppress(SitecastError):  # removed since: regions count as one
        drawn = inputs.get(SimulatedOrders.asset)
        simulated = store.read(SimulatedOrders, plan.plan_id, menu_week, drawn)
    with suppress(SitecastError):  # removed since: the other references remain
        if last is not None:
            before = store.read(SiteForecast, last.plan_id, menu_week, last.version)
    regions = None if simulated is None else boxes_by_region(simulated)
    return PlannedWeek(data, forecast, regions, before)
