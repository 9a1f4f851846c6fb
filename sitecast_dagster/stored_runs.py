"""Creates and executes runs that the UI can show, link and start again.

What belongs here: Dagster's private interfaces for recorded runs (pinned, and held by
tests/orchestration/test_private_interfaces.py). What does not: which runs, and when
(local_runner.py). `execute_in_process` is public, but its runs belong to no code location: the UI
would offer no re-execution and list them under no job.
"""

from collections.abc import Generator, Mapping

import dagster as dg
from dagster._core.definitions.job_base import InMemoryJob
from dagster._core.execution.api import execute_run_iterator
from dagster._core.remote_origin import (
    ManagedGrpcPythonEnvCodeLocationOrigin,
    RemoteJobOrigin,
    RemoteRepositoryOrigin,
)
from dagster._core.types.loadable_target_origin import LoadableTargetOrigin

MODULE = "sitecast_dagster.definitions"
REPOSITORY = "__repository__"
_REPOSITORY_LABEL_TAG = ".dagster/repository"


def create_run(instance: dg.DagsterInstance, job: dg.JobDefinition, tags: Mapping[str, str]) -> str:
    """Record a run that is not started yet; returns its id."""
    location = ManagedGrpcPythonEnvCodeLocationOrigin(
        LoadableTargetOrigin(module_name=MODULE), location_name=MODULE
    )
    origin = RemoteJobOrigin(RemoteRepositoryOrigin(location, REPOSITORY), job.name)
    labels = {_REPOSITORY_LABEL_TAG: f"{REPOSITORY}@{MODULE}"}
    run = instance.create_run_for_job(job, tags={**tags, **labels}, remote_job_origin=origin)
    return run.run_id


def execute_run(
    instance: dg.DagsterInstance, job: dg.JobDefinition, run_id: str
) -> Generator[dg.DagsterEvent]:
    """Execute a recorded run in this process, event by event."""
    run = instance.get_run_by_id(run_id)
    if run is None:
        raise LookupError(f"no run {run_id}")
    yield from execute_run_iterator(InMemoryJob(job), run, instance)
