"""The whole pipeline without Dagster: the same steps that the assets call, in the same order.

configure → per week: extract → simulate → forecast → what changed → publish.
"""

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial

import sitecast
from sitecast.allocate import allocate_orders
from sitecast.changes import World, explain_changes, no_changes, unexplained_changes
from sitecast.configure import make_plan
from sitecast.demand import forecast_demand, model_labels
from sitecast.errors import (
    ConservationError,
    Corrupt,
    NotFound,
    SitecastError,
    StoreError,
    memory_told,
)
from sitecast.extract import extract_week, past_weeks, read_calendar
from sitecast.forecast import check_conservation, forecast_sites
from sitecast.installation import Installation
from sitecast.publish import publish_plan
from sitecast.records.allocation import ConservationCheck
from sitecast.records.plan import ForecastPlan
from sitecast.records.publication import Publication
from sitecast.records.run_report import RunReport
from sitecast.records.week_record import (
    ForecastChanges,
    SimulatedOrders,
    SiteForecast,
    WeekData,
)  # fmt: skip
from sitecast.settings import PlanSettings
from sitecast.simulate import boxes_of_draw, placed_boxes, simulate_orders

Progress = Callable[[str, str], None]
"""Called with a menu week (or step) and what happens to it."""


def configure_plan(
    installation: Installation, settings: PlanSettings, now: dt.datetime
) -> ForecastPlan:
    """Freeze a plan over the calendar's next weeks and make it the current one."""
    source = installation.source(settings)
    as_of = settings.as_of or now
    calendar = read_calendar(source, as_of)
    models = model_labels(settings.models)
    hashes = source.fingerprints()
    published = installation.ledger.forecasts_before(as_of.replace(microsecond=0))
    plan = make_plan(settings, calendar, hashes, as_of, sitecast.__version__, models, published)
    installation.ledger.save_plan(plan, now)
    return plan


def weeks_over(installation: Installation, plan: ForecastPlan) -> list[str]:
    """Menu weeks that had ended before the plan's as_of: what a backtest may forecast again."""
    calendar = read_calendar(installation.source(plan.settings), plan.as_of)
    return [str(week) for week in past_weeks(calendar, plan.as_of, len(calendar))["menu_week"]]


def extract_plan_week(installation: Installation, plan: ForecastPlan, menu_week: str) -> WeekData:
    """extracted_data of one week, from the source that the plan names."""
    return extract_week(installation.source(plan.settings), plan, menu_week)


def simulate_week(week: WeekData, plan: ForecastPlan) -> SimulatedOrders:
    """simulated_orders of one week: demand models, then the order simulator."""
    return simulate_orders(week, forecast_demand(week, plan), plan)


def previous_forecast(
    installation: Installation, plan: ForecastPlan, menu_week: str
) -> SiteForecast | None:
    """The last published forecast of a week, if the plan is to stay close to it.

    Raises:
        NotFound, Corrupt: it is no longer in the store as it was.
    """
    last = plan.previous.get(menu_week)
    if last is None or not plan.settings.allocation.stability:
        return None
    return installation.weeks.read(SiteForecast, last.plan_id, menu_week, last.version)


def forecast_week(
    week: WeekData, simulated: SimulatedOrders, plan: ForecastPlan,
    previous: SiteForecast | None = None,
) -> SiteForecast:  # fmt: skip
    """site_forecast of one week: boxes to sites in every draw, then quantities and quantiles.

    Args:
        week: extracted_data.
        simulated: simulated_orders.
        plan: how.
        previous: the last published forecast of the week, to stay close to where that is free.
    Raises:
        StoreError: the orders were simulated from another snapshot of the week.
    """
    if simulated.provenance.inputs[WeekData.asset] != week.version:
        raise StoreError(
            "the simulated orders were made from another snapshot of the week",
            {"menu_week": week.menu_week, "snapshot": week.version},
            "simulate the week again, then forecast it",
        )
    inputs = {"extracted_data": week.version, "simulated_orders": simulated.version}
    if previous is not None:
        inputs["previous_site_forecast"] = previous.version
    return _sites(week, simulated, plan, previous, inputs)


def _sites(
    week: WeekData, simulated: SimulatedOrders, plan: ForecastPlan,
    previous: SiteForecast | None, inputs: Mapping[str, str],
) -> SiteForecast:  # fmt: skip
    draws = partial(boxes_of_draw, week, simulated)
    placed = placed_boxes(week, simulated)
    allocation = allocate_orders(week, simulated, plan, placed, draws, previous=previous)
    return forecast_sites(week, allocation, plan, replace(week.provenance, inputs=inputs))


