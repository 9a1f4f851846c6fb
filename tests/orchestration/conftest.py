"""A small company in a temporary home, with a real Dagster instance of its own."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import dagster as dg
import pandas as pd
import pytest
import yaml
from worlds import AS_OF, WEEKLY_TABLES, moved_weeks, small_week

from sitecast.deployment import Deployment
from sitecast.installation import Installation
from sitecast_dagster import kept_connections
from sitecast_dagster.assets import WEEK_ASSETS
from sitecast_dagster.definitions import build_definitions
from sitecast_dagster.instance import dagster_home, init_instance
from sitecast_dagster.resources import InstallationResource

WEEKS = (*[f"2026-W{number}" for number in range(48, 54)], "2027-W01", "2027-W02")


@dataclass
class Company:
    """Input tables of eight weeks, a plan file, and Dagster around them."""

    home: Path
    weeks = WEEKS

    def __post_init__(self) -> None:
        (self.home / "input").mkdir(parents=True)
        for name, table in small_week().tables.items():
            weeks = [moved_weeks(table, n, week) for n, week in enumerate(WEEKS)]
            whole = pd.concat(weeks, ignore_index=True) if name in WEEKLY_TABLES else table
            if len(table):
                whole.to_parquet(self.home / "input" / f"{name}.parquet")
        self.plan()

    def plan(self, **settings: Any) -> None:
        """Write the plan file: four weeks, five draws, one recipient."""
        base = {"company": "Test Kitchen", "as_of": AS_OF.isoformat(), "horizon_weeks": 4,
                "draws": 5, "publication": {"recipients": ["planning@example.com"]}}  # fmt: skip
        (self.home / "plan.yaml").write_text(yaml.safe_dump({**base, **settings}))

    def change(self, table: str, menu_week: str, **values: Any) -> None:
        """Overwrite columns of one week's rows of an input table."""
        path = self.home / "input" / f"{table}.parquet"
        frame = pd.read_parquet(path)
        for column, value in values.items():
            frame.loc[frame["menu_week"] == menu_week, column] = value
        frame.to_parquet(path)

    @property
    def deployment(self) -> Deployment:
        return Deployment(home=self.home)

    @property
    def resource(self) -> InstallationResource:
        return InstallationResource.of(self.deployment)

    def open(self) -> Installation:
        return self.resource.open()


@dataclass
class Stage:
    """A company's instance, and a hand on each job and sensor."""

    company: Company
    instance: dg.DagsterInstance
    definitions: dg.Definitions

    def run(self, job: str, week: str | None = None, **tags: str) -> dg.ExecuteInProcessResult:
        return self.definitions.resolve_job_def(job).execute_in_process(
            instance=self.instance, partition_key=week, raise_on_error=False,
            tags={name.replace("__", "/"): value for name, value in tags.items()},
        )  # fmt: skip

    def materialise(self, asset: str, week: str) -> dg.ExecuteInProcessResult:
        """One asset of a week alone, as from its page in the UI."""
        return dg.materialize(
            WEEK_ASSETS, selection=[asset], partition_key=week, instance=self.instance,
            resources=self.definitions.resources, raise_on_error=False,
        )  # fmt: skip

    def tick(self, sensor: Any) -> list[dg.RunRequest]:
        """What a sensor asks for, the same on each of two looks."""
        first, second = self._look(sensor), self._look(sensor)
        assert [r.run_key for r in first] == [r.run_key for r in second]
        return first

    def launch(self, job: str, requests: list[dg.RunRequest]) -> list[dg.ExecuteInProcessResult]:
        return [
            self.definitions.resolve_job_def(job).execute_in_process(
                instance=self.instance, partition_key=request.partition_key,
                tags=dict(request.tags), raise_on_error=False,
            )
            for request in requests
        ]  # fmt: skip

    def forecast(self, weeks: tuple[str, ...], tags: Mapping[str, str] = {}) -> None:
        for week in weeks:
            job = self.definitions.resolve_job_def("forecast_week")
            assert job.execute_in_process(
                instance=self.instance, partition_key=week, tags=dict(tags)
            ).success

    def _look(self, sensor: Any) -> list[dg.RunRequest]:
        with dg.build_sensor_context(
            instance=self.instance, resources={"installation": self.company.resource},
            definitions=self.definitions,
        ) as context:  # fmt: skip
            found = sensor(context)
        if isinstance(found, dg.SensorResult):
            return list(found.run_requests or [])
        found = [found] if isinstance(found, dg.RunRequest | dg.SkipReason) else found
        return [item for item in found or [] if isinstance(item, dg.RunRequest)]


@pytest.fixture
def company(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Company:
    monkeypatch.chdir(tmp_path)  # no .env of the developer's
    return Company(tmp_path / "home")


@contextmanager
def connections_kept() -> Iterator[None]:
    """Connections to Dagster's files stay open, as in every process of a run, until the end."""
    modules = [import_module(name) for name in kept_connections.STORAGES]
    with pytest.MonkeyPatch.context() as patch:
        for module in modules:
            for name in ("create_engine", "check_alembic_revision"):
                patch.setattr(module, name, vars(module)[name])  # put back
        kept_connections.keep_connections()
        yield
    kept_connections.close_unused()


@pytest.fixture
def kept() -> Iterator[None]:
    """As in a process of a run."""
    with connections_kept():
        yield


@pytest.fixture
def stage(company: Company, kept: None) -> Iterator[Stage]:
    init_instance(company.deployment)
    home = str(dagster_home(company.deployment))
    with dg.DagsterInstance.from_config(home) as instance:
        yield Stage(company, instance, build_definitions(company.resource))
