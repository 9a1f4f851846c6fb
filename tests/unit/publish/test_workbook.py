import datetime as dt
import email
import email.policy
import io
import json
import zipfile
from dataclasses import replace
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import openpyxl
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl.worksheet.worksheet import Worksheet
from publish_world import NOW, UI_URL, WEEKS, World, forecast_tables
from worlds import small_plan

from sitecast.publish import publish_plan, workbook
from sitecast.publish.contents import Contents
from sitecast.publish.message import file_name
from sitecast.publish.summary import summarise
from sitecast.publish.workbook import render_workbook
from sitecast.publish.workbook_cells import LONGEST_NAME, LONGEST_TEXT, cell_text, sheet_names
from sitecast.publish.workbook_rows import DIGITS
from sitecast.records.plan import ForecastPlan
from sitecast.records.publication import Publication
from sitecast.records.tables_purchases import PURCHASE_PLAN
from sitecast.records.tables_written import PUBLISHED_TABLES, TABLES_WRITTEN, WEEKLY_TABLES
from sitecast.records.week_record import Provenance, WeekData
from sitecast.store.outbox import Outbox

FORMULA = '=HYPERLINK("http://evil.example","click")'
SITES = {"north": "North / East: [1]", "south": "+cmd|' /C calc'!A0"}


ROUNDED = 0.5 * 10.0**-DIGITS
SITE_SHEETS = ["North East 1", "+cmd|' C calc'!A0"]


def publish(world: World) -> Publication:
    for week in WEEKS:
        world.store_week(week)
    return publish_plan(world.plan, world.weeks, world.ledger, world.folder, UI_URL, NOW)


def contents_of(**changed: Any) -> Contents:
    weeks = [forecast_tables(week) for week in WEEKS]
    tables = {
        table.name: pd.concat([week[table.name] for week in weeks], ignore_index=True)
        for table in WEEKLY_TABLES
    }
    tables |= {"purchase_plan": purchases(tables["site_forecast"]), "exceptions": exceptions(),
               "forecast_changes": forecast_changes(tables["site_forecast"])}  # fmt: skip
    plan = small_plan()
    plan = ForecastPlan(plan.plan_id, plan.as_of, WEEKS, "test", plan.settings, {})
    names = {"site_names": SITES, "sku_names": {"sku-rice": FORMULA}}
    skus = pd.DataFrame({"sku_id": ["sku-rice", "sku-cola"], "base_uom": ["g", "each"],
                         "unit_cost": [7, 3]})  # fmt: skip
    made = Provenance(plan.plan_id, "", "", 7, "test", {})
    inputs = {week: WeekData(made, {"skus": skus}) for week in WEEKS}
    return replace(Contents(plan, "publication-1", tables, **names, inputs=inputs), **changed)


