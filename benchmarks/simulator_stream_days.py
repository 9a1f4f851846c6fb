"""One more day of orders and nothing else: what of the forecast's change is news.

Two plans of the same invented company a day apart: demand is forecast once, and the second plan's
order book holds a day's orders more. They are boxes of the forecast, drawn with another seed, so
that their content is the only news. The second plan either keeps the seed (persistent slots: the
orders take the place of simulated boxes, all others stay) or takes another (resampled).
"""

import datetime as dt
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks.simulator_week import Size, bench_demand, bench_plan, bench_week
from sitecast.allocate import allocate_orders
from sitecast.demand import forecast_demand
from sitecast.deployment import Deployment
from sitecast.evaluate.metrics import wape_global, wape_site
from sitecast.extract.demo import write_demo_company
from sitecast.installation import open_installation
from sitecast.pipeline import configure_plan, extract_plan_week
from sitecast.records.demand_forecast import DemandForecast
from sitecast.records.plan import ForecastPlan
from sitecast.records.tables_orders import ORDER_LINES, ORDERS
from sitecast.records.week_axes import week_axes
from sitecast.records.week_record import WeekData
from sitecast.simulate import boxes_of_draw, placed_boxes, simulate_orders
from sitecast.simulate.blueprint import blueprint_of

NEWS, OTHER_SEED, ORDERS_SEED = 0.05, 1_000_003, 2_000_003
"""Share of the boxes that are placed on the day."""
AS_OF = dt.datetime(2026, 10, 30, 6, tzinfo=dt.UTC)
Floats = NDArray[np.float64]
_Case = tuple[str, WeekData, DemandForecast, ForecastPlan]


def one_more_day(quick: bool) -> list[dict[str, Any]]:
    """A row per company, week and forecast compared."""
    return [row for case in _cases(quick) for row in _compared(*case)]


def _cases(quick: bool) -> Iterator[_Case]:
    size = Size(20_000, 100, 20 if quick else 100, regions=5)
    yield "invented week", bench_week(size), bench_demand(size), bench_plan(size.draws)
    if quick:
        return
    with tempfile.TemporaryDirectory(prefix="sitecast-stream-") as folder:
        company = Path(folder)
        write_demo_company(company, size="demo")
        installation = open_installation(Deployment(home=company))
        plan = configure_plan(installation, installation.plan_settings(), AS_OF)
        for menu_week in plan.menu_weeks:
            week = extract_plan_week(installation, plan, menu_week)
            yield "demo company", week, forecast_demand(week, plan), plan


def _compared(
    company: str, week: WeekData, demand: DemandForecast, plan: ForecastPlan
) -> Iterator[dict[str, Any]]:
    later = _a_day_later(week, demand, plan)
    reseeded = replace(plan, settings=plan.settings.model_copy(update={"seed": OTHER_SEED}))
    before = _kits(week, demand, plan)
    after = {"persistent": _kits(later, demand, plan), "resampled": _kits(later, demand, reseeded)}
    orders = [len(known["orders"]) for known in (week, later)]
    facts = {"company": company, "week": week.menu_week, "draws": plan.draws,
             "boxes": float(demand.boxes["mean_boxes"].sum()), "placed": orders[0],
             "new": orders[1] - orders[0],
             "grown": after["persistent"].sum() / before.sum() - 1}  # fmt: skip
    for way, kits in after.items():
        draws = [_wapes(*pair) for pair in zip(kits, before, strict=True)]
        mean = _wapes(kits.mean(axis=0), before.mean(axis=0))
        each = {"draw 0": draws[0], "a draw": np.mean(draws, axis=0), "mean of the draws": mean}
        for forecast, (by_item, by_site) in each.items():
            yield {**facts, "way": way, "forecast": forecast, "wape_global": by_item,
                   "wape_site": by_site}  # fmt: skip


def _wapes(later: Floats, earlier: Floats) -> tuple[float, float]:
    return wape_global(later, earlier), wape_site(later, earlier)


def _kits(week: WeekData, demand: DemandForecast, plan: ForecastPlan) -> Floats:
    """(draws, sites, items) kits and products of the week; unallocated boxes are a site too."""
    axes, simulated = week_axes(week), simulate_orders(week, demand, plan)
    placed, boxes = placed_boxes(week, simulated), partial(boxes_of_draw, week, simulated)
    allocation = allocate_orders(week, simulated, plan, placed, boxes)
    kits = np.zeros((plan.draws, len(axes.sites) + 1, axes.n_items))
    for lane, site in enumerate(axes.lanes["site"]):
        kits[:, site] += allocation.kits[:, lane]
    of_book = np.bincount(placed.items, minlength=axes.n_items)
    for draw in range(plan.draws):
        drawn = np.bincount(boxes(draw).items, minlength=axes.n_items)
        kits[draw, -1] = drawn + of_book - kits[draw].sum(axis=0)
    return kits


def _a_day_later(week: WeekData, demand: DemandForecast, plan: ForecastPlan) -> WeekData:
    """The week with a day's orders more in its order book."""
    settings = plan.settings.model_copy(update={"seed": ORDERS_SEED, "draws": 1})
    simulated = simulate_orders(week, demand, replace(plan, settings=settings))
    axes, cells = week_axes(week), simulated["cells"]
    blueprint = blueprint_of(week, axes, simulated.tables)
    drawn, boxes = blueprint.run(0), blueprint.draw_input(0).boxes
    some = np.random.default_rng(ORDERS_SEED).random(boxes.sum())
    some = np.flatnonzero(some < NEWS * demand.boxes["mean_boxes"].sum() / boxes.sum())
    cell = cells.iloc[np.repeat(np.arange(len(cells)), boxes)[some]]
    order_id = [f"new-{i:06d}" for i in range(len(some))]
    orders = cell[["segment", "delivery_date", "region_id"]].assign(
        order_id=order_id, menu_week=week.menu_week, portions=axes.portions[drawn.portions[some]],
        state="placed", created_at=pd.Timestamp(week.provenance.as_of, tz="UTC"),
        is_default=drawn.is_default[some],
    )  # fmt: skip
    pieces = [drawn.items[drawn.item_ptr[b] : drawn.item_ptr[b + 1]] for b in some]
    counts = [len(of_box) for of_box in pieces]
    items = axes.items().iloc[np.concatenate(pieces)]
    lines = items.assign(
        order_id=np.repeat(order_id, counts), line_no=np.concatenate([*map(np.arange, counts)]),
        portions=items["portions"].where(items["portions"] > 0), quantity=1,
    )  # fmt: skip
    nothing = {"customer_key": None, "site_id": None}
    new = {ORDERS: orders.assign(**nothing), ORDER_LINES: lines}
    tables = {t.name: pd.concat([week[t.name], t.shaped(rows)], ignore_index=True)
              for t, rows in new.items()}  # fmt: skip
    return replace(week, tables={**week.tables, **tables})
