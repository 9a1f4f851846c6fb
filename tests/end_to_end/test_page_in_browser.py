"""The page as a file in a headless browser: what a planner does, and what must not happen."""

import dataclasses
import json
import shutil

import pandas as pd
import pytest
from publish_world import UI_URL, WEEKS, World

from sitecast.publish.contents import gather
from sitecast.publish.manifest import plan_manifest
from sitecast.publish.page import render_page

CHROMIUM = shutil.which("chromium")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="needs Debian's chromium; .ci/run installs it"),
]
HOSTILE = "</script><script>alert(1)</script>\"'><img src=x onerror=alert(1)>\u202e=1+1"
CONTRAST = """() => {
  const parts = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const light = (colour) => parts(colour).slice(0, 3).map((c) => c / 255)
    .map((c) => (c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
    .reduce((sum, c, place) => sum + c * [0.2126, 0.7152, 0.0722][place], 0);
  const behind = (node) => {
    for (; node; node = node.parentElement) {
      const colour = getComputedStyle(node).backgroundColor;
      if ((parts(colour)[3] ?? 1) > 0) return colour;
    }
    return "rgb(255, 255, 255)";
  };
  const poor = [];
  for (const node of document.querySelectorAll("body *")) {
    const says = [...node.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim());
    if (!says || node.closest("svg, script, noscript") || !node.checkVisibility()) continue;
    const [a, b] = [light(getComputedStyle(node).color), light(behind(node))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) poor.push([node.className || node.tagName, ratio]);
  }
  return poor;
}"""


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    """A page of two weeks with hostile names, exceptions and changes."""
    folder = tmp_path_factory.mktemp("page")
    world = World(folder, company=f"Kitchen {HOSTILE}")
    for table in ("sites", "skus", "recipes"):
        world.rename(table, HOSTILE)
    for week in WEEKS:
        world.store_week(week)
    contents = gather(world.plan, *plan_manifest(world.plan, world.weeks), world.weeks)
    tables = {**contents.tables, "exceptions": exceptions(), "forecast_changes": changes()}
    page = folder / "page.html"
    page.write_text(render_page(dataclasses.replace(contents, tables=tables), UI_URL), "utf-8")
    return page.as_uri()


def exceptions():
    keys = [{"table": "site_load", "menu_week": WEEKS[1], "site_id": "south"},
            {"table": "purchase_plan", "menu_week": WEEKS[0], "site_id": "north",
             "sku_id": "sku-rice"}]  # fmt: skip
    return pd.DataFrame({
        "rank": [1, 2], "rule": ["cap_likely_broken", "over_moq_or_shelf_life"],
        "severity": ["high", "low"], "value_at_risk": [123_400, 0],
        "order_by": pd.to_datetime([None, "2026-11-21"]), "menu_week": WEEKS,
        "keys": [json.dumps(each) for each in keys], "message": [f"Full {HOSTILE}", "Too much"],
    })  # fmt: skip


def changes():
    return pd.DataFrame({
        "plan_from": "20261119T0600-aaaaaaaaaaaa", "plan_to": "b", "menu_week": WEEKS[0],
        "site_id": ["north", "north", "south"], "sku_id": "sku-rice",
        "need_date": pd.Timestamp("2026-11-27"), "cause": ["orders", "volume", "orders"],
        "delta": [5000.0, -2000.0, 1000.0],
    })  # fmt: skip


@pytest.fixture(scope="module")
def chromium():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        yield browser
        browser.close()


@pytest.fixture
def page(chromium, address):
    page = chromium.new_page(viewport={"width": 1366, "height": 900})
    page.set_default_timeout(20_000)
    yield opened(page, address)
    assert page.told == []
    page.close()


def opened(page, address):
    """The page once its tables are there; `asked` and `told` collect requests and complaints."""
    page.asked, page.told = [], []
    page.on("request", lambda request: page.asked.append(request.url))
    page.on("console", lambda message: page.told.append(message.text))
    page.on("pageerror", lambda error: page.told.append(str(error)))
    page.on("dialog", lambda dialog: (page.told.append("dialog"), dialog.dismiss()))
    page.goto(address)
    page.wait_for_selector("#needs tbody tr")
    return page


def column(page, head):
    """Texts of a column of the SKU table."""
    heads = page.locator("#needs thead button").all_inner_texts()
    place = heads.index(head) + 1
    return page.locator(f"#needs tbody tr > :nth-child({place})").all_inner_texts()


def test_nothing_is_asked_of_any_network_and_hostile_names_stay_text(page, address):
    assert page.asked == [address]
    assert page.locator("img").count() == 0
    assert HOSTILE in page.locator("#attention .message").first.inner_text()
    assert HOSTILE in page.locator("#needs .open span").first.inner_text()
    assert "<script>alert(1)</script>" in page.title()


