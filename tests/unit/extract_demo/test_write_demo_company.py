"""The demo company is valid input: contracts, references between tables, determinism, size."""

import hashlib
from pathlib import Path

import pandas as pd
import pytest

from sitecast.errors import SettingsError
from sitecast.extract.demo import write_demo_company
from sitecast.records.tables_read import TABLES_READ
from sitecast.settings import load_plan_file

Tables = dict[str, pd.DataFrame]
NOT_WRITTEN = {"resource_caps", "demand_drivers"}
"""No line or SKU of the demo company has a cap, and its weeks have no holidays or promotions."""
WRITTEN = {name: t for name, t in TABLES_READ.items() if name not in NOT_WRITTEN}
PLANNED = ["2026-W48", "2026-W49", "2026-W50", "2026-W51"]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_demo_company(tmp_path_factory.mktemp("company")).parent


@pytest.fixture(scope="module")
def tables(home: Path) -> Tables:
    found = {}
    for name in WRITTEN:
        place = home / "input" / name
        parts = sorted(place.glob("*.parquet")) or [place.with_suffix(".parquet")]
        found[name] = pd.concat([pd.read_parquet(part) for part in parts], ignore_index=True)
    return found


@pytest.mark.parametrize("name", WRITTEN)
def test_every_table_keeps_its_contract(tables: Tables, name: str) -> None:
    contract = WRITTEN[name]
    assert list(tables[name].columns) == [column.name for column in contract.columns]
    assert len(tables[name]) > 0
    assert contract.breaches(contract.shaped(tables[name])) == []


@pytest.mark.parametrize(
    ("table", "column", "target", "key"),
    [
        ("delivery_days", "menu_week", "menu_weeks", "menu_week"),
        ("site_caps", "site_id", "sites", "site_id"),
        ("region_sites", "site_id", "sites", "site_id"),
        ("region_sites", "region_id", "regions", "region_id"),
        ("menu", "recipe_id", "recipes", "recipe_id"),
        ("menu", "menu_week", "menu_weeks", "menu_week"),
        ("recipe_bom", "sku_id", "skus", "sku_id"),
        ("recipe_bom", "recipe_id", "recipes", "recipe_id"),
        ("product_bom", "sku_id", "skus", "sku_id"),
        ("product_bom", "product_id", "products", "product_id"),
        ("packaging_rules", "sku_id", "skus", "sku_id"),
        ("box_forecast", "region_id", "regions", "region_id"),
        ("box_forecast", "delivery_date", "delivery_days", "delivery_date"),
        ("orders", "region_id", "regions", "region_id"),
        ("orders", "delivery_date", "delivery_days", "delivery_date"),
        ("order_lines", "order_id", "orders", "order_id"),
        ("orders", "order_id", "order_lines", "order_id"),
        ("stock", "sku_id", "skus", "sku_id"),
        ("open_pos", "sku_id", "skus", "sku_id"),
        ("usage_actuals", "sku_id", "skus", "sku_id"),
    ],
)
def test_every_reference_is_known(
    tables: Tables, table: str, column: str, target: str, key: str
) -> None:
    assert set(tables[table][column].dropna()) <= set(tables[target][key])


def test_what_is_ordered_is_on_the_weeks_menu_and_made_somewhere(tables: Tables) -> None:
    lines = tables["order_lines"].merge(tables["orders"][["order_id", "menu_week"]], on="order_id")
    ordered = lines[["menu_week", "item_type", "item_id"]].drop_duplicates()
    made = tables["item_sites"][["menu_week", "item_type", "item_id"]].drop_duplicates()
    assert len(ordered.merge(made)) == len(ordered)
    menu = tables["menu"].rename(columns={"recipe_id": "item_id"})
    recipes = ordered[ordered["item_type"] == "recipe"]
    assert len(recipes.merge(menu[["menu_week", "item_id"]])) == len(recipes)


def test_no_box_holds_a_recipe_twice_and_every_box_has_two_to_five_kits(tables: Tables) -> None:
    kits = tables["order_lines"][tables["order_lines"]["item_type"] == "recipe"]
    assert not kits.duplicated(["order_id", "item_id"]).any()
    assert set(kits.groupby("order_id").size()) == {2, 3, 4, 5}


def test_every_recipe_has_8_to_12_ingredients_in_both_sizes(tables: Tables) -> None:
    lines = tables["recipe_bom"].groupby(["recipe_id", "portions"]).size()
    assert lines.between(8, 12).all()
    assert len(lines) == 2 * len(tables["recipes"])


