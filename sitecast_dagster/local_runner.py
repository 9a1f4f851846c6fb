"""Runs a whole plan on this machine: plan, weeks side by side in forked children, publication.

What belongs here: the order of runs, and what a person is told. What does not: processes
(forked.py), how runs are recorded so that the UI can show them (stored_runs.py).
"""

import json
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from functools import partial

import dagster as dg

from sitecast.deployment import Deployment
from sitecast.records.plan import ForecastPlan
from sitecast.records.run_report import RunReport
from sitecast.store.files import locked
from sitecast_dagster.definitions import build_definitions
from sitecast_dagster.failures import cause_of
from sitecast_dagster.forked import Outcome, Say, Work, run_forked
from sitecast_dagster.instance import dagster_home, init_instance
from sitecast_dagster.jobs import JOBS, PLAN_JOB, PUBLISH_JOB, WEEK_JOB
from sitecast_dagster.kept_connections import keep_connections
from sitecast_dagster.partitions import MENU_WEEK
from sitecast_dagster.preload import preload
from sitecast_dagster.resources import InstallationResource
from sitecast_dagster.sensors.publish import versions_due
from sitecast_dagster.stored_runs import create_run, execute_run
from sitecast_dagster.tags import (
    MAX_RETRIES_TAG,
    ORDER_TAG,
    PARTITION_TAG,
    PLAN_ID_TAG,
    PUBLICATION_TAG,
    RUNNER_TAG,
)
from sitecast_dagster.week_status import UNFINISHED, is_forecast, order_of

Progress = Callable[[str, str], None]
LOCAL = {RUNNER_TAG: "local", MAX_RETRIES_TAG: "0"}
STEPS = {
    "forecast_plan": "planning",
    "extracted_data": "extracting",
    "simulated_orders": "simulating",
    "site_forecast": "forecasting",
    "forecast_changes": "explaining",
    "published_forecast": "publishing",
}


class RunFailed(Exception):
    """A run ended without success; its text says why."""


def run_plan(deployment: Deployment, progress: Progress, force: bool = False) -> RunReport:
    """Make a plan, forecast its weeks side by side, and publish when all of them are done.

    Args:
        deployment: where; `max_concurrent_weeks` bounds how many weeks run at once.
        progress: called with a week (or "plan", "publication") and what happens to it; must not
            start a thread, since the weeks run in forks of this process.
        force: run weeks that are already forecast for this very plan once more.
    """
    progress("plan", "starting Dagster")
    home = init_instance(deployment)
    runner = _Runner.of(deployment, progress)
    with locked(home / ".local-runner"):
        try:
            report = runner.run(force)
        except KeyboardInterrupt:
            runner.in_child("clean-up", runner.cancel_unfinished)
            raise
        if not report.succeeded:
            runner.in_child("clean-up", runner.close_abandoned)
        return report


