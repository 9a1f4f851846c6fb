"""N weeks on w workers take the time of one: machines that share nothing but the network.

Run `python -m benchmarks.workers`; as root each machine gets a network namespace of its own, else a
process group. PostgreSQL, S3 (moto) and Redis are throw-away servers. The weeks wait: their source
sleeps WAIT_SECONDS in the database (two cores cannot compute three weeks in the time of one), so
what is shown is that nothing but the work itself stands in line. Times are those of Dagster's runs:
from the first start to the last end. The last line is the headline.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import dagster as dg
import sqlalchemy as sa
from dagster._core.storage.dagster_run import IN_PROGRESS_RUN_STATUSES

from benchmarks.arguments import words
from benchmarks.stamp import commit, machine
from sitecast.pipeline import configure_plan

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
import cluster as machines  # tools of the tests
from cluster import SUCCESS, Cluster
from orchestration.conftest import Company
from servers import BUCKET, S3_KEYS, Postgres, S3Server, redis

WORKERS, WAIT_SECONDS = 3, 60
UNDER_WAY = dg.RunsFilter(statuses=IN_PROGRESS_RUN_STATUSES)
machines.PATIENCE_SECONDS = 1_800
GOAL = 1.25
"""Time of N ≤ w weeks ÷ time of one."""


class Network:
    """A bridge on this machine, and a namespace per machine that reaches it and nothing else."""

    bridge, address = "sitecast0", "10.77.0.1"

    def __init__(self) -> None:
        self._names: list[str] = []
        _ip("link", "add", self.bridge, "type", "bridge")
        _ip("addr", "add", f"{self.address}/24", "dev", self.bridge)
        _ip("link", "set", self.bridge, "up")

    def prefix(self, name: str) -> list[str]:
        """What stands before a command that runs on a machine of this name."""
        number = len(self._names) + 2
        space = f"sitecast-{number}"
        self._names.append(space)
        _ip("netns", "add", space)
        _ip("link", "add", f"sc{number}", "type", "veth", "peer", "name", "eth0", "netns", space)
        _ip("link", "set", f"sc{number}", "master", self.bridge, "up")
        _ip("-n", space, "addr", "add", f"10.77.0.{number}/24", "dev", "eth0")
        _ip("-n", space, "link", "set", "eth0", "up")
        _ip("-n", space, "link", "set", "lo", "up")
        print(f"{name}: namespace {space}, 10.77.0.{number}")
        return ["ip", "netns", "exec", space]

    def close(self) -> None:
        """Nothing is left."""
        for name in self._names:
            _ip("netns", "del", name)
        _ip("link", "del", self.bridge)


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True)


def slow_source(url: str) -> None:
    """Every extraction waits: the table of sites is a view that sleeps."""
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE sites RENAME TO sites_at_once")
        connection.exec_driver_sql(
            "CREATE VIEW sites AS SELECT s.* FROM sites_at_once s, "
            f"(SELECT pg_sleep({WAIT_SECONDS})) AS waiting"
        )
    engine.dispose()


def seconds(cluster: Cluster, weeks: int, seed: int) -> float:
    """From the start of the first run of a new plan's weeks to the end of the last."""
    opened = cluster.open()
    settings = opened.plan_settings().model_copy(update={"horizon_weeks": weeks, "seed": seed})
    assert settings.as_of is not None
    known = {run.run_id for run in cluster.runs()}
    configure_plan(opened, settings, settings.as_of)

    def mine() -> list[str]:
        return [run.run_id for run in cluster.runs(SUCCESS) if run.run_id not in known]

    cluster.wait(f"{weeks} weeks", lambda: len(mine()) == weeks)
    cluster.wait("publication", lambda: len(opened.ledger.publications()) == seed)
    cluster.wait("idle workers", lambda: not cluster.instance.get_runs(UNDER_WAY, limit=1))
    records = [cluster.instance.get_run_record_by_id(run_id) for run_id in mine()]
    spans = [(r.start_time, r.end_time) for r in records if r is not None]
    for start, end in sorted(spans):
        print(f"  a run of {end - start:.1f} s, {start - min(spans)[0]:.1f} s after the first")
    return max(end for _, end in spans) - min(start for start, _ in spans)


def measure(folder: Path, network: Network | None) -> int:
    host = "127.0.0.1" if network is None else network.address
    server, s3 = Postgres(host), S3Server(host)
    try:
        with redis(folder, host) as broker:
            os.environ.update(S3_KEYS, AWS_ENDPOINT_URL=s3.url)
            import boto3

            boto3.client("s3").create_bucket(Bucket=BUCKET)
            company = Company(folder / "company")
            database = server.new_database()
            (folder / "machines").mkdir()
            cluster = Cluster(company, folder / "machines", database, f"s3://{BUCKET}/data",
                              s3.url, broker, WORKERS)  # fmt: skip
            cluster.prefix = (lambda _: []) if network is None else network.prefix
            os.environ.update(cluster.settings)
            assert cluster.instance.run_storage
            try:
                return compared(cluster, database)
            finally:
                cluster.close()
    finally:
        s3.stop()
        server.remove()


def compared(cluster: Cluster, database: str) -> int:
    cluster.start_daemon()
    for number in range(1, WORKERS + 1):
        cluster.start_worker(f"worker-{number}")
    slow_source(database)
    seconds(cluster, 1, seed=1)  # the first week compiles and fills caches
    one, many = seconds(cluster, 1, seed=2), seconds(cluster, WORKERS, seed=3)
    print(f"{machine()}; commit {commit()}; load averages {os.getloadavg()}")
    print(f"workers: 1 week {one:.1f} s, {WORKERS} weeks on {WORKERS} workers {many:.1f} s: "
          f"{many / one:.2f} (goal {GOAL:g})")  # fmt: skip
    return int(many / one > GOAL)


def main() -> int:
    words(__doc__)
    network = Network() if os.geteuid() == 0 else None
    try:
        with tempfile.TemporaryDirectory(prefix="sitecast-workers-") as folder:
            os.chdir(folder)
            return measure(Path(folder), network)
    finally:
        if network is not None:
            network.close()


if __name__ == "__main__":
    sys.exit(main())
