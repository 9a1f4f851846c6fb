"""The whole pipeline, SIGKILLed at points chosen by seed; run again, it ends as undisturbed."""

import datetime as dt
import random
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from faults.harness import broken, files_below, rows_of
from orchestration.conftest import Company
from publish_world import WEEKS, World

from sitecast.deployment import Deployment
from sitecast.records.week_record import SiteForecast
from sitecast.store.schema import PUBLISHED
from sitecast_dagster.local_runner import run_plan
from sitecast_dagster.resources import InstallationResource
from sitecast_dagster.week_status import is_forecast

NOW = dt.datetime(2026, 11, 20, 7, tzinfo=dt.UTC)
TABLES = ("plans", "pointers", "publications", "publication_feed", *PUBLISHED)
CI_POINTS, NIGHTLY_POINTS = 2, 60


def published_state(home: Path) -> dict[str, object]:
    """All that readers get: files, emails, tables, and whom a message was sent to."""
    database = home / "sitecast.db"
    outbox = rows_of(database, "outbox")["outbox"]
    return {
        "files": files_below(home / "publications"),
        "emails": files_below(home / "outbox"),
        "tables": rows_of(database, *TABLES),
        "messages": [row[:7] for row in outbox],
    }


class Trials:
    """Runs of the same company at the same place: emails name where the page lies."""

    def __init__(self, company: Path, home: Path) -> None:
        self._company, self._home = company, home
        self.operations = self._run_anew(None)
        self.expected = published_state(home)

    def sweep(self, number: int, seed: int) -> None:
        """Kill a run at a point, and run again, as a person would; so many times."""
        chooser, width = random.Random(seed), self.operations / number
        for turn in range(number):
            at, everything = int(width * (turn + chooser.random())), turn % 2 == 0
            self._run_anew(at, everything)
            assert broken(self._home, self._run, None)[0] == 0
            found = published_state(self._home)
            changed = [part for part in found if found[part] != self.expected[part]]
            assert changed == [], f"killed at {at} of {self.operations}, everything: {everything}"

    def _run_anew(self, at: int | None, everything: bool = True) -> int:
        shutil.rmtree(self._home, ignore_errors=True)
        shutil.copytree(self._company, self._home)
        status, operations = broken(self._home, self._run, at, everything)
        assert (status == 0) == (at is None)
        return operations

    def _run(self) -> bool:
        """`sitecast run`; whether it succeeded."""
        return run_plan(Deployment(home=self._home), lambda *_: None).succeeded


@pytest.fixture(scope="module")
def trials(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trials]:
    """A company of two weeks, and what an undisturbed run of it publishes."""
    folder = tmp_path_factory.mktemp("trials")
    company = Company(folder / "company")
    company.plan(horizon_weeks=2)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(InstallationResource, "now", lambda _: NOW)
        patch.chdir(folder)
        yield Trials(company.home, folder / "home")


@pytest.mark.matrix("run killed at any point of any stage, one process or all of them")
def test_what_is_published_equals_an_undisturbed_run_byte_for_byte(trials: Trials) -> None:
    trials.sweep(CI_POINTS, seed=1)


def test_a_week_that_lacks_a_record_is_not_done(tmp_path: Path) -> None:
    world = World(tmp_path)
    assert not is_forecast(world.weeks, world.plan.plan_id, WEEKS[0])
    world.store_week(WEEKS[0])  # neither simulated_orders nor forecast_changes
    assert world.weeks.head(world.plan.plan_id, WEEKS[0], SiteForecast) is not None
    assert not is_forecast(world.weeks, world.plan.plan_id, WEEKS[0])


@pytest.mark.slow
@pytest.mark.matrix("run killed at any of many more points")
def test_what_is_published_equals_an_undisturbed_run_at_many_points(trials: Trials) -> None:
    trials.sweep(NIGHTLY_POINTS, seed=2)
