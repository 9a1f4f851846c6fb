"""The whole pipeline on the demo company, without Dagster: real files, database and emails."""

import datetime as dt
import email
import json
import shutil

import pandas as pd
import pytest
from click.testing import CliRunner

from sitecast.cli import main
from sitecast.deployment import Deployment
from sitecast.extract.demo import write_demo_company
from sitecast.installation import open_installation
from sitecast.pipeline import extract_plan_week, forecast_week, run_plan, simulate_week
from sitecast.records.week_record import SiteForecast

NOW = dt.datetime(2026, 11, 20, 7, tzinfo=dt.UTC)
WEEKS = ["2026-W48", "2026-W49"]


@pytest.fixture(scope="module")
def company(tmp_path_factory):
    """The demo company, two weeks, few draws; copied by every test that changes it."""
    home = tmp_path_factory.mktemp("company")
    plan_file = write_demo_company(home)
    text = plan_file.read_text(encoding="utf-8")
    text = text.replace("draws: 100", "draws: 12").replace("horizon_weeks: 4", "horizon_weeks: 2")
    plan_file.write_text(text, encoding="utf-8")
    return home


@pytest.fixture(scope="module")
def published(company, tmp_path_factory):
    """A home in which the plan was run and published once."""
    home = tmp_path_factory.mktemp("published") / "home"
    shutil.copytree(company, home, symlinks=True)
    report = run_plan(_open(home), NOW, lambda *_: None)
    assert report.succeeded, report.failures
    return home, report


def _open(home):
    return open_installation(Deployment(home=home))


def _copy(company, tmp_path):
    home = tmp_path / "home"
    shutil.copytree(company, home, symlinks=True)
    return home


def _edit(home, table, change):
    path = home / "input" / f"{table}.parquet"
    frame = pd.read_parquet(path)
    change(frame).to_parquet(path)


def test_the_main_job_forecasts_and_publishes_all_weeks(published):
    home, report = published
    assert list(report.weeks) == WEEKS
    folder = home / "publications" / report.publication_id
    assert (folder / "page.html").read_text(encoding="utf-8").startswith("<!doctype html>")
    need = pd.read_parquet(folder / "site_forecast.parquet")
    assert sorted(need["menu_week"].unique()) == WEEKS
    current = _open(home).ledger.current("site_forecast")
    assert len(current) == len(need)
    assert current["qty_mean"].sum() == pytest.approx(need["qty_mean"].sum())


def test_one_email_per_recipient(published):
    home, _ = published
    messages = [email.message_from_bytes(p.read_bytes()) for p in (home / "outbox").glob("*.eml")]
    assert sorted(m["To"] for m in messages) == ["planning@example.com", "supply@example.com"]
    assert len({m["Message-ID"] for m in messages}) == 2


def test_r10_running_again_publishes_nothing_twice(published, tmp_path):
    home = _copy(published[0], tmp_path)
    report = run_plan(_open(home), NOW, lambda *_: None)
    assert report.publication_id == published[1].publication_id
    assert len(list((home / "outbox").glob("*.eml"))) == 2
    assert len(_open(home).ledger.publications()) == 1


def test_r8_a_week_alone_gives_the_numbers_of_the_whole_plan(published):
    installation = _open(published[0])
    plan = installation.current_plan()
    week = extract_plan_week(installation, plan, WEEKS[1])
    forecast = forecast_week(week, simulate_week(week, plan), plan)
    stored = installation.weeks.read(SiteForecast, plan.plan_id, WEEKS[1])
    assert forecast.version == stored.version


def test_two_more_weeks_need_one_edit(company, tmp_path):
    home = _copy(company, tmp_path)
    plan_file = home / "plan.yaml"
    text = plan_file.read_text(encoding="utf-8")
    assert "horizon_weeks: 2" in text
    plan_file.write_text(text.replace("horizon_weeks: 2", "horizon_weeks: 4"), encoding="utf-8")
    report = run_plan(_open(home), NOW, lambda *_: None)
    assert report.succeeded, report.failures
    assert list(report.weeks) == [*WEEKS, "2026-W50", "2026-W51"]


