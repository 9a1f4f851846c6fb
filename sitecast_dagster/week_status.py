"""What the instance knows about menu weeks: materialised, under way, tried.

What belongs here: reading the instance. What does not: deciding what follows (sensors/).
"""

import datetime as dt
from collections.abc import Mapping

import dagster as dg

from sitecast.records.plan import ForecastPlan
from sitecast.records.week_record import WEEK_RECORDS
from sitecast.store import WeekStore
from sitecast_dagster.tags import (
    ORDER_TAG,
    PARTITION_TAG,
    PLAN_ID_TAG,
    RETRIED_BY_TAG,
    WILL_RETRY_TAG,
)

PLAN_KEY = dg.AssetKey("forecast_plan")
WEEK_KEYS = [dg.AssetKey(record.asset) for record in WEEK_RECORDS]
FINISHED = {
    dg.DagsterRunStatus.SUCCESS,
    dg.DagsterRunStatus.FAILURE,
    dg.DagsterRunStatus.CANCELED,
}
RETRIED_WITHIN = dt.timedelta(minutes=10)
UNFINISHED = [status for status in dg.DagsterRunStatus if status not in FINISHED]


def is_forecast(weeks: WeekStore, plan_id: str, menu_week: str) -> bool:
    """Whether all records of a week are stored: a run may have been killed before its last one."""
    return all(weeks.head(plan_id, menu_week, record) for record in WEEK_RECORDS)


def weeks_in_use(instance: dg.DagsterInstance) -> set[str]:
    """Weeks that any run has ever materialised, or that a run is working on now."""
    made = {week for key in WEEK_KEYS for week in instance.get_materialized_partitions(key)}
    return made | _weeks_of(instance, dg.RunsFilter(statuses=UNFINISHED))


def weeks_under_way(instance: dg.DagsterInstance, plan_id: str) -> set[str]:
    """Weeks of a plan that unfinished runs work on, or runs that are about to be tried again."""
    tags = {PLAN_ID_TAG: plan_id}
    working = _weeks_of(instance, dg.RunsFilter(statuses=UNFINISHED, tags=tags))
    return working | _weeks_crashed(instance, tags)


def weeks_tried(instance: dg.DagsterInstance, plan_id: str, order: str) -> set[str]:
    """Weeks that were launched for this order of this plan, whatever became of them."""
    return _weeks_of(instance, dg.RunsFilter(tags={PLAN_ID_TAG: plan_id, ORDER_TAG: order}))


def order_of(instance: dg.DagsterInstance, plan: ForecastPlan) -> str:
    """Who asked for the plan's weeks: the last run that made this plan, else the plan itself.

    Making the same plan again is a new order: weeks that failed are launched once more.
    """
    latest = instance.get_latest_materialization_event(PLAN_KEY)
    made = latest.asset_materialization if latest else None
    if latest is None or made is None or made.metadata["plan_id"].value != plan.plan_id:
        return plan.plan_id
    return latest.run_id


def _weeks_crashed(instance: dg.DagsterInstance, tags: Mapping[str, str]) -> set[str]:
    """Weeks of crashed runs that Dagster has promised to try again and has not yet.

    A promise that is not kept soon never is: its backfill was cancelled, or somebody deleted it.
    """
    recent = dt.datetime.now(dt.UTC) - RETRIED_WITHIN
    promised = dg.RunsFilter(
        statuses=[dg.DagsterRunStatus.FAILURE], tags={**tags, WILL_RETRY_TAG: "true"},
        updated_after=recent,
    )  # fmt: skip
    runs = [r.dagster_run for r in instance.get_run_records(promised)
            if (r.end_time or 0.0) >= recent.timestamp()]  # fmt: skip
    waiting = [run for run in runs if RETRIED_BY_TAG not in run.tags]
    return {run.tags[PARTITION_TAG] for run in waiting if PARTITION_TAG in run.tags}


def _weeks_of(instance: dg.DagsterInstance, wanted: dg.RunsFilter) -> set[str]:
    runs = instance.get_runs(wanted)
    return {run.tags[PARTITION_TAG] for run in runs if PARTITION_TAG in run.tags}