@dataclass(frozen=True)
class _Runner:
    deployment: Deployment
    progress: Progress
    definitions: dg.Definitions
    jobs: Mapping[str, dg.JobDefinition]

    @classmethod
    def of(cls, deployment: Deployment, progress: Progress) -> "_Runner":
        definitions = build_definitions(InstallationResource.of(deployment))
        jobs = {job.name: definitions.resolve_job_def(job.name) for job in JOBS}
        return cls(deployment, progress, definitions, jobs)

    def run(self, force: bool) -> RunReport:
        planned = self.in_child("plan", self.make_plan)
        if not planned.succeeded:
            return RunReport("", {}, {"plan": planned.text})
        plan = self.resource.open().ledger.plan(planned.text)
        outcomes = self.run_weeks(plan, force)
        weeks = {w: "done" if outcomes[w].succeeded else "failed" for w in plan.menu_weeks}
        failures = {w: o.text for w, o in outcomes.items() if not o.succeeded}
        if failures:
            return RunReport(plan.plan_id, weeks, failures)
        published = self.in_child("publication", partial(self.publish, plan))
        if not published.succeeded:
            return RunReport(plan.plan_id, weeks, {"publication": published.text})
        return RunReport(plan.plan_id, weeks, {}, published.text)

    def run_weeks(self, plan: ForecastPlan, force: bool) -> dict[str, Outcome]:
        done = [] if force else [week for week in plan.menu_weeks if self._has(plan, week)]
        outcomes = dict.fromkeys(done, Outcome(True, ""))
        for week in plan.menu_weeks:
            self.progress(week, "done" if week in outcomes else "queued")
        missing = [week for week in plan.menu_weeks if week not in outcomes]
        if not missing:
            return outcomes
        preload(self.definitions, len(missing))
        created = self.in_child("weeks", partial(self.create_week_runs, plan, missing))
        if not created.succeeded:
            return outcomes | {week: created for week in missing}
        tasks = {w: partial(self.run_week, run) for w, run in json.loads(created.text).items()}
        return outcomes | self._forked(tasks, self.deployment.max_concurrent_weeks)

    def make_plan(self, say: Say) -> str:
        """Child: materialise forecast_plan; the result is the plan's id."""
        self.close_abandoned(say)
        with self._instance() as instance:
            run_id = create_run(instance, self.jobs[PLAN_JOB.name], LOCAL)
            return str(self._execute(instance, PLAN_JOB.name, run_id, say)["plan_id"].value)

    def create_week_runs(self, plan: ForecastPlan, weeks: list[str], _say: Say) -> str:
        """Child: record every run before the first starts: the sensor sees them all as launched."""
        with self._instance() as instance:
            instance.add_dynamic_partitions(MENU_WEEK, weeks)
            order = order_of(instance, plan)
            tags = {**LOCAL, PLAN_ID_TAG: plan.plan_id, ORDER_TAG: order}
            job = self.jobs[WEEK_JOB.name]
            runs = {w: create_run(instance, job, {**tags, PARTITION_TAG: w}) for w in weeks}
        return json.dumps(runs)

    def run_week(self, run_id: str, say: Say) -> str:
        """Child: execute one recorded week."""
        with self._instance() as instance:
            self._execute(instance, WEEK_JOB.name, run_id, say)
        say("done")
        return ""

    def publish(self, plan: ForecastPlan, say: Say) -> str:
        """Child: materialise published_forecast; the result is the publication's id."""
        due = versions_due(self.resource.open(), plan)
        tags = {**LOCAL, PLAN_ID_TAG: plan.plan_id}
        if due:
            tags[PUBLICATION_TAG] = due[0].fingerprint
        with self._instance() as instance:
            run_id = create_run(instance, self.jobs[PUBLISH_JOB.name], tags)
            facts = self._execute(instance, PUBLISH_JOB.name, run_id, say)
        say("done")
        return str(facts["publication_id"].value)

    def close_abandoned(self, _say: Say) -> str:
        """Child: mark runs failed whose process is gone; the lock proves that it is."""
        with self._instance() as instance:
            for run in _unfinished(instance):
                instance.report_run_failed(run, "the process that ran it is gone")
        return ""

    def cancel_unfinished(self, _say: Say) -> str:
        """Child: mark runs cancelled that a person interrupted: nobody needs an alert."""
        with self._instance() as instance:
            for run in _unfinished(instance):
                instance.report_run_canceled(run, "interrupted from the command line")
        return ""

    @property
    def resource(self) -> InstallationResource:
        return InstallationResource.of(self.deployment)

    def in_child(self, subject: str, work: Work) -> Outcome:
        """One piece of work in a child: this process never opens Dagster's storage."""
        return self._forked({subject: work}, 1)[subject]

    def _forked(self, tasks: Mapping[str, Work], at_once: int) -> dict[str, Outcome]:
        log = dagster_home(self.deployment) / "local-runner.log"
        outcomes = run_forked(tasks, at_once, log, self.progress)
        for subject, outcome in outcomes.items():
            if not outcome.succeeded:
                self.progress(subject, "failed")
        return outcomes

    def _instance(self) -> dg.DagsterInstance:
        keep_connections()
        return dg.DagsterInstance.from_config(str(dagster_home(self.deployment)))

    def _has(self, plan: ForecastPlan, week: str) -> bool:
        return is_forecast(self.resource.open().weeks, plan.plan_id, week)

    def _execute(
        self, instance: dg.DagsterInstance, job: str, run_id: str, say: Say
    ) -> Mapping[str, dg.MetadataValue]:
        """Execute a run; returns the metadata of the last asset it materialised."""
        facts: Mapping[str, dg.MetadataValue] = {}
        problem = ""
        with closing(execute_run(instance, self.jobs[job], run_id)) as events:
            for event in events:
                if event.is_step_start:
                    say(STEPS.get(str(event.step_key), str(event.step_key)))
                elif event.is_step_materialization:
                    facts = event.step_materialization_data.materialization.metadata
                elif event.is_step_failure:
                    problem = cause_of(event)
        if problem or not _succeeded(instance, run_id):
            raise RunFailed(problem or f"run {run_id} did not succeed")
        return facts


def _unfinished(instance: dg.DagsterInstance) -> list[dg.DagsterRun]:
    runs = instance.get_runs(dg.RunsFilter(statuses=UNFINISHED, tags=LOCAL))
    return [run for run in runs if run.parent_run_id is None]  # the UI's re-executions inherit tags


def _succeeded(instance: dg.DagsterInstance, run_id: str) -> bool:
    run = instance.get_run_by_id(run_id)
    return run is not None and run.status == dg.DagsterRunStatus.SUCCESS
