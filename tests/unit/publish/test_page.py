import base64
import hashlib
import json
import re
from html.parser import HTMLParser
from pathlib import Path

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


def test_page_loads_nothing_and_links_only_files_beside_it(page: str) -> None:
    tags = Tags(page).tags
    assert not [attributes for _, attributes in tags if "src" in attributes]
    links = {attributes["href"] for tag, attributes in tags if tag in ("a", "link")}
    assert {link for link in links if ":" in (link or "")} == {UI_URL}


def test_policy_names_every_inline_style_and_script_and_nothing_else(page: str) -> None:
    (policy,) = [a["content"] for _, a in Tags(page).tags
                 if a.get("http-equiv") == "Content-Security-Policy"]  # fmt: skip
    assert policy is not None
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy
    for kind, text in Tags(page).inline:
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        data = kind == "script" and text.startswith("[[")
        assert data or f"'sha256-{digest}'" in policy
    assert not [attributes for _, attributes in Tags(page).tags if "style" in attributes]


def test_rows_of_the_table_are_the_weekly_quantiles(page: str) -> None:
    found = re.search(r'id="rows">(.*?)</script>', page)
    assert found is not None
    rows = json.loads(found[1])
    assert len(rows) == 2 * 2 * 2
    rice = [row for row in rows if row[3] == "sku-rice" and row[0] == WEEKS[0]]
    # three days of 12,340 g; the quantiles are those of weekly_need, in kg; 13 cases a day
    assert rice[0][5:] == ["kg", 0.01, 33.318, 37.02, 40.722, 39, "2026-11-19"]


def test_attention_lists_caps_reasons_and_late_orders(page: str) -> None:
    assert "every site that could pack them is full" in page
    assert "the cap of 40 boxes binds in 40% of the draws" in page
    assert "past the last day to order" in page


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
    assert 'id="rows">[]</script>' in made.page.read_text()
