"""Machines that share nothing but the network: a Dagster daemon here, workers there.

Each machine is a process group with a home, a plan file and a working directory of its own, started
as deploy/compose.yaml says; `prefix` may put it into a network namespace. Data lie in PostgreSQL
and S3, runs come through Redis.
"""

import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path

import dagster as dg
import pandas as pd
import sqlalchemy as sa
import yaml
from orchestration.conftest import Company
from servers import S3_KEYS

from sitecast.deployment import Deployment
from sitecast.installation import Installation, open_installation
from sitecast_dagster.instance import init_instance
from sitecast_dagster.tags import PARTITION_TAG

COMPOSE = Path(__file__).parents[1] / "deploy" / "compose.yaml"
PATIENCE_SECONDS = 300
SUCCESS, STARTED = dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.STARTED


class Machine:
    """A process group with a disk of its own."""

    def __init__(self, folder: Path, settings: Mapping[str, str], *command: str) -> None:
        folder.mkdir(exist_ok=True)
        self._log = (folder / "log").open("ab")
        path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        environment = {**os.environ, **settings, "PATH": path}
        self._process = subprocess.Popen(
            [*command], cwd=folder, env=environment, stdout=self._log, stderr=self._log,
            start_new_session=True,
        )  # fmt: skip
        self.folder = folder

    @property
    def group(self) -> int:
        """Its process group."""
        return self._process.pid

    def lose(self) -> None:
        """The machine is gone: SIGKILL everything on it."""
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._log.close()

    def ask_to_stop(self) -> None:
        """SIGTERM to its first process, as an orchestrator does before it replaces it."""
        self._process.send_signal(signal.SIGTERM)

    def stopped(self) -> bool:
        """Whether its first process has ended."""
        return self._process.poll() is not None

    def tail(self) -> str:
        """What it said last."""
        return (self.folder / "log").read_text(errors="replace")[-3_000:]


class Cluster:
    """A company whose data lie in PostgreSQL, and the machines that work for it."""

    def __init__(
        self, company: Company, folder: Path, postgres: str, s3: str, s3_url: str, broker: str,
        weeks_at_once: int,
    ) -> None:  # fmt: skip
        self.folder, self.database = folder, postgres
        self.settings = {
            "SITECAST_WAREHOUSE_URL": postgres, "SITECAST_DAGSTER_URL": postgres,
            "SITECAST_SOURCE_URL": postgres, "SITECAST_STORE_URL": s3,
            "SITECAST_BROKER_URL": broker, "SITECAST_MAX_CONCURRENT_WEEKS": str(weeks_at_once),
            "AWS_ENDPOINT_URL": s3_url, **S3_KEYS,
        }  # fmt: skip
        load_input(company, postgres)
        self.plan_file = (company.home / "plan.yaml").read_text()
        self.machines: list[Machine] = []
        self.prefix: Callable[[str], list[str]] = lambda _: []

    def home(self, name: str) -> Path:
        """The disk of a machine, with nothing but the plan file."""
        home = self.folder / name / "home"
        home.mkdir(parents=True, exist_ok=True)
        settings = {**yaml.safe_load(self.plan_file), "source": "database"}
        (home / "plan.yaml").write_text(yaml.safe_dump(settings))
        return home

    def start_daemon(self) -> Machine:
        """Start the daemon, which starts the code server."""
        return self._start("control", "daemon")

    def start_worker(self, name: str) -> Machine:
        """Start a worker on a machine of its own."""
        return self._start(name, "worker")

    def _start(self, name: str, service: str) -> Machine:
        """As deploy/compose.yaml starts it."""
        home = self.home(name)
        folders = {"SITECAST_HOME": str(home), "DAGSTER_HOME": str(home / "dagster")}
        services = yaml.safe_load(COMPOSE.read_text())["services"]
        command = shlex.split(services[service]["command"])
        command = [*self.prefix(name), *command]
        machine = Machine(home.parent, {**self.settings, **folders}, *command)
        self.machines.append(machine)
        return machine

    @property
    def deployment(self) -> Deployment:
        """The deployment as the daemon's machine sees it; the environment has the settings."""
        return Deployment(home=self.home("control"))

    def open(self) -> Installation:
        """Its stores."""
        return open_installation(self.deployment)

    @cached_property
    def instance(self) -> dg.DagsterInstance:
        """The instance as the UI sees it."""
        return dg.DagsterInstance.from_config(str(init_instance(self.deployment)))

    def runs(self, *statuses: dg.DagsterRunStatus) -> list[dg.DagsterRun]:
        """Runs of weeks in some statuses."""
        wanted = dg.RunsFilter(job_name="forecast_week", statuses=list(statuses))
        return list(self.instance.get_runs(wanted))

    def done(self) -> Counter[str]:
        """How many runs of each week ended well."""
        return Counter(run.tags[PARTITION_TAG] for run in self.runs(SUCCESS))

    def wait(self, what: str, condition: Callable[[], bool]) -> None:
        """Look until a condition holds."""
        until = time.monotonic() + PATIENCE_SECONDS
        while not condition():
            tails = "\n".join(f"{m.folder.name}: {m.tail()}" for m in self.machines)
            assert time.monotonic() < until, f"not seen: {what}\n{tails}"
            time.sleep(0.3)

    def close(self) -> None:
        """Whatever is left of the machines is gone."""
        for machine in self.machines:
            machine.lose()
        self.instance.dispose()


def load_input(company: Company, url: str) -> None:
    """Put a company's input tables into a database."""
    engine = sa.create_engine(url)
    for path in sorted((company.home / "input").glob("*.parquet")):
        pd.read_parquet(path).to_sql(path.stem, engine, index=False)
    engine.dispose()
    shutil.rmtree(company.home / "input")
