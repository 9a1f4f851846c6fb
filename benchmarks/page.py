"""The planner's page at full size: bytes, time to first paint, and of sorting, searching, a drill.

`python -m benchmarks.page [FILE]` invents a publication of 1,500 SKUs × 4 sites × 28 days, renders
its page (kept as FILE), and opens it as a file in Debian's headless chromium.
"""

import datetime as dt
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
from playwright.sync_api import Page, sync_playwright

from benchmarks.arguments import words
from sitecast.publish.contents import Contents
from sitecast.publish.page import render_page
from sitecast.records.plan import ForecastPlan
from sitecast.records.tables_purchases import PURCHASE_PLAN
from sitecast.records.tables_read import TABLES_READ
from sitecast.records.tables_written import WEEKLY_TABLES
from sitecast.records.week_record import Provenance, WeekData
from sitecast.settings import plan_settings

SKUS, SITES, DAYS, RECIPES = 1500, 4, 7, 100
WEEKS = tuple(f"2026-W{number}" for number in range(48, 52))
AS_OF = dt.datetime(2026, 11, 20, 6, tzinfo=dt.UTC)
QUANTILES = ("p10", "p50", "p90")


def publication() -> Contents:
    rng = np.random.default_rng(20261120)
    settings = plan_settings({"company": "Large Kitchen", "seed": 7, "horizon_weeks": 4})
    plan = ForecastPlan("20261120T0600-0123456789ab", AS_OF, WEEKS, "bench", settings, {})
    sites, skus = [f"site-{n}" for n in range(SITES)], [f"sku-{n:04}" for n in range(SKUS)]
    need, kits = needs(rng, sites, skus), kits_of(rng, sites)
    amounts = [name for name in need if name.startswith("qty_")]
    week = need.groupby(["menu_week", "site_id", "sku_id", "kind", "uom"], as_index=False)
    known = {
        "site_forecast": need, "weekly_need": week[amounts].sum(),
        "purchase_plan": need.assign(
            net=need["qty_required"], cases=1, qty_ordered=need["qty_required"],
            commit_now=need["qty_required"], from_stock=rng.gamma(0.2, 900, len(need)),
        ), "recipe_site_forecast": kits, "site_load": loads(rng, sites),
    }  # fmt: skip
    tables = {t.name: shaped(t, known.get(t.name)) for t in (*WEEKLY_TABLES, PURCHASE_PLAN)}
    names = {sku: f"Ingredient number {place}" for place, sku in enumerate(skus)}
    inputs = {week: inputs_of(rng, week, skus) for week in WEEKS}
    made = {week: {"extracted_data": "0" * 16, "site_forecast": "1" * 16} for week in WEEKS}
    return Contents(plan, "bench", tables, {site: site.title() for site in sites}, names,
                    inputs=inputs, versions=made)  # fmt: skip


def grid(**axes):
    frame = pd.MultiIndex.from_product(axes.values(), names=axes).to_frame(index=False)
    if "place" in frame:
        start = frame["menu_week"].map({w: 7 * n for n, w in enumerate(WEEKS)})
        frame["date"] = pd.Timestamp("2026-11-28") + pd.to_timedelta(
            start + frame.pop("place"), "D"
        )
    return frame


def needs(rng, sites, skus):
    rows = grid(menu_week=WEEKS, site_id=sites, place=range(DAYS), sku_id=skus)
    rows = rows.rename(columns={"date": "need_date"})
    size = rng.gamma(2.0, 30_000.0, len(rows))
    spread = {f"qty_{q}": size * by for q, by in zip(QUANTILES, (0.93, 1, 1.08), strict=True)}
    return rows.assign(kind="ingredient", uom="g", qty_mean=size, **spread, qty_required=size * 1.1,
                       qty_committed=size * rng.random(len(rows)), service_level=0.9,
                       cases_to_buy=1, order_by=rows["need_date"] - pd.Timedelta("3D"))  # fmt: skip


def kits_of(rng, sites):
    rows = grid(menu_week=WEEKS, site_id=sites, place=range(DAYS), portions=[2, 4],
                item_id=[f"r{n}" for n in range(RECIPES)])  # fmt: skip
    size = rng.gamma(4.0, 30.0, len(rows)).round()
    spread = {f"kits_{q}": size * by for q, by in zip(QUANTILES, (0.9, 1, 1.1), strict=True)}
    return rows.rename(columns={"date": "delivery_date"}).assign(
        item_type="recipe", kits_mean=size, kits_committed=size // 2, **spread
    )