def test_the_first_screen_ranks_exceptions_and_adds_up_changes(page):
    first = page.locator("#attention .alerts li").first
    assert "EUR 1,234" in first.inner_text()
    assert first.locator("a").get_attribute("href") == f"#load/{WEEKS[1]}/south"
    assert page.locator("#changes svg").bounding_box()["y"] < 900
    assert page.locator("#changes tbody tr").count() == 2


def test_heads_sort_both_ways_and_say_so(page):
    page.select_option("#week", "-1")
    head = page.locator("#needs thead th", has_text="p50")
    for direction, reverse in (("descending", True), ("ascending", False)):
        head.get_by_role("button").press("Enter")
        assert head.get_attribute("aria-sort") == direction
        shown = [float(text.replace(",", "")) for text in column(page, "p50")]
        assert shown == sorted(shown, reverse=reverse)
    assert page.locator("#needs thead th[aria-sort]:not([aria-sort=none])").count() == 1


def test_search_and_scope_narrow_the_rows_and_the_charts(page):
    assert set(column(page, "Week")) == {WEEKS[0]}
    page.select_option("#week", "-1")
    assert len(column(page, "Week")) == 8
    page.fill("#search", "ingredient SKU-rice")
    assert len(column(page, "Week")) == 4
    assert page.locator("#count").inner_text() == "4 rows"
    page.select_option("#site", "1")
    assert len(column(page, "Week")) == 2
    assert page.locator("figure[data-week]:visible").count() == 2
    page.fill("#search", "no such thing")
    assert page.locator("#count").inner_text() == "0 rows"


def test_a_drill_by_keyboard_goes_to_recipes_versions_and_back(page):
    page.fill("#search", "sku-rice")
    page.locator("#needs .open").first.press("Enter")
    dialog = page.locator("dialog[open]")
    assert "Days, in kg" in dialog.inner_text()
    assert "Made from" in dialog.inner_text()
    links = [link.get_attribute("href") for link in dialog.get_by_role("link").all()]
    assert all(link.startswith(f"{UI_URL}/") for link in links)
    assert links
    title = dialog.locator("#drill-title").inner_text()
    dialog.locator("table:has-text('Used by') .open").first.press("Enter")
    page.wait_for_function("document.querySelector('#drill-body').innerText.includes('Kits by')")
    assert dialog.locator("#drill-title").inner_text() != title
    dialog.get_by_role("button", name="Back").click()
    page.wait_for_function("document.querySelector('#drill-body').innerText.includes('Days, in')")
    page.keyboard.press("Escape")
    dialog.wait_for(state="hidden")
    assert page.evaluate("document.activeElement.className") == "open"


def test_an_exception_opens_what_it_is_about(page):
    page.locator("#attention .alerts a").nth(1).click()
    assert "sku-rice" in page.locator("dialog[open]").inner_text()
    page.keyboard.press("Escape")
    page.locator("#attention .alerts a").first.click()
    page.wait_for_function("document.getElementById('week').value === '1'")
    assert page.locator("figure[data-week]:visible").count() == 1


def test_an_address_with_a_drill_opens_it_and_a_wrong_one_does_not(page, address):
    page.goto("about:blank")
    page.goto(f"{address}#sku/sku-cola//")
    assert "sku-cola" in page.locator("dialog[open]").inner_text()
    page.goto("about:blank")
    page.goto(f"{address}#sku/nobody//")
    page.wait_for_selector("#needs tbody tr")
    assert page.locator("dialog[open]").count() == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_all_text_has_contrast_in_both_themes(chromium, address, scheme):
    page = opened(chromium.new_page(color_scheme=scheme), address)
    dark = page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(18, 22, 20)"
    assert dark == (scheme == "dark")
    for details in page.locator("summary").all():
        details.click()
    assert page.evaluate(CONTRAST) == []
    page.locator("#needs .open").first.click()
    assert page.evaluate(CONTRAST) == []
    page.close()


def test_a_phone_never_scrolls_sideways(chromium, address):
    page = opened(chromium.new_page(viewport={"width": 390, "height": 844}), address)
    width = "Math.max(document.documentElement.scrollWidth, document.body.scrollWidth)"
    assert page.evaluate(width) <= 390
    page.locator("#needs .open").first.click()
    page.wait_for_selector("dialog[open]")
    assert page.evaluate(width) <= 390
    assert page.evaluate("document.getElementById('drill').scrollWidth") <= 390
    page.close()


def test_paper_gets_the_tables_and_none_of_the_controls(page):
    page.emulate_media(media="print")
    assert not page.locator("#scope").is_visible()
    assert not page.locator("#filters").is_visible()
    assert page.locator("#needs tbody tr").first.is_visible()
    assert page.pdf()[:4] == b"%PDF"


def test_without_its_script_the_page_still_says_what_matters(chromium, address):
    page = chromium.new_page(java_script_enabled=False)
    page.goto(address)
    assert page.locator("#attention .alerts li").count() == 2
    assert page.locator("figure svg").count() == 5
    assert page.locator("noscript p").is_visible()
    page.close()
