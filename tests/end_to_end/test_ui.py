"""The real Dagster UI in a headless browser, on the instance that the command line used."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

import dagster as dg
import pytest

from sitecast.deployment import Deployment
from sitecast.extract.demo import write_demo_company
from sitecast.installation import open_installation
from sitecast.records.week_record import SiteForecast
from sitecast_dagster.instance import dagster_home
from sitecast_dagster.local_runner import run_plan
from sitecast_dagster.stored_runs import MODULE

CHROMIUM = shutil.which("chromium")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="needs Debian's chromium; .ci/run installs it"),
]
PATIENCE = 150
GROUP = f"/locations/{MODULE}/asset-groups/sitecast/lineage"
WEEK_JOB = f"/locations/{MODULE}/jobs/forecast_week"


@pytest.fixture(scope="module")
def deployment(tmp_path_factory):
    """The demo company, its first two weeks forecast and published from the command line."""
    home = tmp_path_factory.mktemp("ui") / "home"
    plan_file = write_demo_company(home)
    text = plan_file.read_text(encoding="utf-8").replace("draws: 100", "draws: 12")
    plan_file.write_text(text.replace("horizon_weeks: 4", "horizon_weeks: 2"), encoding="utf-8")
    settings = Deployment(home=home)
    report = run_plan(settings, lambda *_: None)
    assert report.succeeded, report.failures
    return settings


@pytest.fixture(scope="module")
def ui(deployment, tmp_path_factory):
    """`make ui` on a free port; the address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = tmp_path_factory.mktemp("log") / "ui.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "sitecast_dagster.ui", "--port", str(port)],
            env={**os.environ, "SITECAST_HOME": str(deployment.home)},
            stdout=output, stderr=output, start_new_session=True,
        )  # fmt: skip
    address = f"http://127.0.0.1:{port}"
    try:
        _wait(lambda: _answers(address), f"the UI did not start: see {log}")
        yield address
    finally:
        os.killpg(process.pid, signal.SIGINT)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(30)


@pytest.fixture(scope="module")
def browser(ui):
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        yield chromium
        chromium.close()


@pytest.fixture
def page(ui, browser, tmp_path):
    """A page of the UI; what it showed last is kept as a picture."""
    page = browser.new_page(base_url=ui, viewport={"width": 2300, "height": 640})
    page.set_default_timeout(90_000)
    yield page
    page.screenshot(path=tmp_path / "last.png")
    page.close()


def test_lineage_checks_and_runs_of_the_command_line_are_there(page, tmp_path):
    page.goto(GROUP)
    for name in ("forecast_plan", "extracted_data", "simulated_orders", "published_forecast"):
        page.get_by_text(name, exact=True).first.wait_for()
    page.get_by_text("2 partitions").nth(2).wait_for()
    page.screenshot(path=tmp_path / "lineage.png")
    page.goto("/assets/site_forecast?view=checks")
    page.get_by_text("Checks (8)").wait_for()
    page.get_by_text("Execution history").click()
    # Both weeks: what a check says now is the UI's guess where two weeks ran side by side.
    page.get_by_text("Passed", exact=True).nth(1).wait_for()
    page.screenshot(path=tmp_path / "checks.png")
    page.goto("/runs")
    page.get_by_text("forecast_week").nth(1).wait_for()
    page.goto("/assets/site_forecast?view=partitions&partition=2026-W48")
    page.get_by_alt_text("boxes per site and day").wait_for()
    page.screenshot(path=tmp_path / "partitions.png")


def test_a_plan_made_in_the_ui_runs_and_is_published_by_the_sensors(page, deployment):
    plan_file = deployment.plan_path
    text = plan_file.read_text(encoding="utf-8")
    plan_file.write_text(text.replace("horizon_weeks: 2", "horizon_weeks: 3"), encoding="utf-8")
    page.goto("/assets/forecast_plan")
    page.get_by_role("button").filter(has_text=re.compile("^Materialize$")).click()
    ledger = open_installation(deployment).ledger
    _wait(lambda: len(ledger.publications()) == 2, "the new plan was not published")
    newest = ledger.publications().iloc[0]
    assert newest["plan_id"] == ledger.current_plan().plan_id
    assert len(ledger.current_plan().menu_weeks) == 3
    assert len(ledger.current("site_load")["menu_week"].unique()) == 3
    page.goto("/assets/published_forecast")
    page.get_by_text(newest["publication_id"]).first.wait_for()


def test_a_new_week_can_be_added_and_materialised(page, deployment):
    page.goto(WEEK_JOB)
    page.get_by_role("button", name="Materialize all").click()
    page.get_by_role("button", name="Add a partition").click()
    page.get_by_placeholder("name").fill("2026-W52")
    page.get_by_role("button", name="Save").click()
    page.get_by_placeholder("name").wait_for(state="hidden")
    # The dialog selects what was added, unless the list that it asks for anew comes too late: the
    # week is chosen from the list, as a user does then.
    page.goto(WEEK_JOB)
    _choose(page, "2026-W52")
    page.get_by_role("button", name="Launch 1 run").click()
    opened = open_installation(deployment)
    plan = opened.current_plan()
    assert "2026-W52" not in plan.menu_weeks
    _wait(lambda: opened.weeks.head(plan.plan_id, "2026-W52", SiteForecast), "no forecast")


@pytest.mark.slow
def test_a_range_of_weeks_can_be_backfilled(page, deployment):
    weeks = ("2026-W48", "2026-W49")
    page.goto(WEEK_JOB)
    _choose(page, *weeks)
    page.get_by_role("button", name="Launch backfill").click()
    with dg.DagsterInstance.from_config(str(dagster_home(deployment))) as instance:
        _wait(lambda: len(_backfilled(instance)) == 2, "the backfill did not end")
        assert _backfilled(instance) == set(weeks)


def _choose(page, *weeks):
    page.get_by_role("button", name="Materialize all").click()
    page.get_by_text("Select a partition or create one").click()
    for week in weeks:
        page.locator("[class*=Menu]").get_by_text(week).first.click()
    page.keyboard.press("Escape")


def _backfilled(instance):
    done = instance.get_runs(dg.RunsFilter(statuses=[dg.DagsterRunStatus.SUCCESS]))
    return {run.tags["dagster/partition"] for run in done if "dagster/backfill" in run.tags}


def _answers(address):
    try:
        with urllib.request.urlopen(f"{address}/server_info", timeout=5):
            return True
    except (urllib.error.URLError, OSError):
        return False


def _wait(condition, problem):
    until = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < until, problem
        time.sleep(0.5)
