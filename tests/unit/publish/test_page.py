import base64
import gzip
import hashlib
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from publish_world import NOW, POISON, UI_URL, WEEKS, World

from sitecast.publish import publish_plan
from sitecast.publish.page.render import content_policy
from sitecast.records.tables_written import WEEKLY_TABLES


class Tags(HTMLParser):
    """Every tag with its attributes, and the text of inline styles and scripts."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.inline: list[tuple[str, str]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        if self.lasttag in ("style", "script") and data.strip():
            self.inline.append((self.lasttag, data))


def page_of(folder: Path, **settings: str) -> str:
    world = World(folder, **settings)
    for table in ("sites", "skus"):
        world.rename(table, POISON)
    for week in WEEKS:
        world.store_week(week)
    made = publish_plan(world.plan, world.weeks, world.ledger, world.folder, UI_URL, NOW)
    return made.page.read_text()


@pytest.fixture
def page(tmp_path: Path) -> str:
    return page_of(tmp_path, company=f"Green {POISON} Kitchen")


def test_text_from_the_data_never_becomes_markup(page: str) -> None:
    tags = Tags(page).tags
    assert "img" not in {tag for tag, _ in tags}
    assert not [name for _, attributes in tags for name in attributes if name.startswith("on")]
    assert "&lt;img src=x onerror=alert(1)&gt;" in page


def test_sites_to_open_are_told_where_there_is_a_choice(page: str) -> None:
    name = "South" + POISON.replace("<", "&lt;").replace(">", "&gt;")
    assert f"<p>Sites to open: {name} opens in 2026-W48, 2026-W49 for " in page


def test_page_loads_nothing_and_links_only_files_beside_it(page: str) -> None:
    tags = Tags(page).tags
    assert not [attributes for _, attributes in tags if "src" in attributes]
    links = {attributes["href"] for tag, attributes in tags if tag in ("a", "link")}
    outside = {link for link in links if ":" in (link or "")}
    assert UI_URL in outside
    assert not [link for link in outside if link != UI_URL and not link.startswith(f"{UI_URL}/")]


def test_policy_names_every_inline_style_and_script_and_nothing_else(page: str) -> None:
    (policy,) = [a["content"] for _, a in Tags(page).tags
                 if a.get("http-equiv") == "Content-Security-Policy"]  # fmt: skip
    assert policy is not None
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy
    for kind, text in Tags(page).inline:
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        data = kind == "script" and re.fullmatch(r"[A-Za-z0-9+/=]+", text)
        assert data or f"'sha256-{digest}'" in policy
    assert not [attributes for _, attributes in Tags(page).tags if "style" in attributes]


def block_of(page: str, name: str) -> tuple[dict, dict]:
    """Facts and tables of a block, read by other means than the page's script."""
    found = re.search(rf'id="{name}">(.*?)</script>', page)
    assert found is not None
    data = gzip.decompress(base64.b64decode(found[1]))
    size = int.from_bytes(data[:4], "little")
    head, at, tables = json.loads(data[4 : 4 + size]), 4 + size, {}
    for table, column, length, divisor in head["columns"]:
        planes = np.frombuffer(data, np.uint8, 4 * length, at).reshape(4, length).astype(np.uint32)
        numbers = sum(plane << (8 * place) for place, plane in enumerate(planes))
        tables.setdefault(table, {})[column] = numbers.view(np.int32) / divisor
        at += 4 * length
    assert at == len(data)
    return head["facts"], tables


def test_rows_of_the_table_are_the_weekly_quantiles_and_the_orders(page: str) -> None:
    facts, tables = block_of(page, "first-data")
    needs, sku = tables["needs"], facts["skus"]["id"].index("sku-rice")
    assert len(needs["sku"]) == 2 * 2 * 2
    (row,) = np.flatnonzero((needs["sku"] == sku) & (needs["week"] == 0) & (needs["site"] == 0))
    assert facts["skus"]["unit"][sku] == "kg"
    # three days of 12,340 g; the quantiles are those of weekly_need, in kg, as people read them
    read = [float(needs[name][row]) for name in ("placed", "p10", "p50", "p90")]
    assert read == [0.01, 33.3, 37.0, 40.7]
    ordered = needs["stock"][row] + needs["coming"][row] + needs["now"][row] + needs["later"][row]
    assert ordered >= 3 * 13.574  # what three days require


def test_drill_has_every_day_of_every_need_and_the_bills_behind_it(page: str) -> None:
    facts, tables = block_of(page, "detail-data")
    days, bills = tables["days"], tables["bills"]
    assert np.bincount(days["need"].astype(int)).tolist() == [3] * 8
    assert days["p50"].max() == 31
    assert set(facts["items"]["id"]) == {"r1"}
    assert set(bills["item"]) == {0}
    assert (bills["qty"] > 0).all()


def test_ui_address_that_is_no_web_address_is_not_linked(tmp_path: Path) -> None:
    world = World(tmp_path)
    for week in WEEKS:
        world.store_week(week)
    made = publish_plan(
        world.plan, world.weeks, world.ledger, world.folder, "javascript:alert(1)", NOW
    )
    assert "javascript" not in made.page.read_text()


def test_policy_lists_each_style_once() -> None:
    assert content_policy(["a{}", "a{}"], "x").count("sha256-") == 2


def test_a_plan_that_needs_and_packs_nothing_has_a_page(tmp_path: Path) -> None:
    world = World(tmp_path)
    for week in WEEKS:
        world.store_week(week, without=[table.name for table in WEEKLY_TABLES])
    made = publish_plan(world.plan, world.weeks, world.ledger, world.folder, UI_URL, NOW)
    _, tables = block_of(made.page.read_text(), "first-data")
    assert {len(column) for table in tables.values() for column in table.values()} == {0}
