"""The state of a busy installation: weeks that were, publications that were, a plan to backfill."""

import json
import multiprocessing
import os
import time
import uuid
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import dagster as dg
import sqlalchemy as sa
from dagster._core.execution.backfill import BulkActionStatus, PartitionBackfill

from benchmarks.companies import invent_company
from sitecast.deployment import Deployment
from sitecast.installation import open_installation
from sitecast.pipeline import configure_plan, run_week
from sitecast.records.plan import ForecastPlan
from sitecast.store.schema import PUBLICATIONS, PUBLISHED
from sitecast_dagster.assets import WEEK_ASSETS
from sitecast_dagster.definitions import defs
from sitecast_dagster.instance import dagster_home, init_instance
from sitecast_dagster.local_runner import run_plan
from sitecast_dagster.resources import InstallationResource
from sitecast_dagster.tags import PLAN_ID_TAG

BOXES, DRAWS, PUBLISHED_WEEKS = 60, 10, 1
BACKFILL, BACKFILL_TAG, PATIENCE_SECONDS = "a_year", "dagster/backfill", 3600


@dataclass(frozen=True)
class Size:
    """How much there is of what grows with the years."""

    past_weeks: int
    publications: int
    backfill: int


@dataclass(frozen=True)
class Busy:
    """An installation with a past, and the weeks of a plan that are not forecast yet."""

    home: Path
    size: Size
    rows: int
    plan: ForecastPlan

    @property
    def weeks(self):
        """The weeks to backfill."""
        return self.plan.menu_weeks[PUBLISHED_WEEKS:]

    def instance(self):
        return dg.DagsterInstance.from_config(str(dagster_home(Deployment(home=self.home))))

    def request_backfill(self):
        """As the UI asks for it: all assets of the weeks, for the longer plan."""
        with self.instance() as instance:
            request_backfill(instance, defs, [asset.key for asset in WEEK_ASSETS], self.weeks,
                             {PLAN_ID_TAG: self.plan.plan_id})  # fmt: skip

    def wait_for_backfill(self):
        """Wait for its end; returns how many weeks were forecast."""
        with self.instance() as instance:
            return wait_for_backfill(instance, len(self.weeks))

    def cpu_of_a_week(self, at_once, weeks=3):
        """CPU seconds of a week through the library alone, everything loaded.

        Processes side by side take more of them than one: they share caches and cores.
        """
        _cpu_of_weeks(self.home, self.plan, self.weeks[:1], 0)
        with ProcessPoolExecutor(at_once, multiprocessing.get_context("fork")) as forks:
            work = partial(_cpu_of_weeks, self.home, self.plan, self.weeks[1 : weeks + 1])
            return sum(forks.map(work, range(at_once))) / at_once


def _cpu_of_weeks(home, plan, weeks, _process):
    installation = open_installation(Deployment(home=home))
    start = time.process_time()
    for week in weeks:
        run_week(installation, plan, week, lambda *_: None)
    return (time.process_time() - start) / len(weeks)


def request_backfill(instance, definitions, assets, weeks, tags):
    """As the UI asks for it."""
    instance.add_backfill(PartitionBackfill.from_asset_partitions(
        backfill_id=BACKFILL, asset_graph=definitions.resolve_asset_graph(),
        partition_names=list(weeks), asset_selection=assets, backfill_timestamp=time.time(),
        tags=tags, dynamic_partitions_store=instance, all_partitions=False, title=None,
        description=None, run_config=None,
    ))  # fmt: skip


def wait_for_backfill(instance, weeks):
    """Wait until as many weeks are done, or the backfill ended; returns how many are done."""
    until = time.monotonic() + PATIENCE_SECONDS
    done = dg.RunsFilter(statuses=[dg.DagsterRunStatus.SUCCESS], tags={BACKFILL_TAG: BACKFILL})
    # The daemon sums a backfill up every 30 s at most: its last run is its end.
    while (count := instance.get_runs_count(done)) < weeks:
        state = instance.get_backfill(BACKFILL).status
        if state not in (BulkActionStatus.REQUESTED, BulkActionStatus.COMPLETED_SUCCESS):
            break
        if time.monotonic() > until:
            break
        time.sleep(0.5)
    return count


def busy_installation(home: Path, size: Size, at_once: int) -> Busy:
    """Make an installation in an empty folder."""
    os.environ["SITECAST_MAX_CONCURRENT_WEEKS"] = str(at_once)
    weeks = PUBLISHED_WEEKS + size.backfill
    invent_company(home, BOXES, weeks=weeks, draws=DRAWS)
    plan_file = home / "plan.yaml"
    whole = plan_file.read_text()
    plan_file.write_text(
        whole.replace(f"horizon_weeks: {weeks}", f"horizon_weeks: {PUBLISHED_WEEKS}")
    )
    deployment = Deployment(home=home, max_concurrent_weeks=at_once)
    init_instance(deployment)
    report = run_plan(deployment, lambda *_: None)
    if not report.succeeded:
        raise SystemExit(f"no publication: {report.failures}")
    rows = _repeat_publication(home, report.publication_id, size.publications)
    plan_file.write_text(whole)
    resource = InstallationResource.of(deployment)
    opened = resource.open()
    short = opened.current_plan()
    plan = configure_plan(opened, opened.plan_settings(), resource.now())
    opened.ledger.save_plan(short, resource.now())  # current again: no sensor asks for the weeks
    with dg.DagsterInstance.from_config(str(dagster_home(deployment))) as instance:
        _add_past(instance, size)
        instance.add_dynamic_partitions("menu_week", list(plan.menu_weeks))
    return Busy(home, size, rows, plan)


def _repeat_publication(home, publication_id, times):
    """The same publication so many times in the ledger, each superseding none."""
    ledger = open_installation(Deployment(home=home)).ledger
    with ledger.database.writing() as connection:
        row = dict(connection.execute(sa.select(PUBLICATIONS)).mappings().one())
        copies = [f"{uuid.uuid5(uuid.NAMESPACE_OID, str(n))}" for n in range(times - 1)]
        told = [{**row, "publication_id": copy, "supersedes": None} for copy in copies]
        connection.execute(sa.insert(PUBLICATIONS), told)
        rows = 0
        for table in PUBLISHED.values():
            others = [column for column in table.columns if column.name != "publication_id"]
            mine = table.c.publication_id == publication_id
            count = sa.select(sa.func.count()).select_from(table).where(mine)
            rows += connection.scalar(count)
            for copy in copies:
                found = sa.select(sa.literal(copy), *others).where(mine)
                names = ["publication_id", *[column.name for column in others]]
                connection.execute(sa.insert(table).from_select(names, found))
    return rows


def _add_past(instance, size):
    """Weeks of long ago, each materialised once, and the publications made of them."""
    past = [f"{2025 - n // 52:04d}-W{52 - n % 52:02d}" for n in range(size.past_weeks)]
    instance.add_dynamic_partitions("menu_week", past)
    for week in past:
        made = dg.AssetMaterialization("site_forecast", partition=week, metadata={"version": week})
        instance.report_runless_asset_event(made)
    for n in range(size.publications):
        facts = {"publication_id": json.dumps(n)}
        instance.report_runless_asset_event(
            dg.AssetMaterialization("published_forecast", metadata=facts)
        )
