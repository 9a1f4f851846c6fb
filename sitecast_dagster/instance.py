"""The Dagster instance of an installation: its folder, its settings, its storage.

What belongs here: creating it once, safely. What does not: using it (local_runner.py, ui.py).
"""

from contextlib import nullcontext
from pathlib import Path

import dagster as dg

from sitecast.deployment import Deployment
from sitecast.store.files import locked, make_folder, replace_file
from sitecast_dagster.instance_settings import (
    export_secrets,
    instance_settings,
    shared_database,
)  # fmt: skip
from sitecast_dagster.partitions import MENU_WEEK
from sitecast_dagster.run_process import CODE_SERVER_TAG, forget, lives


def dagster_home(deployment: Deployment) -> Path:
    """DAGSTER_HOME of an installation."""
    return deployment.home.resolve() / "dagster"


def init_instance(deployment: Deployment) -> Path:
    """Write dagster.yaml and create the instance's storage; returns DAGSTER_HOME.

    Two processes that open a new storage at the same moment can break it for good: whoever comes
    first creates it, under a lock; where machines share it, under one that they share too. Safe to
    repeat.
    """
    settings = instance_settings(deployment)
    home, shared = dagster_home(deployment), shared_database(deployment)
    export_secrets(deployment)
    make_folder(home)
    with locked(home / ".init"), nullcontext() if shared is None else shared.exclusive("instance"):
        _write_settings(home / "dagster.yaml", settings)
        # Each call opens one of the instance's three databases.
        with dg.DagsterInstance.from_config(str(home)) as instance:
            instance.get_runs(limit=1)
            instance.get_dynamic_partitions(MENU_WEEK)
            instance.all_instigator_state()
            if deployment.broker_url is None:  # else they may live on another machine
                close_lost_runs(instance)
    return home


def close_lost_runs(instance: dg.DagsterInstance) -> None:
    """Fail the runs that everything died under: they are tried again by policy.

    The monitoring daemon would notice those that had started, and the others after minutes only.
    """
    under_way = [dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED]
    for run in instance.get_runs(dg.RunsFilter(statuses=under_way)):
        if CODE_SERVER_TAG in run.tags and not lives(instance, run):
            instance.report_run_failed(run, "the process that ran it is gone")
            forget(instance, run.run_id)


def _write_settings(path: Path, wanted: str) -> None:
    present = path.read_text(encoding="utf-8") if path.exists() else ""
    is_ours = not present or present.splitlines()[0] == wanted.splitlines()[0]
    if is_ours and present != wanted:
        replace_file(path, wanted.encode())
