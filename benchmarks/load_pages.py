"""How long pages of the UI take in headless chromium, from the click to what people look for."""

import shutil
import time

from playwright.sync_api import Page, sync_playwright

from sitecast_dagster.stored_runs import MODULE

PATIENCE_MS = 120_000


def _lineage(page: Page) -> None:
    page.goto(f"/locations/{MODULE}/asset-groups/sitecast/lineage")
    page.get_by_text("published_forecast", exact=True).first.wait_for()


def _partitions(page: Page) -> None:
    page.goto("/assets/site_forecast?view=partitions")
    page.get_by_text("2025-W52", exact=True).first.wait_for()


def _publications(page: Page) -> None:
    page.goto("/assets/published_forecast?view=events")
    page.get_by_text("Materialized").first.wait_for()


def _runs(page: Page) -> None:
    page.goto("/runs")
    page.get_by_text("forecast_week").first.wait_for()


def _week_job(page: Page) -> None:
    page.goto(f"/locations/{MODULE}/jobs/forecast_week")
    page.get_by_text("extracted_data").first.wait_for()


PAGES = {"lineage": _lineage, "partitions of a week's asset": _partitions,
         "publications": _publications, "runs": _runs, "job of a week": _week_job}  # fmt: skip


def open_pages(address: str) -> dict[str, float]:
    """Seconds of each page, opened a second time: the first fills the browser's cache."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=shutil.which("chromium"),
            args=["--no-sandbox", "--disable-dev-shm-usage"],
        )
        page = chromium.new_page(base_url=address, viewport={"width": 2300, "height": 900})
        page.set_default_timeout(PATIENCE_MS)
        found = {}
        for name, open_page in PAGES.items():
            for _ in range(2):
                start = time.monotonic()
                open_page(page)
                found[name] = time.monotonic() - start
        chromium.close()
    return found
