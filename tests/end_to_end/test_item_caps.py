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


def test_a_line_and_a_sku_stay_within_their_caps_in_every_draw(tmp_path):
    plan_file = write_demo_company(tmp_path)
    text = plan_file.read_text(encoding="utf-8")
    plan_file.write_text(text.replace("draws: 100", "draws: 4"), encoding="utf-8")
    week, free, least, _ = forecast_of(tmp_path)
    recipe, site = least.idxmax()
    bill = week["recipe_bom"].loc[lambda bom: bom["recipe_id"] == recipe, "sku_id"]
    needs = free["weekly_need"].query("kind == 'ingredient' and site_id == @site")
    sku = needs[needs["sku_id"].isin(bill)].nlargest(1, "qty_p50").iloc[0]
    path = tmp_path / "input" / "item_sites.parquet"
    made = pd.read_parquet(path)
    on_line = sorted(made.query("item_type == 'recipe'")["item_id"].unique())[:5]
    made["line_id"] = made["item_id"].map(dict.fromkeys(on_line, "hot"))
    made.to_parquet(path)
    draws = free["site_forecast_draws"].query("site_id == @site and item_id in @on_line")
    portions = (draws["kits"] * draws["portions"]).sum() / 4
    caps = [("line", "hot", portions * 0.8), ("sku", sku["sku_id"], sku["qty_p10"] * 0.9)]
    names = ["menu_week", "site_id", "resource_type", "resource_id", "cap"]
    rows = pd.DataFrame([(week.menu_week, site, *cap) for cap in caps], columns=names)
    rows.to_parquet(tmp_path / "input" / "resource_caps.parquet")
    _, forecast, _, checks = forecast_of(tmp_path)
    assert [check for check in checks if not check.passed] == []
    load = forecast["resource_load"]
    assert load["resource_type"].tolist() == ["line", "sku"]
    assert (load["used_p90"] <= load["cap"] + load["over_cap_frozen"]).all()
    assert (load["p_at_cap"] > 0).any()
    assert forecast["allocation_gap"]["gap"].max() < 0.01
    again = forecast["weekly_need"].query("sku_id == @sku.sku_id and site_id == @site").iloc[0]
    assert again["qty_p90"] <= caps[1][2] + load["over_cap_frozen"].iloc[1]
