"""Boxes to quantities of one invented week: `allocate_orders` and `forecast_sites` as they are run.

200,000 boxes a week over 4 sites, 100 regions, 7 delivery days; 40,000 of them placed.
"""

import dataclasses
import os
import time

import numpy as np
import pandas as pd

from sitecast.allocate.allocate_orders import allocate_orders
from sitecast.forecast import check_conservation, forecast_sites
from sitecast.records.draw_boxes import DrawBoxes
from sitecast.records.plan import ForecastPlan
from sitecast.records.tables_read import TABLES_READ
from sitecast.records.week_axes import week_axes
from sitecast.records.week_record import Provenance, SimulatedOrders, WeekData
from sitecast.settings import plan_settings

WEEK, SITES, REGIONS, RECIPES, SKUS = "2026-W48", 4, 100, 200, 1_500
BOXES, PLACED = 200_000, 40_000
DRAWS = 50 if os.environ.get("QUICK") else 200


def make_week(rng):
    days = pd.date_range("2026-11-28", periods=7)
    sites = [f"site {i}" for i in range(SITES)]
    recipes = [f"recipe {i:03d}" for i in range(RECIPES)]
    # The first site makes everything; the others make most of the menu.
    made = [(r, s) for r in recipes for i, s in enumerate(sites) if i == 0 or rng.random() < 0.85]
    links = [
        (f"region {region:02d}", site, rng.integers(1, 3), rng.integers(300, 900))
        for region in range(REGIONS)
        for i, site in enumerate(sites)
        if i == 0 or rng.random() < 0.8
    ]
    bom = [
        (recipe, size, f"sku {sku:04d}", float(rng.integers(5, 300)))
        for recipe in recipes
        for size in (2, 4)
        for sku in rng.choice(SKUS, 10, replace=False)
    ]
    cap = int(0.86 * BOXES / (SITES * 7))  # binds on most days
    caps = [(s, d, cap) for s in sites for d in pd.date_range("2026-11-26", periods=8)]
    tables = {
        "delivery_days": (["delivery_date"], [(d,) for d in days]),
        "sites": (["site_id", "priority"], [(s, i) for i, s in enumerate(sites)]),
        "site_caps": (["site_id", "production_date", "cap_boxes"], caps),
        "region_sites": (["region_id", "site_id", "transit_days", "cost_per_box"], links),
        "menu": (["recipe_id"], [(r,) for r in recipes]),
        "item_sites": (["item_id", "site_id"], made),
        "recipe_bom": (["recipe_id", "portions", "sku_id", "qty"], bom),
        "skus": (["sku_id"], [(f"sku {k:04d}",) for k in range(SKUS)]),
    }
    fixed = {"menu_week": WEEK, "item_type": "recipe", "kind": "ingredient", "base_uom": "g",
             "name": "-", "cutoff_at": pd.Timestamp("2026-11-25T12:00Z"),
             "opens_on": pd.Timestamp("2020-01-01")}  # fmt: skip
    frames = {name: contract.empty() for name, contract in TABLES_READ.items()}
    for name, (columns, rows) in tables.items():
        frame = pd.DataFrame(rows, columns=columns)
        for column in TABLES_READ[name].columns:
            if column.name not in frame:
                known = column.name in fixed and name != "site_caps"
                frame[column.name] = fixed[column.name] if known else column.default
        frames[name] = TABLES_READ[name].shaped(frame)
    return WeekData(Provenance("bench", WEEK, "2026-11-20", 1, "bench"), frames)


def make_boxes(axes, rng, n):
    """Boxes of 2 to 4 kits of popular and unpopular recipes; and the key of each one's class."""
    size, people = rng.integers(2, 5, n), rng.integers(0, 2, n)
    ptr = np.concatenate([[0], np.cumsum(size)])
    weight = 1 / np.arange(1, RECIPES + 1) ** 0.7
    recipe = rng.choice(RECIPES, ptr[-1], p=weight / weight.sum())
    items = (recipe * 2 + np.repeat(people, size)).astype(np.int32)
    sets = np.bitwise_and.reduceat(axes.item_sites[items], ptr[:-1]).astype(np.int64)
    day, region = rng.integers(0, 7, n), rng.integers(0, REGIONS, n)
    rank = rng.integers(0, 2**63, n, dtype=np.uint64)
    boxes = DrawBoxes(np.zeros(n, np.int32), rank, ptr.astype(np.int64), items,
                      (2 + 2 * people).astype(np.int16))  # fmt: skip
    return boxes, np.stack([day, region, sets], axis=1)