def explain_week(
    installation: Installation, plan: ForecastPlan, week: WeekData, forecast: SiteForecast
) -> ForecastChanges:
    """forecast_changes of one week: what changed since the forecast that the plan names, and why.

    It stops no week: what cannot be explained any more is the cause `unknown`.

    Args:
        installation: its store holds the last plan's inputs, unless they were removed.
        plan: names the last published forecast of the week.
        week: extracted_data.
        forecast: site_forecast made from it.
    """
    last, after = plan.previous.get(week.menu_week), forecast["site_forecast"]
    inputs = {WeekData.asset: week.version, SiteForecast.asset: forecast.version}
    if last is None or plan.settings.changes.draws == 0:
        return no_changes(replace(week.provenance, inputs=inputs))
    made_from = replace(week.provenance, inputs={**inputs, "previous_site_forecast": last.version})
    before = None
    try:
        record = installation.weeks.read(SiteForecast, last.plan_id, week.menu_week, last.version)
        before = record["site_forecast"]
        version = record.provenance.inputs[WeekData.asset]
        data = installation.weeks.read(WeekData, last.plan_id, week.menu_week, version)
        old = World(data, installation.ledger.plan(last.plan_id))
    except (Corrupt, NotFound) as error:
        return unexplained_changes(last.plan_id, before, after, error.problem, made_from)
    return explain_changes(
        old,
        World(week, plan),
        before,
        after,
        forecast_world,
        plan.settings.changes.draws,
        made_from,
    )


def forecast_world(world: World, previous: SiteForecast | None) -> SiteForecast:
    """All steps for a mixture of inputs that is compared and never stored, so it has no version."""
    simulated = simulate_week(world.week, world.plan)
    return _sites(world.week, simulated, world.plan, previous, {})


def check_week(
    week: WeekData, simulated: SimulatedOrders, forecast: SiteForecast
) -> list[ConservationCheck]:
    """Every conservation rule, recomputed from the finished tables."""
    return check_conservation(week, simulated, forecast)


def require_conservation(checks: list[ConservationCheck]) -> None:
    """Stop before anything is committed when a conservation rule does not hold."""
    broken = [f"{check.rule} {check.name}: {check.detail}" for check in checks if not check.passed]
    if broken:
        raise ConservationError("; ".join(broken), {}, "report this: it is a defect of sitecast")


def run_week(
    installation: Installation, plan: ForecastPlan, menu_week: str, progress: Progress
) -> SiteForecast:
    """All steps of one menu week, each committed to the store when it is complete."""
    store = installation.weeks
    progress(menu_week, "extracting")
    token = store.begin(plan.plan_id, menu_week, WeekData.asset)
    week = extract_plan_week(installation, plan, menu_week)
    store.commit(week, token)
    progress(menu_week, "simulating")
    token = store.begin(plan.plan_id, menu_week, SimulatedOrders.asset)
    simulated = simulate_week(week, plan)
    store.commit(simulated, token)
    progress(menu_week, "forecasting")
    token = store.begin(plan.plan_id, menu_week, SiteForecast.asset)
    previous = previous_forecast(installation, plan, menu_week)
    forecast = forecast_week(week, simulated, plan, previous)
    require_conservation(check_week(week, simulated, forecast))
    store.commit(forecast, token)
    progress(menu_week, "explaining")
    token = store.begin(plan.plan_id, menu_week, ForecastChanges.asset)
    store.commit(explain_week(installation, plan, week, forecast), token)
    progress(menu_week, "done")
    return forecast


def publish_current(
    installation: Installation, plan: ForecastPlan, now: dt.datetime
) -> Publication:
    """Publish a completed plan, then hand out what waits in the outbox."""
    publication = publish_plan(
        plan, installation.weeks, installation.ledger, installation.publications,
        installation.deployment.ui_url, now, installation.webhook,
    )  # fmt: skip
    installation.deliver(plan, now)
    return publication


def run_plan(installation: Installation, now: dt.datetime, progress: Progress) -> RunReport:
    """Configure, run every week one after the other, publish; a failing week stops no other."""
    plan = configure_plan(installation, installation.plan_settings(), now)
    outcome: dict[str, str] = {}
    failures: dict[str, str] = {}
    for menu_week in plan.menu_weeks:
        try:
            with memory_told():
                run_week(installation, plan, menu_week, progress)
            outcome[menu_week] = "done"
        except SitecastError as error:
            outcome[menu_week] = "failed"
            failures[menu_week] = str(error)
            progress(menu_week, "failed")
    if failures:
        return RunReport(plan.plan_id, outcome, failures)
    progress("publication", "publishing")
    publication = publish_current(installation, plan, now)
    return RunReport(plan.plan_id, outcome, {}, publication.publication_id)
