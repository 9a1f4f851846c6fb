"""Speed of the order simulator: 200 draws of a week of 200,000 boxes.

Run it with `make bench-simulator`, or `QUICK=1` for a smaller week. Prints one headline as its last
line; exits with 1 when a goal is missed. Goals are CPU seconds of all threads, since wall time says
more about what else the machine does. The reference is what one would write first: a loop over
boxes with numpy's Generator.choice(replace=False), for a sample of the same boxes.
"""

import datetime as dt
import os
import resource
import sys
import time

import numpy as np
import pandas as pd

from sitecast.records.demand_forecast import Choices, DemandForecast
from sitecast.records.plan import ForecastPlan
from sitecast.records.tables_read import TABLES_READ
from sitecast.records.week_record import Provenance, SimulatedOrders, WeekData
from sitecast.settings import plan_settings
from sitecast.simulate import boxes_of_draw, simulate_orders

WEEK, SEED = "2026-W48", 5
SIZES = ((2, 0.35), (3, 0.3), (4, 0.2), (5, 0.15))
RECIPES, SEGMENTS, REGIONS, DAYS, SITES = 200, 60, 50, 7, 4
GOAL_GIB, GOAL_RATIO = 1.5, 100.0


def main() -> int:
    quick = bool(os.environ.get("QUICK"))
    boxes, draws = (20_000, 50) if quick else (200_000, 200)
    rng = np.random.default_rng(SEED)
    week, demand = bench_week(rng), bench_demand(rng, boxes)
    simulate_orders(week, bench_demand(rng, 100), bench_plan(1))  # compile
    start, cpu = time.perf_counter(), time.process_time()
    simulated = simulate_orders(week, demand, bench_plan(draws))
    seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
    again = regenerate_seconds(week, simulated, min(draws, 20))
    made = int(simulated["draw_digests"]["boxes"].sum())
    ratio = naive_seconds_per_box(rng, demand) / (cpu / made)
    gib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    goal, goal_ratio = (2.0, 10.0) if quick else (9.0, GOAL_RATIO)
    missed = cpu > goal or gib > GOAL_GIB or ratio < goal_ratio
    print(
        f"simulator: {draws} draws, {made / 1e6:.1f} M boxes in {cpu:.2f} CPU s ({seconds:.2f} s "
        f"wall; {cpu / made * 1e9:.0f} ns/box; goal {goal:g} CPU s), a draw again "
        f"{again * 1e3:.0f} ms, {gib:.2f} GiB, {ratio:.0f}× a Generator.choice loop"
        f"{' MISSED' if missed else ''}"
    )
    return int(missed)


def regenerate_seconds(week: WeekData, simulated: SimulatedOrders, draws: int) -> float:
    boxes_of_draw(week, simulated, 0)
    start = time.process_time()
    for draw in range(draws):
        boxes_of_draw(week, simulated, draw)
    return (time.process_time() - start) / draws


def naive_seconds_per_box(rng: np.random.Generator, demand: DemandForecast) -> float:
    """One segment's boxes with Generator.choice: kits only, no products, sites or classes."""
    shares = demand.choices.shares.query("segment == 's0'")["share"].to_numpy()
    kits, probability = zip(*SIZES, strict=True)
    sizes = rng.choice(kits, p=probability, size=5_000)
    start = time.process_time()
    for size in sizes:
        rng.choice(RECIPES, size=size, replace=False, p=shares)
    return (time.process_time() - start) / len(sizes)


def bench_plan(draws: int) -> ForecastPlan:
    settings = plan_settings({"seed": SEED, "draws": draws, "horizon_weeks": 1})
    as_of = dt.datetime(2026, 11, 20, 6, tzinfo=dt.UTC)
    return ForecastPlan("20261120T0600-0123456789ab", as_of, (WEEK,), "bench", settings, {})


def bench_demand(rng: np.random.Generator, boxes: int) -> DemandForecast:
    segments, recipes = names("s", SEGMENTS), names("r", RECIPES)
    cells = pd.MultiIndex.from_product([dates(), names("g", REGIONS), segments]).to_frame(False)
    cells.columns = pd.Index(["delivery_date", "region_id", "segment"])
    cells["mean_boxes"] = boxes * rng.dirichlet(np.full(len(cells), 5.0))
    cells["sd_boxes"] = np.nan
    shares = pd.MultiIndex.from_product([segments, recipes]).to_frame(False)
    shares.columns = pd.Index(["segment", "recipe_id"])
    utility = rng.normal(0, 0.8, RECIPES) + rng.normal(0, 0.5, (SEGMENTS, RECIPES))
    mass = np.exp(utility)
    shares["share"] = (mass / mass.sum(axis=1, keepdims=True)).ravel()
    shares["cv"] = 0.1
    choices = Choices.of_shares(shares)
    sizes = [(s, k, p) for s in segments for k, p in SIZES]
    portions = [(s, size, 0.5) for s in segments for size in (2, 4)]
    return DemandForecast(
        cells, choices, pd.DataFrame(sizes, columns=["segment", "n_kits", "probability"]),
        pd.DataFrame(portions, columns=["segment", "portions", "probability"]),
        pd.DataFrame({"segment": segments, "probability": 0.0}),
    )  # fmt: skip


def bench_week(rng: np.random.Generator) -> WeekData:
    recipes, sites, regions = names("r", RECIPES), names("site", SITES), names("g", REGIONS)
    made = [("recipe", r, s) for r in recipes for i, s in enumerate(sites)
            if i == 0 or rng.random() < 0.9]  # fmt: skip
    made += [("product", p, s) for p in names("p", 20) for s in sites]
    rows = {
        "delivery_days": [{"menu_week": WEEK, "delivery_date": d, "cutoff_at": d} for d in dates()],
        "sites": [{"site_id": s, "name": s, "opens_on": "2020-01-01"} for s in sites],
        "region_sites": [{"region_id": g, "site_id": s, "transit_days": 1}
                         for g in regions for s in sites],
        "recipes": [{"recipe_id": r, "name": r} for r in recipes],
        "menu": [{"menu_week": WEEK, "recipe_id": r} for r in recipes],
        "item_sites": [{"menu_week": WEEK, "item_type": kind, "item_id": item, "site_id": site}
                       for kind, item, site in made],
        "recipe_bom": [{"recipe_id": r, "portions": n, "sku_id": "k", "qty": 1.0}
                       for r in recipes for n in (2, 4)],
        "products": [{"product_id": p, "name": p, "take_rate": 0.01} for p in names("p", 20)],
    }  # fmt: skip
    provenance = Provenance("20261120T0600-0123456789ab", WEEK, "2026-11-20", SEED, "bench")
    return WeekData(provenance, {name: shaped(name, rows.get(name, [])) for name in TABLES_READ})


def shaped(name: str, rows: list[dict[str, object]]) -> pd.DataFrame:
    contract = TABLES_READ[name]
    if not rows:
        return contract.empty()
    frame = pd.DataFrame(rows)
    for column in contract.columns:
        if column.name not in frame:
            frame[column.name] = column.default
    if name == "delivery_days":
        frame["cutoff_at"] = pd.to_datetime(frame["cutoff_at"], utc=True)
    return contract.shaped(frame)


def dates() -> pd.DatetimeIndex:
    return pd.date_range("2026-11-28", periods=DAYS)


def names(letter: str, count: int) -> list[str]:
    return [f"{letter}{i}" for i in range(count)]


if __name__ == "__main__":
    sys.exit(main())
