"""The invented week that the simulator is measured on, at any size.

Utilities N(0, 0.8) by recipe plus N(0, 0.5) by segment and recipe; a third of the segments follow a
diet, the strictest with five recipes to choose from. Shares are what such boxes hold on average.
"""

import datetime as dt
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sitecast.records.demand_forecast import Choices, DemandForecast
from sitecast.records.plan import ForecastPlan
from sitecast.records.tables_read import TABLES_READ
from sitecast.records.week_record import Provenance, WeekData
from sitecast.settings import plan_settings
from sitecast.simulate.choice import inclusion_probabilities

WEEK, SEED = "2026-W48", 5
DAYS = pd.date_range("2026-11-28", periods=7)
SIZES, SIZE_PROBABILITY = (2, 3, 4, 5), (0.35, 0.3, 0.2, 0.15)
PORTIONS = (2, 4)
DIETS = ((0.15, 0.6), (0.1, 0.25), (0.07, 0.0))
"""Share of the segments, and the share of the menu left to them (five recipes at least)."""


@dataclass(frozen=True)
class Size:
    """One case: how much there is of everything."""

    boxes: int
    recipes: int
    draws: int
    segments: int = 60
    regions: int = 50
    sites: int = 4
    products: int = 20
    placed: float = 0.1
    """Share of the boxes that are in the order book."""


def names(letter: str, count: int) -> list[str]:
    """As wide as each other, so that sorted by name is sorted by number."""
    return [f"{letter}{i:03d}" for i in range(count)]


def weights(recipes: int, segments: int) -> NDArray[np.float64]:
    """(segments, recipes) choice weights; 0 where a diet forbids."""
    rng = np.random.default_rng([SEED, recipes, segments])
    utility = rng.normal(0, 0.8, recipes) + rng.normal(0, 0.5, (segments, recipes))
    weight = np.exp(utility)
    row = segments
    for share, left in DIETS:
        for _ in range(round(share * segments)):
            row -= 1
            kept = max(5, round(left * recipes))
            weight[row, rng.permutation(recipes)[kept:]] = 0.0
    return weight


def bench_plan(draws: int) -> ForecastPlan:
    settings = plan_settings({"seed": SEED, "draws": draws, "horizon_weeks": 1})
    as_of = dt.datetime(2026, 11, 20, 6, tzinfo=dt.UTC)
    return ForecastPlan("20261120T0600-0123456789ab", as_of, (WEEK,), "bench", settings, {})


def bench_demand(size: Size) -> DemandForecast:
    rng = np.random.default_rng([SEED, 1])
    segments = names("s", size.segments)
    cells = _product(delivery_date=DAYS, region_id=names("g", size.regions), segment=segments)
    cells["mean_boxes"] = size.boxes * rng.dirichlet(np.full(len(cells), 5.0))
    cells["sd_boxes"] = np.nan
    sizes = _product(segment=segments, n_kits=SIZES)
    sizes["probability"] = np.tile(SIZE_PROBABILITY, size.segments)
    portions = _product(segment=segments, portions=PORTIONS).assign(probability=0.5)
    defaults = pd.DataFrame({"segment": segments, "probability": 0.0})
    return DemandForecast(cells, _choices(size, segments), sizes, portions, defaults)


def _choices(size: Size, segments: list[str]) -> Choices:
    """Utilities, and the shares that their boxes have: calibration has to find these again."""
    weight = weights(size.recipes, size.segments)
    chances = list(zip(SIZES, SIZE_PROBABILITY, strict=True))
    kits = [sum(p * inclusion_probabilities(row, k) for k, p in chances) for row in weight]
    shares = _product(segment=segments, recipe_id=names("r", size.recipes))
    shares["share"] = np.concatenate([row / row.sum() for row in kits])
    utilities = shares[["segment", "recipe_id"]].assign(
        taste_class=0, class_share=1.0, utility=np.log(np.where(weight, weight, 1.0)).ravel(),
        sd=0.1,
    )  # fmt: skip
    some = weight.ravel() > 0
    return Choices(utilities[some].reset_index(drop=True), shares[some].reset_index(drop=True))