@pytest.mark.matrix("a week fails for good: the others done, the last publication current",
                    page="faults")  # fmt: skip
@pytest.mark.matrix("a bad week: named; the others done, the last publication current",
                    page="bad-input")  # fmt: skip
def test_r12_a_bad_week_is_named_and_the_others_go_on(published, tmp_path):
    home = _copy(published[0], tmp_path)

    def break_one_week(menu):
        first = menu.index[menu["menu_week"] == WEEKS[1]][0]
        menu.loc[first, "recipe_id"] = "no-such-recipe"
        return menu

    _edit(home, "menu", break_one_week)
    report = run_plan(_open(home), NOW, lambda *_: None)
    assert report.weeks == {w: "failed" if w == WEEKS[1] else "done" for w in WEEKS}
    assert "menu.recipe_id" in report.failures[WEEKS[1]]
    assert "no-such-recipe" in report.failures[WEEKS[1]]
    assert report.publication_id is None
    publications = _open(home).ledger.publications()
    assert publications["publication_id"].tolist() == [published[1].publication_id]
    assert publications["status"].tolist() == ["current"]


def test_check_data_lists_every_breach(company, tmp_path):
    home = _copy(company, tmp_path)
    runner = CliRunner()
    good = runner.invoke(main, ["check-data", "--home", str(home)])
    assert good.exit_code == 0, good.output

    def break_two_rows(bom):
        bom.loc[bom.index[0], "qty"] = -3.0
        bom.loc[bom.index[1], "sku_id"] = "no-such-sku"
        return bom

    _edit(home, "recipe_bom", break_two_rows)
    bad = runner.invoke(main, ["check-data", "--home", str(home), "--json"])
    assert bad.exit_code == 1
    breaches = json.loads(bad.output)
    assert {b["table"] for b in breaches} == {"recipe_bom"}
    assert {b["column"] for b in breaches} == {"qty", "sku_id"}
    assert all(b["key"] and b["value"] and b["remedy"] for b in breaches)


def test_the_command_line_runs_and_shows(company, tmp_path):
    home = _copy(company, tmp_path)

    def expect_too_little(boxes):
        first = (boxes["menu_week"] == WEEKS[0]) & (boxes["region_id"] == boxes["region_id"][0])
        return boxes.assign(mean_boxes=boxes["mean_boxes"].where(~first, 0.0))

    _edit(home, "box_forecast", expect_too_little)
    runner = CliRunner()
    checked = runner.invoke(main, ["check-data", "--home", str(home)])
    assert checked.exit_code == 0, checked.output
    assert "0 breaches" in checked.output
    assert "warning: box_forecast.mean_boxes at menu_week=2026-W48" in checked.output
    ran = runner.invoke(main, ["run", "--home", str(home), "--runner", "direct", "--json"])
    assert ran.exit_code == 0, ran.output
    facts = json.loads(ran.stdout)
    assert facts["menu_weeks"] == dict.fromkeys(WEEKS, "done")
    assert list(facts["warnings"]) == [WEEKS[0]]
    assert "fewer boxes are expected" in facts["warnings"][WEEKS[0]][0]
    shown = runner.invoke(main, ["show", "weekly_need", "--home", str(home), "--json"])
    assert {"site_id", "sku_id", "qty_p50"} <= set(json.loads(shown.stdout)[0])


def test_a_wrong_plan_file_ends_with_one_message(tmp_path):
    (tmp_path / "plan.yaml").write_text("horizon_week: 4\n", encoding="utf-8")
    result = CliRunner().invoke(main, ["plan", "--home", str(tmp_path)])
    assert result.exit_code == 2
    assert "nearest known one is horizon_weeks" in result.output


def test_an_empty_home_says_what_to_do(tmp_path):
    result = CliRunner().invoke(main, ["run", "--home", str(tmp_path), "--runner", "direct"])
    assert result.exit_code == 2
    assert "there is no plan file" in result.output