def test_four_portions_need_more_than_two_but_not_twice_as_much(tables: Tables) -> None:
    bom = tables["recipe_bom"].pivot_table("qty", ["recipe_id", "sku_id"], "portions")
    weighed = bom[bom[2] >= 20]
    assert (bom[4] >= bom[2]).all()
    assert (weighed[4] / weighed[2]).between(1.6, 2.0).all()


def test_vegans_are_offered_enough_and_eat_nothing_else(tables: Tables) -> None:
    vegan = tables["recipes"][tables["recipes"]["attributes"].str.contains('"vegan"')]["recipe_id"]
    offered = tables["menu"][tables["menu"]["recipe_id"].isin(vegan)].groupby("menu_week").size()
    assert offered.min() >= 6
    orders, lines = tables["orders"], tables["order_lines"]
    theirs = lines[lines["order_id"].isin(orders[orders["segment"] == "vegan"]["order_id"])]
    kits = theirs[theirs["item_type"] == "recipe"]
    assert len(kits) > 0
    assert kits["item_id"].isin(vegan).all()


def test_segments_differ_in_taste(tables: Tables) -> None:
    lines = tables["order_lines"].merge(tables["orders"][["order_id", "segment", "menu_week"]])
    kits = lines[(lines["item_type"] == "recipe") & (lines["menu_week"] == "2026-W46")]
    shares = pd.crosstab(kits["segment"], kits["item_id"], normalize="index")
    assert (shares.loc["family"] - shares.loc["couple"]).abs().sum() > 0.2


def test_the_booking_curve_falls_with_lead_time(tables: Tables) -> None:
    stands = tables["orders"][tables["orders"]["state"] != "cancelled"]
    placed = stands.groupby("menu_week").size()[PLANNED]
    share = placed / tables["box_forecast"].groupby("menu_week")["mean_boxes"].sum()[PLANNED]
    assert share.tolist() == pytest.approx([0.70, 0.35, 0.12, 0.03], abs=0.03)


def test_the_forecast_is_never_below_what_is_placed(tables: Tables) -> None:
    keys = ["menu_week", "delivery_date", "region_id", "segment"]
    stands = tables["orders"][tables["orders"]["state"] != "cancelled"]
    placed = stands.groupby(keys).size().rename("placed").reset_index()
    cells = placed.merge(tables["box_forecast"], on=keys)
    assert len(cells) > 0
    assert (cells["mean_boxes"] >= cells["placed"]).all()


def test_nothing_is_known_before_it_happened(tables: Tables, home: Path) -> None:
    orders, as_of = tables["orders"], load_plan_file(home / "plan.yaml").as_of
    cutoff = orders.merge(tables["delivery_days"], on="delivery_date")["cutoff_at"]
    assert (orders["created_at"] <= as_of).all()
    assert (orders["created_at"].to_numpy() <= cutoff.to_numpy()).all()
    delivered = orders[orders["state"] == "delivered"]
    assert (delivered["delivery_date"] < as_of.replace(tzinfo=None)).all()


def test_two_more_weeks_need_only_a_longer_horizon(tables: Tables, home: Path) -> None:
    settings = load_plan_file(home / "plan.yaml")
    assert (settings.horizon_weeks, settings.first_menu_week) == (4, "2026-W48")
    ahead = tables["menu_weeks"].sort_values("start_date")["menu_week"].tolist()
    ahead = ahead[ahead.index("2026-W48") :]
    assert len(ahead) >= 12
    for name in ("menu", "box_forecast", "delivery_days", "item_sites"):
        assert set(ahead) <= set(tables[name]["menu_week"])
    assert settings.publication.recipients == ("planning@example.com", "supply@example.com")
    assert settings.allocation.cap_overrides[0].reason


def test_the_size_is_as_promised(tables: Tables) -> None:
    assert tables["menu"].groupby("menu_week").size().unique().tolist() == [20]
    assert len(tables["recipes"]) == 48
    assert len(tables["sites"]) == 2
    assert tables["box_forecast"].groupby("menu_week")["mean_boxes"].sum()[
        "2026-W48"
    ] == pytest.approx(3000, rel=0.05)


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(
    home: Path, tmp_path: Path
) -> None:
    said: list[str] = []
    write_demo_company(tmp_path / "again", progress=said.append)
    write_demo_company(tmp_path / "other", seed=7)
    assert _digests(tmp_path / "again") == _digests(home)
    assert _digests(tmp_path / "other") != _digests(home)
    assert "orders of 2026-W48" in said


def test_an_unknown_size_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="one of demo, gousto"):
        write_demo_company(tmp_path, "huge")


def _digests(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
