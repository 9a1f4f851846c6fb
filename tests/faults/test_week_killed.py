"""One week in Dagster, SIGKILLed at points chosen by seed: catalogue and store agree after it."""

import random
from pathlib import Path

import dagster as dg
import pytest
from counts import Counted, nightly
from faults.harness import broken
from orchestration.conftest import Company

from sitecast.pipeline import configure_plan
from sitecast.records.week_record import WEEK_RECORDS
from sitecast_dagster.assets import WEEK_ASSETS
from sitecast_dagster.definitions import build_definitions
from sitecast_dagster.instance import dagster_home, init_instance

CI_POINTS, NIGHTLY_POINTS = 14, 560  # more take CI over a minute


class Trials:
    """One company whose first week is made again and again, from ever different input."""

    def __init__(self, folder: Path) -> None:
        self.company = Company(folder / "home")
        self.company.plan(horizon_weeks=1, draws=2)
        init_instance(self.company.deployment)
        opened = self.company.open()
        now = self.company.resource.now()
        self.plan = configure_plan(opened, opened.plan_settings(), now)
        self.week = self.plan.menu_weeks[0]
        self._definitions = build_definitions(self.company.resource)
        self._folder, self._turn = folder, 0
        assert self.run()  # here, so that no fork has to warm up
        _, self.operations = broken(folder, self.run, None)

    def sweep(self, number: int, seed: int) -> int:
        """Kill the week at so many points, and run it again; how many died before their end."""
        chooser, width, kills = random.Random(seed), self.operations / number, 0
        for turn in range(number):
            at = int(width * (turn + chooser.random()))
            self.new_input()
            status, _ = broken(self._folder, self.run, at)
            kills += status != 0
            self.require_nothing_torn()
            assert broken(self._folder, self.run, None)[0] == 0, at
            assert self.catalogue() == self.heads(), f"killed at {at} of {self.operations}"
        return kills

    def run(self) -> bool:
        """Materialise the week, as a run does; whether it succeeded."""
        with self._instance() as instance:
            instance.add_dynamic_partitions("menu_week", [self.week])
            return dg.materialize(
                WEEK_ASSETS, partition_key=self.week, instance=instance, raise_on_error=False,
                resources=self._definitions.resources,
            ).success  # fmt: skip

    def new_input(self) -> None:
        """Other numbers: the next run makes other versions."""
        self._turn += 1
        self.company.change("box_forecast", self.week, mean_boxes=5.0 + self._turn / 100)

    def heads(self) -> list[str | None]:
        """What the store has, record by record."""
        weeks = self.company.open().weeks
        return [weeks.head(self.plan.plan_id, self.week, record) for record in WEEK_RECORDS]

    def require_nothing_torn(self) -> None:
        """What a reader finds is whole."""
        weeks = self.company.open().weeks
        for record, head in zip(WEEK_RECORDS, self.heads(), strict=True):
            if head is not None:
                weeks.read(record, self.plan.plan_id, self.week)  # every sum is checked

    def catalogue(self) -> list[str]:
        """What Dagster says was made last, record by record."""
        with self._instance() as instance:
            return [self._newest(instance, record.asset) for record in WEEK_RECORDS]

    def _newest(self, instance: dg.DagsterInstance, asset: str) -> str:
        wanted = dg.AssetRecordsFilter(dg.AssetKey(asset), [self.week])
        (record,) = instance.fetch_materializations(wanted, limit=1).records
        made = record.asset_materialization
        assert made is not None
        assert made.tags is not None
        return made.tags["dagster/data_version"]

    def _instance(self) -> dg.DagsterInstance:
        return dg.DagsterInstance.from_config(str(dagster_home(self.company.deployment)))


@pytest.fixture
def trials(fast_path: Path, monkeypatch: pytest.MonkeyPatch) -> Trials:
    monkeypatch.chdir(fast_path)
    return Trials(fast_path)


@pytest.mark.matrix("kill around commit, materialisation event and run success")
def test_catalogue_and_store_agree_after_a_kill(trials: Trials, counted: Counted) -> None:
    kills = trials.sweep(CI_POINTS, seed=1)
    counted("kills of a week in Dagster", kills)
    assert kills == CI_POINTS


@pytest.mark.slow
@pytest.mark.matrix("kill around commit, materialisation event and run success, many points")
def test_catalogue_and_store_agree_after_many_kills(trials: Trials, counted: Counted) -> None:
    points = nightly(NIGHTLY_POINTS)
    kills = trials.sweep(points, seed=2)
    counted("kills of a week in Dagster", kills)
    assert kills == points