def purchases(need: pd.DataFrame) -> pd.DataFrame:
    """Stock covers a tenth; each third line needs no order, and north's have to be made now."""
    ordered = pd.Series([0.0, 20_000.0, 30_000.0] * (len(need) // 3))
    now = ordered.where(need["site_id"] == "north", 0.0)
    frame = need.assign(
        from_stock=0.1 * need["qty_required"], from_open_pos=0.0, from_surplus=0.0,
        left_over=0.0, net=0.9 * need["qty_required"], cases=(ordered // 5_000).astype("int64"),
        qty_ordered=ordered, commit_now=now, flex_later=ordered - now,
    )  # fmt: skip
    return PURCHASE_PLAN.shaped(frame)


def exceptions() -> pd.DataFrame:
    keys = {"table": "site_load", "site_id": "north", "production_date": "2026-11-26"}
    found = [(2, "over_moq_or_shelf_life", "low", 1_250, "2026-11-21", "2026-W49", "{}", FORMULA),
             (1, "cap_likely_broken", "high", 123_456, None, "2026-W48", json.dumps(keys),
              "north is full")]  # fmt: skip
    columns = [
        "rank",
        "rule",
        "severity",
        "value_at_risk",
        "order_by",
        "menu_week",
        "keys",
        "message",
    ]
    frame = pd.DataFrame(found, columns=columns)
    return frame.assign(order_by=pd.to_datetime(frame["order_by"]))


def forecast_changes(need: pd.DataFrame) -> pd.DataFrame:
    """Orders bring a quarter to every need, chance takes an eighth from those of north."""
    base = need[["menu_week", "site_id", "sku_id", "need_date"]].assign(plan_from="a", plan_to="b")
    orders = base.assign(cause="orders", delta=need["qty_mean"] / 4)
    draws = base.assign(cause="draws", delta=-need["qty_mean"] / 8)
    return pd.concat([orders, draws[draws["site_id"] == "north"]], ignore_index=True)


@pytest.fixture(scope="module")
def contents() -> Contents:
    return contents_of()


@pytest.fixture(scope="module")
def data(contents: Contents) -> bytes:
    return render_workbook(contents, UI_URL)


@pytest.fixture(scope="module")
def book(data: bytes) -> openpyxl.Workbook:
    return openpyxl.load_workbook(io.BytesIO(data))


def rows(sheet: Worksheet) -> pd.DataFrame:
    header, *body = sheet.iter_rows(values_only=True)
    return pd.DataFrame(body, columns=list(header))


def xml_parts(data: bytes) -> dict[str, ElementTree.Element]:
    archive = zipfile.ZipFile(io.BytesIO(data))
    assert archive.testzip() is None
    return {name: ElementTree.fromstring(archive.read(name)) for name in archive.namelist()}


def read_me(book: openpyxl.Workbook) -> list[tuple[Any, ...]]:
    return list(book["Read me"].iter_rows(values_only=True))


def test_sheets_go_from_what_to_act_on_to_the_needs_of_each_site(book: Any) -> None:
    assert book.sheetnames == ["Read me", "Attention", "What changed", "Buy", "Capacity",
                               "Unallocated", "Weekly need", *SITE_SHEETS]  # fmt: skip


def test_sites_hold_their_needs_in_peoples_units_and_nothing_else(
    contents: Contents, book: Any
) -> None:
    need = contents.tables["site_forecast"].merge(
        contents.tables["purchase_plan"][["site_id", "need_date", "sku_id", "from_stock", "cases"]]
    )
    titles = {"p10": "qty_p10", "p50": "qty_p50", "p90": "qty_p90", "Committed": "qty_committed",
              "Required": "qty_required", "Covered": "from_stock",
              "Cases to order": "cases"}  # fmt: skip
    for site, name in zip(("north", "south"), SITE_SHEETS, strict=True):
        shown = rows(book[name])
        mine = need[need["site_id"] == site]
        assert len(shown) == len(mine) == 12
        keys = set(zip(shown["Menu week"], shown["Need date"], shown["SKU"], strict=True))
        assert keys == set(zip(mine["menu_week"], mine["need_date"], mine["sku_id"], strict=True))
        for sku, unit, scale in (("sku-rice", "kg", 1000), ("sku-cola", "each", 1)):
            part, whole = shown[shown["SKU"] == sku], mine[mine["sku_id"] == sku]
            assert set(part["Unit"]) == {unit}
            for title, column in titles.items():
                by = scale if title != "Cases to order" else 1
                off = abs(part[title].sum() * by - whole[column].sum())
                assert off <= len(part) * by * ROUNDED


def test_other_sheets_total_what_the_tables_total(contents: Contents, book: Any) -> None:
    tables = contents.tables
    week, load, short = (rows(book[n]) for n in ("Weekly need", "Capacity", "Unallocated"))
    rice = tables["weekly_need"].query("sku_id == 'sku-rice'")["qty_p90"].sum()
    assert week.loc[week["SKU"] == "sku-rice", "p90"].sum() * 1000 == pytest.approx(rice)
    assert week["Cases to order"].sum() == tables["purchase_plan"]["cases"].sum()
    assert set(week["Order by"]) == {dt.datetime(2026, 11, 19)}
    for title, column in (("p10", "boxes_p10"), ("p50", "boxes_p50"), ("p90", "boxes_p90"),
                          ("Committed", "boxes_committed"),
                          ("Short for this cap", "boxes_unallocated")):  # fmt: skip
        assert load[title].sum() == pytest.approx(tables["site_load"][column].sum(), abs=0.01)
    assert load["Cap"].dropna().tolist() == [40] * 6
    assert load["Used"].dropna().tolist() == [0.95] * 6
    worth = tables["capacity_value"].groupby("change_pct")["money_saved"].sum() / 100
    assert load["10 % more saves"].sum() == worth[10]
    assert load["10 % less costs"].sum() == -worth[-10]
    assert short["Mean"].sum() == tables["unallocated"]["boxes_mean"].sum()
    assert set(short["Reason"]) == {"every site that could pack them is full"}


def test_what_to_buy_now_stands_by_need_and_what_can_wait_by_week(
    contents: Contents, book: Any
) -> None:
    plan, shown = contents.tables["purchase_plan"], rows(book["Buy"])
    orders = plan[plan["cases"] > 0]
    now = orders[orders["commit_now"] > 0]
    assert len(shown[shown["When"] == "now"]) == len(now) == 8
    waits = orders.drop(now.index).drop_duplicates(["menu_week", "site_id", "sku_id"])
    assert len(shown[shown["When"] == "later"]) == len(waits) == 4
    assert shown["Cases to order"].sum() == plan["cases"].sum()
    for sku, scale in (("sku-rice", 1000), ("sku-cola", 1)):
        mine, whole = shown[shown["SKU"] == sku], orders[orders["sku_id"] == sku]
        for title, column in (("Ordered", "qty_ordered"), ("Commit now", "commit_now"),
                              ("Flex later", "flex_later"), ("Net", "net"),
                              ("From stock", "from_stock")):  # fmt: skip
            off = abs(mine[title].sum() * scale - whole[column].sum())
            assert off <= len(mine) * scale * ROUNDED


def test_what_needs_attention_comes_by_rank_with_money_in_whole_units(book: Any) -> None:
    shown = rows(book["Attention"])
    assert shown["Rank"].tolist() == [1, 2]
    assert shown["At risk"].tolist() == [1234.56, 12.5]
    assert shown["Severity"].tolist() == ["high", "low"]
    assert shown["What"].tolist() == ["north is full", FORMULA]
    assert shown["Order by"].tolist()[1] == dt.datetime(2026, 11, 21)
    assert shown["Rows"].tolist()[0] == (
        "table site_load, site_id north, production_date 2026-11-26"
    )


def test_changes_add_up_by_week_site_and_sku(contents: Contents, book: Any) -> None:
    shown, changes = rows(book["What changed"]), contents.tables["forecast_changes"]
    assert len(shown) == 8
    rice = shown[shown["SKU"] == "sku-rice"]
    whole = changes[changes["sku_id"] == "sku-rice"].groupby("cause")["delta"].sum() / 1000
    few = 10 * ROUNDED
    assert rice["Change"].sum() == pytest.approx(whole.sum(), abs=few)
    assert rice["Orders"].sum() == pytest.approx(whole["orders"], abs=few)
    assert rice["Draws"].sum() == pytest.approx(whole["draws"], abs=few)
    parts = rice[["Orders", "Draws"]].fillna(0.0).sum(axis=1)
    assert parts.tolist() == pytest.approx(rice["Change"].tolist(), abs=few)
    assert set(shown["Main cause"]) == {"Orders"}
    assert "Volume" not in shown  # it moved nothing
    cost = {"sku-rice": 7, "sku-cola": 3}
    money = [cost[row.sku_id] * row.delta / 100 for row in changes.itertuples()]
    assert shown["In money"].sum() == pytest.approx(sum(money), abs=few)
    assert shown["In money"].abs().is_monotonic_decreasing


def test_read_me_names_the_plan_its_totals_and_every_column(contents: Contents, book: Any) -> None:
    lines = read_me(book)
    facts = {line[0]: line[1] for line in lines}
    assert facts["Plan"] == contents.plan.plan_id
    assert facts["Publication"] == contents.publication_id
    assert facts["Known until"] == "Fri 20 Nov 2026, 06:00 UTC"
    total = summarise(contents.tables)["total"]
    (told,) = [line[1:7] for line in lines if line[0] == "All weeks"]
    names = ["boxes", "boxes_committed", "kits", "boxes_unallocated", "skus"]
    to_order = rows(book["Buy"])["Cases to order"].sum()
    assert list(told) == [*(total[name] for name in names), to_order]
    meanings = {(line[0], line[1]): line[3] for line in lines if line[3]}
    for sheet in book.worksheets[1:]:
        name = "each site" if sheet.title in SITE_SHEETS else sheet.title
        assert all(meanings[name, cell.value] for cell in sheet[1])
    declared = TABLES_WRITTEN["site_forecast"]["qty_required"].description
    assert meanings["each site", "Required"] == declared


def test_dates_are_dates_and_quantities_show_their_unit(book: Any) -> None:
    sheet = book[SITE_SHEETS[0]]
    titles = [cell.value for cell in sheet[1]]
    for line in sheet.iter_rows(min_row=2):
        cells = dict(zip(titles, line, strict=True))
        assert cells["Need date"].is_date
        assert cells["Order by"].is_date
        unit = {"kg": '#,##0.00" kg"', "each": '#,##0" each"'}[cells["Unit"].value]
        assert {cells[t].number_format for t in ("p10", "p50", "p90", "Required")} == {unit}


def test_tables_are_frozen_filtered_coloured_and_set_up_for_print(book: Any) -> None:
    for sheet in book.worksheets[1:]:
        assert sheet.freeze_panes == "A2"
        assert sheet.auto_filter.ref == sheet.dimensions
        assert sheet.print_title_rows == "$1:$1"
        assert sheet.sheet_properties.pageSetUpPr.fitToPage
        assert (sheet.page_setup.fitToWidth or 1, sheet.page_setup.fitToHeight) == (1, 0)
        assert sheet.page_setup.orientation == "landscape"
    kinds = {
        sheet.title: sorted(rule.type for found in sheet.conditional_formatting
                            for rule in found.rules)
        for sheet in book.worksheets
    }  # fmt: skip
    late = ["colorScale", "expression"]
    assert kinds == {
        "Read me": [], "Attention": ["cellIs"] * 2, "What changed": [],
        "Buy": ["cellIs", "expression"], "Capacity": ["cellIs"] * 4, "Unallocated": [],
        "Weekly need": late, SITE_SHEETS[0]: late, SITE_SHEETS[1]: late,
    }  # fmt: skip
    (rule,) = [r for found in book[SITE_SHEETS[0]].conditional_formatting for r in found.rules
               if r.type == "expression"]  # fmt: skip
    assert rule.formula == ["AND(ISNUMBER($O2),$O2<46346,$N2>0)"]  # 46346 is 2026-11-20


def test_text_from_the_data_stays_text(data: bytes, book: Any) -> None:
    parts = xml_parts(data)
    assert not [name for name, root in parts.items() if name.startswith("xl/worksheets/sheet")
                and [tag for tag in root.iter() if tag.tag.endswith("}f")]]  # fmt: skip
    cell = next(c for c in book[SITE_SHEETS[0]]["B"] if c.value == FORMULA)
    assert (cell.data_type, cell.quotePrefix) == ("s", True)
    links = [link.attrib["Target"] for name, root in parts.items() if name.endswith(".rels")
             for link in root if link.attrib.get("TargetMode") == "External"]  # fmt: skip
    assert sorted(links) == [UI_URL, "page.html"]


def test_same_contents_give_the_same_bytes(contents: Contents, data: bytes) -> None:
    assert render_workbook(contents, UI_URL) == data
    core = xml_parts(data)["docProps/core.xml"]
    dates = [tag.text for tag in core if tag.tag.endswith(("created", "modified"))]
    assert dates == ["2026-11-20T06:00:00Z"] * 2


def test_an_address_that_is_no_web_address_is_not_linked(contents: Contents) -> None:
    assert b"javascript" not in b"".join(
        zipfile.ZipFile(io.BytesIO(render_workbook(contents, "javascript:alert(1)"))).read(name)
        for name in ("xl/worksheets/sheet1.xml", "xl/worksheets/_rels/sheet1.xml.rels")
    )


def test_more_rows_than_a_sheet_holds_go_on_in_another(
    contents: Contents, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workbook, "MOST_ROWS", 5)
    made = openpyxl.load_workbook(io.BytesIO(render_workbook(contents, UI_URL)))
    assert [made[n].max_row - 1 for n in made.sheetnames if n.startswith("North")] == [5, 5, 2]
    assert [made[n].max_row - 1 for n in made.sheetnames if n.startswith("Weekly")] == [5, 3]


def test_a_plan_without_needs_has_a_workbook(contents: Contents) -> None:
    empty = {table.name: table.empty() for table in PUBLISHED_TABLES}
    bare = contents_of(tables=empty)
    made = openpyxl.load_workbook(io.BytesIO(render_workbook(bare, "")))
    assert {sheet.title: sheet.max_row for sheet in made.worksheets[1:]} == dict.fromkeys(
        ("Buy", "Capacity", "Unallocated", "Weekly need"), 1
    )


@settings(max_examples=8, deadline=None)
@given(st.lists(st.text(min_size=1, max_size=60), min_size=1, max_size=30))
def test_any_text_comes_back_as_it_went_in(words: list[str]) -> None:
    short = forecast_tables(WEEKS[0])["unallocated"]
    short = pd.concat([short] * len(words), ignore_index=True).assign(binding=words)
    empty = {table.name: table.empty() for table in PUBLISHED_TABLES}
    made = render_workbook(contents_of(tables={**empty, "unallocated": short}), "")
    shown = rows(openpyxl.load_workbook(io.BytesIO(made))["Unallocated"])
    assert shown["Limits that bind"].tolist() == [cell_text(word) for word in words]
    assert all(xml_parts(made))


@given(st.lists(st.text(max_size=40), max_size=6))
def test_sheet_names_are_what_excel_accepts(wanted: list[str]) -> None:
    names = sheet_names(wanted, taken=["Read me"])
    assert len({name.casefold() for name in [*names, "read me", "history"]}) == len(wanted) + 2
    for name in names:
        assert 1 <= len(name.encode("utf-16-le")) // 2 <= LONGEST_NAME
        assert not set(name) & set("[]:*?/\\")
        assert not name.startswith("'")
        assert not name.endswith("'")
    assert sheet_names(wanted, taken=["Read me"]) == names


def test_long_text_is_cut_between_characters() -> None:
    cut = cell_text("😀" * LONGEST_TEXT)
    assert cut == "😀" * (LONGEST_TEXT // 2)
    assert cell_text("a\x00b\uffff") == "a\ufffdb\ufffd"


def queued(world: World) -> EmailMessage:
    row = Outbox(world.ledger.database).rows("pending")[0]
    made = email.message_from_bytes(row.message, policy=email.policy.default)
    assert isinstance(made, EmailMessage)
    assert max(len(line) for line in row.message.split(b"\r\n")) <= 998
    return made


def test_email_carries_the_very_file_that_was_published(tmp_path: Path) -> None:
    world = World(tmp_path, company="Grün & Söhne/Kitchen")
    made = publish(world)
    (part,) = queued(world).iter_attachments()
    assert part.get_filename() == "Grün Söhne Kitchen site forecast 2026-W48.xlsx"
    published = (made.folder / "workbook.xlsx").read_bytes()
    assert part.get_content() == published
    manifest = json.loads((made.folder / "manifest.json").read_text())
    assert "workbook.xlsx" in manifest["sha256"]
    encoded = part.get_payload()
    assert isinstance(encoded, str)
    assert max(len(line) for line in encoded.splitlines()) <= 76  # RFC 2045
    plain = queued(world).get_body(("plain",))
    assert plain is not None
    assert "Workbook: attached" in plain.get_content()


def test_large_workbook_is_linked_instead(tmp_path: Path) -> None:
    few = {"recipients": ["ana@example.com"], "largest_email_mb": 0.4}
    world = World(tmp_path, publication=few)
    made = publish(world)
    message = queued(world)
    assert list(message.iter_attachments()) == []
    for kind in ("plain", "html"):
        body = message.get_body((kind,))
        assert body is not None
        assert (made.folder / "workbook.xlsx").resolve().as_uri() in body.get_content()
        assert "too large to attach" in body.get_content()


def test_file_name_is_a_plain_one() -> None:
    plan = small_plan(company="../..\\Evil\r\nCo: ")
    assert file_name(plan) == ".. .. Evil Co site forecast 2026-W48.xlsx"