def bench_week(size: Size) -> WeekData:
    rng = np.random.default_rng([SEED, 2])
    recipes, sites = names("r", size.recipes), names("site", size.sites)
    regions, products = names("g", size.regions), names("p", size.products)
    made = _product(item_id=recipes, site_id=sites)
    made = made[(made["site_id"] == sites[0]) | (rng.random(len(made)) < 0.9)]
    items = pd.concat([
        made.assign(item_type="recipe"),
        _product(item_id=products, site_id=sites).assign(item_type="product"),
    ])  # fmt: skip
    tables = {
        "menu_weeks": pd.DataFrame(
            {
                "menu_week": [WEEK],
                "start_date": [DAYS[0]],
                "end_date": [DAYS[-1]],
            }
        ),
        "delivery_days": pd.DataFrame({"delivery_date": DAYS, "cutoff_at": DAYS}),
        "sites": pd.DataFrame({"site_id": sites, "name": sites, "opens_on": "2020-01-01"}),
        "region_sites": _product(region_id=regions, site_id=sites).assign(transit_days=1),
        "recipes": pd.DataFrame({"recipe_id": recipes, "name": recipes}),
        "menu": pd.DataFrame({"recipe_id": recipes}),
        "item_sites": items,
        "recipe_bom": _product(recipe_id=recipes, portions=PORTIONS).assign(sku_id="k", qty=1.0),
        "products": pd.DataFrame({"product_id": products, "name": products, "take_rate": 0.01}),
        **_order_book(size, rng),
    }
    provenance = Provenance("20261120T0600-0123456789ab", WEEK, "2026-11-20", SEED, "bench")
    return WeekData(provenance, {name: _shaped(name, tables.get(name)) for name in TABLES_READ})


def _order_book(size: Size, rng: np.random.Generator) -> dict[str, pd.DataFrame]:
    """Placed boxes: a stretch of the menu each, from where the box starts."""
    n = round(size.boxes * size.placed)
    kits = rng.choice(SIZES, n, p=SIZE_PROBABILITY)
    order = np.array([f"o{i}" for i in range(n)], dtype=object)
    line = np.arange(kits.sum()) - np.repeat(np.cumsum(kits) - kits, kits)
    recipe = (np.repeat(rng.integers(0, size.recipes, n), kits) + line) % size.recipes
    pick = np.array(names("r", size.recipes), dtype=object)
    orders = pd.DataFrame({
        "order_id": order, "segment": _some(rng, "s", size.segments, n),
        "delivery_date": DAYS[rng.integers(0, len(DAYS), n)],
        "region_id": _some(rng, "g", size.regions, n), "portions": rng.choice(PORTIONS, n),
        "state": "placed", "created_at": pd.Timestamp("2026-11-10", tz="UTC"),
    })  # fmt: skip
    lines = pd.DataFrame({
        "order_id": np.repeat(order, kits), "line_no": line + 1, "item_type": "recipe",
        "item_id": pick[recipe], "quantity": 1,
    })  # fmt: skip
    return {"orders": orders, "order_lines": lines} if n else {}


def _some(rng: np.random.Generator, letter: str, count: int, n: int) -> NDArray[np.object_]:
    return np.array(names(letter, count), dtype=object)[rng.integers(0, count, n)]


def _product(**axes: object) -> pd.DataFrame:
    return pd.MultiIndex.from_product(list(axes.values()), names=list(axes)).to_frame(index=False)


def _shaped(name: str, frame: pd.DataFrame | None) -> pd.DataFrame:
    contract = TABLES_READ[name]
    if frame is None:
        return contract.empty()
    frame = frame.copy()
    for column in contract.columns:
        if column.name not in frame:
            frame[column.name] = WEEK if column.name == "menu_week" else column.default
    if name == "delivery_days":
        frame["cutoff_at"] = pd.to_datetime(frame["cutoff_at"], utc=True)
    return contract.shaped(frame)
