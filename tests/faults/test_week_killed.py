"""One week in Dagster, SIGKILLed at points chosen by seed: catalogue and store agree after it."""

import random
import shutil
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import dagster as dg
import pytest
from counts import Counted, memory_folder, nightly
from faults.harness import at_once, broken
from orchestration.conftest import Company, connections_kept

from sitecast.pipeline import configure_plan
from sitecast.records.week_record import WEEK_RECORDS
from sitecast_dagster.assets import WEEK_ASSETS
from sitecast_dagster.definitions import build_definitions
from sitecast_dagster.instance import dagster_home, init_instance

ASSETS = {"week": WEEK_ASSETS, "record": WEEK_ASSETS[:1]}
"""What a run makes: the whole week, which takes seconds, or its first record, as from its page."""
CI_POINTS = {"week": 8, "record": 20}
NIGHTLY_POINTS = {"week": 280, "record": 280}


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

    def sweep(self, what: str, number: int, seed: int) -> int:
        """Kill a run at so many points, and run it again; how many died before their end."""
        run = partial(self.run, what)
        _, operations = broken(self._folder, run, None)
        chooser, width, kills = random.Random(seed), operations / number, 0
        for turn in range(number):
            at = int(width * (turn + chooser.random()))
            self.new_input()
            status, _ = broken(self._folder, run, at)
            kills += status != 0
            self.require_nothing_torn()
            assert broken(self._folder, run, None)[0] == 0, at
            assert self.catalogue() == self.heads(), f"killed at {at} of {operations}"
        return kills

    def run(self, what: str = "week") -> bool:
        """Materialise the week or its first record, as a run does; whether it succeeded."""
        with self._instance() as instance:
            instance.add_dynamic_partitions("menu_week", [self.week])
            return dg.materialize(
                WEEK_ASSETS, selection=ASSETS[what], partition_key=self.week, instance=instance,
                raise_on_error=False, resources=self._definitions.resources,
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


@pytest.fixture(scope="module")
def trials() -> Iterator[Trials]:
    folder = memory_folder()
    with pytest.MonkeyPatch.context() as patch, connections_kept():
        patch.chdir(folder)
        yield Trials(folder)
    shutil.rmtree(folder)


@pytest.mark.parametrize("what", CI_POINTS)
@pytest.mark.matrix("kill around commit, materialisation event and run success")
def test_catalogue_and_store_agree_after_a_kill(
    trials: Trials, what: str, counted: Counted
) -> None:
    kills = trials.sweep(what, CI_POINTS[what], seed=1)
    counted(f"kills of a {what} in Dagster", kills)
    assert kills == CI_POINTS[what]


@pytest.mark.slow
@pytest.mark.parametrize("what", NIGHTLY_POINTS)
@pytest.mark.matrix("kill around commit, materialisation event and run success, many points")
def test_catalogue_and_store_agree_after_many_kills(
    trials: Trials, what: str, counted: Counted
) -> None:
    points = nightly(NIGHTLY_POINTS[what])
    kills = trials.sweep(what, points, seed=2)
    counted(f"kills of a {what} in Dagster", kills)
    assert kills == points


@pytest.mark.matrix("the same week materialised twice at once")
def test_a_week_made_twice_at_once_is_made_once(trials: Trials) -> None:
    before = trials.heads()
    trials.new_input()
    assert at_once(trials.run, trials.run) == [0, 0]
    assert trials.catalogue() == trials.heads() != before
    trials.require_nothing_torn()
    weeks, plan_id, week = trials.company.open().weeks, trials.plan.plan_id, trials.week
    heads = {record.asset: weeks.head(plan_id, week, record) for record in WEEK_RECORDS}
    for record in WEEK_RECORDS:
        for asset, version in weeks.read(record, plan_id, week).provenance.inputs.items():
            assert heads[asset] == version, "made from what the other run made"
