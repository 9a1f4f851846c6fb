"""What a run is about: its plan, its menu week and its fencing token.

What belongs here: reading and writing run tags. What does not: what a plan or a token means
(sitecast.store).
"""

from dataclasses import dataclass

import dagster as dg

from sitecast.errors import SitecastError
from sitecast.installation import Installation
from sitecast.records.plan import ForecastPlan
from sitecast.records.week_record import WeekRecord
from sitecast.weeks import checked_menu_week
from sitecast_dagster.tags import PLAN_ID_TAG


@dataclass(frozen=True)
class WeekStep:
    """One attempt to make one record of one menu week."""

    plan: ForecastPlan
    menu_week: str
    token: int


def plan_of_run(
    instance: dg.DagsterInstance, run_id: str, installation: Installation
) -> ForecastPlan:
    """The plan that a run works for: the one its tag names, else the current one.

    The choice is written to the run as a tag, so that later steps, and a retry after the plan has
    changed, work for the same plan.
    """
    run = instance.get_run_by_id(run_id)
    if run is None:
        raise SitecastError("the run does not exist any more", {"run_id": run_id})
    if PLAN_ID_TAG in run.tags:
        return installation.ledger.plan(run.tags[PLAN_ID_TAG])
    plan = installation.current_plan()
    instance.add_run_tags(run_id, {PLAN_ID_TAG: plan.plan_id})
    return plan


def begin_step(
    context: dg.AssetExecutionContext, installation: Installation, record_type: type[WeekRecord]
) -> WeekStep:
    """Start an attempt; from now on, no older attempt can move the week's pointer (fencing)."""
    menu_week = checked_menu_week(context.partition_key)
    plan = plan_of_run(context.instance, context.run.run_id, installation)
    token = installation.weeks.begin(plan.plan_id, menu_week, record_type.asset)
    return WeekStep(plan, menu_week, token)