def loads(rng, sites):
    rows = grid(menu_week=WEEKS, site_id=sites, place=range(DAYS))
    size = rng.gamma(50.0, 100.0, len(rows))
    spread = {f"boxes_{q}": size * by for q, by in zip(QUANTILES, (0.95, 1, 1.05), strict=True)}
    return rows.rename(columns={"date": "production_date"}).assign(
        boxes_committed=(size / 2).astype(int), boxes_mean=size, **spread, cap_boxes=6000,
        p_over_cap=rng.random(len(rows)),
    )  # fmt: skip


def inputs_of(rng, week, skus):
    recipes = [f"r{n}" for n in range(RECIPES)]
    bom = grid(recipe_id=recipes, portions=[2, 4], line=range(12))
    bom["sku_id"] = [skus[n] for n in rng.integers(0, SKUS, len(bom))]
    told = {
        "skus": pd.DataFrame({"sku_id": skus, "name": skus, "kind": "ingredient", "base_uom": "g",
                              "unit_cost": 0.5, "case_size": 5000.0, "yield_rate": 0.9}),
        "recipes": pd.DataFrame({"recipe_id": recipes, "name": recipes}),
        "recipe_bom": bom.drop_duplicates(["recipe_id", "portions", "sku_id"]).assign(qty=120.0),
    }  # fmt: skip
    tables = {name: shaped(TABLES_READ[name], told.get(name))
              for name in ("skus", "recipes", "recipe_bom", "products", "product_bom")}  # fmt: skip
    return WeekData(Provenance("bench", week, AS_OF.isoformat(), 7, "bench"), tables)


def shaped(table, frame):
    if frame is None:
        return table.empty()
    fills = {c.name: c.default if c.default is not None else None if c.nullable else
             "" if str(c.dtype).startswith("str") else 0 for c in table.columns}  # fmt: skip
    return table.shaped(frame.assign(**{n: v for n, v in fills.items() if n not in frame}))


def milliseconds(page: Page, action: str) -> float:
    """Of a synchronous action, with the layout that follows."""
    return page.evaluate(f"""() => {{
        const start = performance.now(); {action};
        document.body.getBoundingClientRect(); return performance.now() - start; }}""")


def in_browser(path: Path) -> dict[str, float]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        page = browser.new_page(viewport={"width": 1366, "height": 900})
        page.goto(path.as_uri())
        page.wait_for_selector("#needs tbody tr")
        found = {
            "first paint": page.evaluate("performance.getEntriesByType('paint')[0].startTime"),
            "tables there": page.evaluate("performance.now()"),
        }
        page.select_option("#week", "-1")
        sort = "document.querySelectorAll('#needs thead button')[%d].click()"
        search = ("const field = document.getElementById('search'); field.value = '%s'; "
                  "field.dispatchEvent(new Event('input', {bubbles: true}))")  # fmt: skip
        found["sort by p50"] = milliseconds(page, sort % 6)
        found["sort by name"] = milliseconds(page, sort % 0)
        found["search"] = milliseconds(page, search % "number 77")
        found["search nothing"] = milliseconds(page, search % "")
        open_sku = "document.querySelector('#needs .open').click()"
        for name in ("first drill", "second drill"):
            page.evaluate("location.hash = '#all'")
            page.wait_for_selector("#drill", state="hidden")
            found[name] = page.evaluate(f"""() => new Promise((done) => {{
                const start = performance.now(), dialog = document.getElementById('drill');
                new MutationObserver(() => dialog.open && done(performance.now() - start))
                  .observe(dialog, {{attributes: true}}); {open_sku}; }})""")
        browser.close()
    return found


def main():
    given = words(__doc__)
    contents = publication()
    start = time.process_time()
    html = render_page(contents, "http://127.0.0.1:3000")
    rendered = time.process_time() - start
    with tempfile.TemporaryDirectory() as folder:
        path = Path(given[0] if given else f"{folder}/page.html").resolve()
        path.write_text(html, encoding="utf-8")
        found = in_browser(path)
    rows = len(contents.tables["site_forecast"])
    print(f"page: {rows} days of SKUs, {len(html.encode()) / 1e6:.2f} MB, {rendered:.2f} CPU s to "
          f"render; ms: " + ", ".join(f"{n} {v:.0f}" for n, v in found.items()))  # fmt: skip


if __name__ == "__main__":
    main()
