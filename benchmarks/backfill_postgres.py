"""A year backfilled with everything on PostgreSQL: 52 weeks, four at once.

Run `python -m benchmarks.backfill_postgres`; QUICK=1 takes 8 weeks. A throw-away PostgreSQL
(Debian's, fsync on) holds the ledger and Dagster's instance; weeks are those of an invented company
of 60 boxes, launched by Dagster's backfill. Every week has to be done once. The last line is the
headline.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import dagster as dg
from dagster._core.definitions.run_request import InstigatorType
from dagster._core.remote_origin import RemoteInstigatorOrigin
from dagster._core.scheduler.instigation import (
    InstigatorState,
    InstigatorStatus,
    SensorInstigatorData,
)

from benchmarks.arguments import words
from benchmarks.companies import invent_company
from benchmarks.load_state import BACKFILL, request_backfill
from benchmarks.load_ui import Ui
from benchmarks.stamp import commit, machine
from sitecast.deployment import Deployment
from sitecast.installation import open_installation
from sitecast.pipeline import configure_plan
from sitecast.records.week_record import WEEK_RECORDS as RECORDS
from sitecast_dagster.assets import WEEK_ASSETS
from sitecast_dagster.daemon import MODULE as DAEMON
from sitecast_dagster.definitions import defs
from sitecast_dagster.instance import init_instance
from sitecast_dagster.resources import InstallationResource
from sitecast_dagster.stored_runs import MODULE, create_run
from sitecast_dagster.tags import PARTITION_TAG

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from servers import Postgres  # a tool of the tests

AT_ONCE, PATIENCE = 4, 7200
BOXES, DRAWS = 60, 10
"""Small weeks: what is measured is everything around the work."""


def request(instance: dg.DagsterInstance, weeks: tuple[str, ...]) -> None:
    """Ask for the weeks as the UI does; the sensor that would ask too is turned off."""
    instance.add_dynamic_partitions("menu_week", list(weeks))
    probe = create_run(instance, defs.resolve_job_def("plan_weeks"), {})
    run = instance.get_run_by_id(probe)
    assert run is not None
    assert run.remote_job_origin is not None
    origin = RemoteInstigatorOrigin(run.remote_job_origin.repository_origin, "new_weeks")
    instance.delete_run(probe)
    stopped = SensorInstigatorData(sensor_type=None)
    instance.add_instigator_state(InstigatorState(
        origin, InstigatorType.SENSOR, InstigatorStatus.STOPPED,
        stopped,
    ))  # fmt: skip
    request_backfill(instance, defs, [asset.key for asset in WEEK_ASSETS], weeks, {})


@contextmanager
def daemon(folder: Path) -> Iterator[Ui]:
    """A daemon with its code server, as deploy/ has it."""
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([sys.executable, "-m", DAEMON, "run", "-m", MODULE], stdout=log,
                                   stderr=log, start_new_session=True)  # fmt: skip
        try:
            yield Ui("", process.pid, 0.0)
        finally:
            process.terminate()
            process.wait()


def wait(instance: dg.DagsterInstance, weeks: int) -> Counter[str]:
    """Wait until so many weeks are done; tells of weeks that took more than one run."""
    until = time.monotonic() + PATIENCE
    while True:
        runs = instance.get_runs(dg.RunsFilter(job_name=None, tags={"dagster/backfill": BACKFILL}))
        states = Counter(run.status.value for run in runs)
        done = {run.tags.get(PARTITION_TAG) for run in runs if run.is_success}
        if len(done) >= weeks or time.monotonic() > until:
            break
        time.sleep(1)
    print(f"runs: {dict(states)}")
    of_week = Counter(run.tags.get(PARTITION_TAG) for run in runs)
    for run in runs:
        if of_week[run.tags.get(PARTITION_TAG)] > 1:
            print(f"  {run.run_id} {run.job_name} {run.status.value} {dict(run.tags)}")
    return Counter(run.tags.get(PARTITION_TAG, "") for run in runs if run.is_success)


def ticks(instance: dg.DagsterInstance) -> None:
    """How long the sensors' ticks took, by wall time, while the backfill ran."""
    for state in instance.all_instigator_state():
        found = instance.get_ticks(state.instigator_origin_id, state.selector_id)
        took = sorted(t.end_timestamp - t.timestamp for t in found if t.end_timestamp)
        if took:
            print(f"ticks of {state.instigator_name:<12}{len(took):5} median "
                  f"{statistics.median(took):.2f} s, longest {took[-1]:.2f} s")  # fmt: skip


def postgres_cpu(server: Postgres) -> float:
    """CPU seconds of the server and of all its processes that have ended."""
    pid = int((server._data / "postmaster.pid").read_text().splitlines()[0])
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")


def measure(folder: Path, weeks: int) -> int:
    server = Postgres(durable=True)
    try:
        for name in ("WAREHOUSE", "DAGSTER"):
            os.environ[f"SITECAST_{name}_URL"] = server.new_database()
        os.environ["SITECAST_MAX_CONCURRENT_WEEKS"] = str(AT_ONCE)
        os.environ["SITECAST_HOME"] = str(folder / "home")
        invent_company(folder / "home", BOXES, weeks=weeks, draws=DRAWS)
        deployment = Deployment()
        os.environ["DAGSTER_HOME"] = str(init_instance(deployment))
        opened = open_installation(deployment)
        now = InstallationResource().now()
        plan = configure_plan(opened, opened.plan_settings(), now)
        with dg.DagsterInstance.get() as instance:
            request(instance, plan.menu_weeks)
            start = time.monotonic()
            with daemon(folder) as running:
                done = wait(instance, weeks)
                wall = time.monotonic() - start
                used = running.cpu_by_role()
            ticks(instance)
        stored = sum(opened.weeks.head(plan.plan_id, week, record) is not None
                     for week in plan.menu_weeks for record in RECORDS)  # fmt: skip
        database = postgres_cpu(server)
    finally:
        server.remove()
    once = done == dict.fromkeys(plan.menu_weeks, 1) and stored == weeks * len(RECORDS)
    told = ", ".join(f"{cpu / weeks:.2f} in {role}" for role, cpu in sorted(used.items()))
    print(f"{machine()}; commit {commit()}; load averages {os.getloadavg()}")
    print(f"backfill on PostgreSQL: {weeks} weeks, {AT_ONCE} at once: "
          f"{'each done once' if once else 'NOT each done once'}; {wall:.0f} s, "
          f"{wall / weeks:.2f} s a week; CPU s a week: {told}, "
          f"{database / weeks:.2f} in PostgreSQL's")  # fmt: skip
    return int(not once)


def main() -> int:
    words(__doc__)
    weeks = 8 if os.environ.get("QUICK") else 52
    with tempfile.TemporaryDirectory(prefix="sitecast-backfill-") as folder:
        return measure(Path(folder), weeks)


if __name__ == "__main__":
    sys.exit(main())
