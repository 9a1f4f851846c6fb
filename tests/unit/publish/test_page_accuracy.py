"""The page's section on how good forecasts were, from the ledger as it was at publication."""

from pathlib import Path

import pandas as pd
from publish_world import NOW, UI_URL, WEEKS, World

from sitecast.publish import publish_plan
from sitecast.records.tables_accuracy import FORECAST_ACCURACY
from sitecast.store.accuracy import save_accuracy


def measured(week: str, lead: int, wape: float) -> pd.DataFrame:
    ours = {
        "plan_id": f"p{lead}", "menu_week": week, "level": "sku", "method": "sitecast",
        "lead_day": lead, "n": 3, "actual": 100.0, "bias": -0.02, "wape": wape, "fva": 0.0,
        "noise_floor": 0.05, "pinball": 0.01, "coverage_80": 0.81, "coverage_95": 0.96,
        "wape_volume": wape / 2, "wape_share": wape, "wape_allocation": 0.0,
        "wape_bom": -wape / 2, "actuals": "",
    }  # fmt: skip
    naive = {**ours, "method": "naive", "wape": wape + 0.031, "fva": 0.031}
    return FORECAST_ACCURACY.shaped(pd.DataFrame([ours, naive]))


def published(world: World) -> str:
    for week in WEEKS:
        world.store_week(week)
    made = publish_plan(world.plan, world.weeks, world.ledger, world.folder, UI_URL, NOW)
    return made.page.read_text(encoding="utf-8")


def test_the_page_tells_of_earlier_weeks_by_lead(tmp_path: Path) -> None:
    world = World(tmp_path, publication={"recipients": []})
    for lead, wape in ((8, 0.124), (22, 0.246)):
        save_accuracy(world.ledger, measured("2026-W40", lead, wape))
    page = published(world)
    assert "How good forecasts were" in page
    assert page.index("8 days ahead") < page.index("22 days ahead")
    told = page[page.index("8 days ahead") : page.index("22 days ahead")]
    for figure in ("12.4", "-2.0", "5.0", "81", "96", "6.2", "-6.2", "+3.1", "last week"):
        assert figure in told, figure


def test_without_measured_weeks_there_is_no_section(tmp_path: Path) -> None:
    assert "How good forecasts were" not in published(World(tmp_path))
