"""`python -m sitecast_dagster.worker`: runs weeks on this machine for a Dagster elsewhere.

What belongs here: a Celery worker that forks a warm child per run. What does not: which runs, and
when: Dagster's queue decides that, and worker_launcher.py hands them over.

SIGTERM lets runs under way end, and takes no others: workers may be replaced one by one.
"""

import argparse
import os

from celery import Celery
from dagster_celery.make_app import make_app
from dagster_celery.tasks import create_execute_job_task

from sitecast.deployment import Deployment
from sitecast.errors import SettingsError
from sitecast_dagster.instance import init_instance
from sitecast_dagster.resources import InstallationResource

SETTINGS = {
    # A task is given to a worker that has nothing to do, never kept in reserve by a busy one.
    "task_acks_late": True,
    "worker_prefetch_multiplier": 1,
    # A run is a process: whatever it leaves behind ends with it.
    "worker_max_tasks_per_child": 1,
    # Dagster starts the run of a dead worker anew; the broker is not to do it once more.
    "broker_transport_options": {"visibility_timeout": 86_400},
    "broker_connection_retry_on_startup": True,
    "worker_hijack_root_logger": False,
    "accept_content": ["json"],
}
QUEUE = "dagster"
WARM = "sitecast_dagster.preloaded"
"""Imported before a worker forks: its runs begin with everything loaded."""


def make_worker_app(deployment: Deployment) -> Celery:
    """The Celery application: its broker, and the one task that executes a recorded run."""
    if deployment.broker_url is None:
        raise SettingsError("no broker is named", {}, "set SITECAST_BROKER_URL")
    app = make_app({"broker": deployment.broker_url.get_secret_value(), "backend": "disabled://",
                    "config_source": SETTINGS, "include": [WARM]})  # fmt: skip
    create_execute_job_task(app)
    return app


def main() -> None:
    """Work until SIGTERM."""
    parser = argparse.ArgumentParser(
        prog="python -m sitecast_dagster.worker", description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument("--runs", type=int, default=1, help="runs side by side on this machine")
    runs = parser.parse_args().runs
    deployment = InstallationResource().deployment()
    os.environ["SITECAST_HOME"] = str(deployment.home.resolve())
    os.environ["SITECAST_PLAN_FILE"] = str(deployment.plan_path.resolve())
    os.environ["DAGSTER_HOME"] = str(init_instance(deployment))
    name = f"sitecast-{os.getpid()}@%h"
    make_worker_app(deployment).worker_main(
        ["worker", "--queues", QUEUE, "--concurrency", str(runs), "--hostname", name,
         "--without-gossip", "--without-mingle", "--loglevel", "WARNING"]
    )  # fmt: skip


if __name__ == "__main__":
    main()
