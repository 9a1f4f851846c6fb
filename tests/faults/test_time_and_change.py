"""What changes under a plan: clocks, late and corrected rows, weeks that are taken away."""

import datetime as dt
import sqlite3
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from faults.changing_source import fill, require_one_snapshot
from orchestration.conftest import Stage
from poisoned import TABLES, add, changed, everywhere, put
from worlds import AS_OF, WEEK, small_plan

from sitecast.errors import SourceUnavailable
from sitecast.extract import extract_week, open_source
from sitecast_dagster.resources import InstallationResource
from sitecast_dagster.sensors import new_weeks, publish

EARLIER, LATER = AS_OF - dt.timedelta(days=1), AS_OF + dt.timedelta(days=1)


@pytest.mark.matrix("late data: a row that becomes known after the plan was made")
def test_a_plan_sees_what_was_known_and_the_next_one_what_came_late() -> None:
    source = changed(
        everywhere("order_lines", "as_of", EARLIER.isoformat()),
        put("order_lines", "as_of", LATER.isoformat(), row=4),
    )
    plan = small_plan()
    known = extract_week(source, plan, WEEK)["order_lines"]
    all_of_it = extract_week(source, replace(plan, as_of=LATER), WEEK)["order_lines"]
    assert len(all_of_it) == len(known) + 1


@pytest.mark.matrix("restated history: a row is corrected after the plan was made")
def test_a_correction_reaches_the_next_plan_and_leaves_this_one() -> None:
    source = changed(
        everywhere("order_lines", "as_of", EARLIER.isoformat()),
        add("order_lines", as_of=LATER.isoformat(), quantity="2"),
    )
    plan = small_plan()
    week, again = (extract_week(source, plan, WEEK) for _ in range(2))
    assert week.version == again.version
    assert week["order_lines"]["quantity"][0] == 1
    restated = extract_week(source, replace(plan, as_of=LATER), WEEK)["order_lines"]
    assert restated["quantity"][0] == 2


def _renamed_over(path: Path, content: str) -> None:
    beside = path.with_suffix(".new")
    beside.write_text(content)
    beside.rename(path)


def _half_written(path: Path, content: str) -> None:
    path.write_text(content[: len(content) // 2])


@pytest.mark.parametrize("change", [_renamed_over, _half_written])
@pytest.mark.parametrize("table", ["menu_weeks", "orders", "order_lines"])
@pytest.mark.matrix("source folder changes while a week is read")
def test_a_folder_that_changes_under_a_reader_is_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, table: str, change: Any
) -> None:
    for name, frame in TABLES.items():
        frame.to_csv(tmp_path / f"{name}.csv", index=False)
    path, source = tmp_path / f"{table}.csv", open_source(".", tmp_path, None)
    quiet, content, read = extract_week(source, small_plan(), WEEK), path.read_text(), source.read

    def changed_meanwhile(name: str, weeks: Any = None) -> Any:
        frame = read(name, weeks)
        if name == table and not under_way:
            under_way.append(name)
            change(path, content)
        return frame

    under_way: list[str] = []
    monkeypatch.setattr(source, "read", changed_meanwhile)
    with pytest.raises(SourceUnavailable, match="changed while it was read") as caught:
        extract_week(source, small_plan(), WEEK)
    assert caught.value.transient
    assert caught.value.where["table"] == table
    _renamed_over(path, content)
    assert extract_week(source, small_plan(), WEEK).version == quiet.version


@pytest.mark.parametrize("journal", ["WAL", "DELETE"])
@pytest.mark.matrix("source database changes while a week is read, SQLite")
def test_a_week_is_read_from_one_snapshot_of_its_database(tmp_path: Path, journal: str) -> None:
    url = f"sqlite:///{tmp_path / 'company.db'}"
    fill(url)
    with sqlite3.connect(tmp_path / "company.db") as database:
        database.execute(f"PRAGMA journal_mode = {journal}")
    database.close()
    require_one_snapshot(url, tmp_path)


@pytest.mark.matrix("clock change: the hour that comes twice, and any time zone of the machine")
def test_the_hour_that_comes_twice_is_two_hours(monkeypatch: pytest.MonkeyPatch) -> None:
    at = dt.datetime(2026, 10, 25, 1, tzinfo=dt.UTC)  # summer time ends; both are 02:30 or 01:30
    summer, winter = "2026-10-25T02:30:00+02:00", "2026-10-25T02:30:00+01:00"
    source = changed(
        everywhere("orders", "created_at", "2026-10-01T00:00Z"),
        everywhere("order_lines", "as_of", summer), put("order_lines", "as_of", winter, row=4),
    )  # fmt: skip
    plan = replace(small_plan(), as_of=at)
    versions, lines = set(), set()
    for zone in ("UTC", "Europe/London", "Pacific/Apia"):
        monkeypatch.setenv("TZ", zone)
        time.tzset()
        week = extract_week(source, plan, WEEK)
        versions.add(week.version)
        lines.add(len(week["order_lines"]))
    monkeypatch.delenv("TZ")
    time.tzset()
    assert len(versions) == 1
    assert lines == {len(extract_week(changed(), small_plan(), WEEK)["order_lines"]) - 1}


@pytest.mark.matrix("plan shrinks from six weeks to four")
def test_a_plan_that_shrinks_asks_for_its_own_weeks_only(stage: Stage) -> None:
    for weeks in (6, 4):
        stage.company.plan(horizon_weeks=weeks)
        assert stage.run("plan_weeks").success
    plan = stage.company.open().current_plan()
    registered = stage.instance.get_dynamic_partitions("menu_week")
    assert sorted(registered) == list(plan.menu_weeks) == list(stage.company.weeks[:4])
    assert [r.partition_key for r in stage.tick(new_weeks)] == list(plan.menu_weeks)


@pytest.mark.matrix("week 53 and the turn of the year")
def test_week_53_and_the_first_of_the_next_year_are_weeks_like_others(stage: Stage) -> None:
    stage.company.plan(horizon_weeks=2, first_menu_week="2026-W53")
    assert stage.run("plan_weeks").success
    plan = stage.company.open().current_plan()
    assert list(plan.menu_weeks) == ["2026-W53", "2027-W01"]
    stage.forecast(plan.menu_weeks)
    assert stage.launch("publish_forecast", stage.tick(publish))[0].success
    load = stage.company.open().ledger.current("site_load")
    assert sorted(load["menu_week"].unique()) == list(plan.menu_weeks)


@pytest.mark.matrix("partition deleted while its run works")
def test_a_partition_deleted_under_a_run_harms_no_other_week(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage.company.plan(horizon_weeks=2)
    assert stage.run("plan_weeks").success
    plan = stage.company.open().current_plan()
    gone, other = plan.menu_weeks
    looks, open_as_ever = [], InstallationResource.open

    def delete_at_the_third_look(self: InstallationResource) -> Any:
        looks.append(1)
        if len(looks) == 3:
            stage.instance.delete_dynamic_partition("menu_week", gone)
        return open_as_ever(self)

    monkeypatch.setattr(InstallationResource, "open", delete_at_the_third_look)
    stage.run("forecast_week", gone)
    monkeypatch.undo()
    assert len(looks) > 3
    assert gone not in stage.instance.get_dynamic_partitions("menu_week")
    stage.forecast([other])  # type: ignore[arg-type]
    asked = [request.partition_key for request in stage.tick(new_weeks)]
    assert set(asked) <= {gone}
    stage.instance.add_dynamic_partitions("menu_week", [gone])
    stage.forecast([gone])  # type: ignore[arg-type]
    assert stage.launch("publish_forecast", stage.tick(publish))[0].success
