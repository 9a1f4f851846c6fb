"""One capped recipe of the demo company, from its files to the forecast."""

import datetime as dt

import pandas as pd

from sitecast.deployment import Deployment
from sitecast.extract.demo import write_demo_company
from sitecast.installation import open_installation
from sitecast.pipeline import (
    check_week,
    configure_plan,
    extract_plan_week,
    forecast_week,
    simulate_week,
)  # fmt: skip

NOW = dt.datetime(2026, 11, 20, 7, tzinfo=dt.UTC)
KEY = ["item_id", "site_id"]


def forecast_of(home):
    installation = open_installation(Deployment(home=home))
    plan = configure_plan(installation, installation.plan_settings(), NOW)
    week = extract_plan_week(installation, plan, plan.menu_weeks[1])
    simulated = simulate_week(week, plan)
    forecast = forecast_week(week, simulated, plan)
    draws = forecast["site_forecast_draws"].query("item_type == 'recipe'")
    kits = draws.groupby(["draw", *KEY])["kits"].sum().groupby(KEY).min()
    return week, forecast, kits, check_week(week, simulated, forecast)


def test_a_capped_recipe_stays_within_its_cap_in_every_draw(tmp_path):
    plan_file = write_demo_company(tmp_path)
    text = plan_file.read_text(encoding="utf-8")
    plan_file.write_text(text.replace("draws: 100", "draws: 4"), encoding="utf-8")
    week, free, least, _ = forecast_of(tmp_path)
    (recipe, site), kits = least.idxmax(), int(least.max())
    path = tmp_path / "input" / "item_sites.parquet"
    made = pd.read_parquet(path)
    here = (made["menu_week"] == week.menu_week) & (made["item_id"] == recipe)
    cap = kits * 3 // 4
    caps = pd.Series(cap, made.index, dtype="Int64").where(here & (made["site_id"] == site))
    made.assign(cap_kits=caps).to_parquet(path)
    _, forecast, _, checks = forecast_of(tmp_path)
    (row,) = forecast["item_load"].itertuples()
    draws = forecast["site_forecast_draws"].query("item_id == @recipe and site_id == @site")
    assert draws.groupby("draw")["kits"].sum().max() <= cap + row.over_cap_frozen
    assert row.over_cap_frozen == 0
    assert [check for check in checks if not check.passed] == []
    assert forecast["allocation_gap"]["gap"].max() < 0.01
    totals = [sum(each[name]["boxes"].sum() for name in ("load_draws", "unallocated_draws"))
              for each in (free, forecast)]  # fmt: skip
    assert totals[0] == totals[1]