def make_orders(axes, rng, pool):
    """`pool` different draws, used in turn, and placed boxes that mostly have a previous site."""
    placed, placed_keys = make_boxes(axes, rng, PLACED)
    previous = np.where(rng.random(PLACED) < 0.85, rng.integers(0, SITES, PLACED), -1)
    draws = [make_boxes(axes, rng, rng.poisson(BOXES - PLACED)) for _ in range(pool)]
    keys = [np.column_stack([np.zeros(PLACED, np.int64), placed_keys, previous])]
    keys += [np.column_stack([np.ones(len(k), np.int64), k, np.full(len(k), -1)]) for _, k in draws]
    classes, number = np.unique(np.concatenate(keys), axis=0, return_inverse=True)
    parts = np.split(number.astype(np.int32), np.cumsum([len(k) for k in keys])[:-1])
    every = [placed, *(boxes for boxes, _ in draws)]
    flat = [dataclasses.replace(b, box_class=part) for b, part in zip(every, parts, strict=True)]
    frame = pd.DataFrame(classes, columns=["is_simulated", "day", "region", "site_set",
                                           "previous_site"])  # fmt: skip
    table = frame.assign(class_id=np.arange(len(frame)), is_simulated=frame["is_simulated"] == 1,
                         delivery_date=axes.days[frame["day"]],
                         region_id=axes.regions[frame["region"]])  # fmt: skip
    return table, flat[0], flat[1:]


def as_simulated(week, axes, table, placed, draws):
    counts = [np.bincount(draws[d % len(draws)].box_class, minlength=len(table))
              for d in range(DRAWS)]  # fmt: skip
    per_draw = [(d, c, k[c]) for d, k in enumerate(counts) for c in np.flatnonzero(k)]
    number = np.concatenate([placed.box_class, draws[0].box_class])
    names = [f"o{i}" if i < PLACED else f"s{i}" for i in range(len(number))]
    orders = table.loc[number].reset_index(drop=True).assign(box_id=names, previous_site_id=None)
    class_boxes = pd.DataFrame(per_draw, columns=["draw", "class_id", "boxes"])
    tables = {"classes": table, "orders": orders, "class_boxes": class_boxes}
    return SimulatedOrders(week.provenance, tables)


def whole_step(week, simulated, plan, placed, draws):
    """CPU seconds of all threads for allocate and forecast, and broken conservation checks."""
    one_draw = dataclasses.replace(plan, settings=plan_settings({"draws": 1}))
    allocate_orders(week, simulated, one_draw, placed, draws.__getitem__)  # compiles
    clock, cpu = time.perf_counter, time.process_time
    start, start_cpu = clock(), cpu()
    allocation = allocate_orders(week, simulated, plan, placed, lambda d: draws[d % len(draws)])
    middle, middle_cpu = clock(), cpu()
    forecast = forecast_sites(week, allocation, plan, week.provenance)
    end, end_cpu = clock(), cpu()
    checks = check_conservation(week, simulated, forecast)
    print(f"allocate {middle_cpu - start_cpu:.1f} CPU s ({middle - start:.1f} s), forecast "
          f"{end_cpu - middle_cpu:.1f} CPU s ({end - middle:.1f} s), checks "
          f"{cpu() - end_cpu:.1f} CPU s; {len(forecast['site_forecast_draws']):,} rows of draws, "
          f"{forecast['site_load']['boxes_unallocated'].sum():,.0f} boxes unallocated")  # fmt: skip
    # R1 compares with the order book, which this benchmark does not make.
    return end_cpu - start_cpu, [c for c in checks if not c.passed and c.rule != "R1"]


def run():
    """Seconds, and broken conservation checks."""
    rng = np.random.default_rng(1)
    week = make_week(rng)
    axes = week_axes(week)
    table, placed, draws = make_orders(axes, rng, 4)
    simulated = as_simulated(week, axes, table, placed, draws)
    settings = plan_settings({"draws": DRAWS})
    plan = ForecastPlan("bench", pd.Timestamp("2026-11-20T00:00Z"), (WEEK,), "bench", settings, {})
    return whole_step(week, simulated, plan, placed, draws)
