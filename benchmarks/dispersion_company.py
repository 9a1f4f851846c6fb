"""An invented company whose errors are known: how far levels drift, and how far shocks reach.

Nothing of sitecast makes its orders: levels walk, weeks have heavy-tailed shocks, recipes have
weeks in which they are liked more, and boxes are filled by Gumbel races.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.quality_series import Series
from sitecast.records.tables_read import TABLES_READ

FIRST = pd.Timestamp("2025-01-04")
DAYS, REGIONS, SEGMENTS, SITES = 4, 6, ("family", "green"), ("north", "south")
POOL, MENU, PEOPLE = 60, 16, 2
BOOKED_BEFORE = 28
"""Days before the week from which on customers order; more of them late than early."""


@dataclass(frozen=True)
class Truth:
    """Standard deviations of logarithms."""

    drift: float = 0.012
    """of the company's level, each week: what makes long leads harder"""
    week: float = 0.03
    """of the week's own shock, times Student's t with 4 degrees of freedom (÷ √2)"""
    day: float = 0.03
    region: float = 0.05
    cell: float = 0.06
    recipe: float = 0.18
    boxes: float = 1500.0


def write_company(folder: Path, weeks: int, seed: int, truth: Truth) -> list[str]:
    """Write the input tables of so many weeks, all delivered; returns the weeks' keys."""
    rng = np.random.default_rng(seed)
    starts = [FIRST + pd.Timedelta(weeks=week) for week in range(weeks)]
    keys = [f"{s.isocalendar().year}-W{s.isocalendar().week:02d}" for s in starts]
    appeal = rng.normal(0, 0.4, (len(SEGMENTS), POOL))
    weight = rng.dirichlet(np.full(REGIONS, 8.0))
    split = rng.dirichlet(np.full(DAYS, 20.0))
    level, menus = 0.0, []
    for key, start in zip(keys, starts, strict=True):
        level += rng.normal(0, truth.drift)
        menu = np.sort(rng.permutation(POOL)[:MENU])
        menus.append(pd.DataFrame({"menu_week": key, "recipe_id": _ids(menu), "available": True}))
        mean = _mean(rng, truth, level, weight, split)
        liked = appeal[:, menu] + rng.normal(0, truth.recipe, MENU)
        orders, lines = _orders(rng, key, start, rng.poisson(mean), liked, menu)
        _write(folder, "orders", orders, key)
        _write(folder, "order_lines", lines, key)
    for name, table in _standing(keys, starts, split, rng).items():
        _write(folder, name, table)
    _write(folder, "menu", pd.concat(menus))
    _write(folder, "item_sites", pd.concat(
        [m[["menu_week"]].assign(item_type="recipe", item_id=m["recipe_id"], site_id=site)
         for m in menus for site in SITES]))  # fmt: skip
    return keys


def boxes_sold(weeks: int, seed: int, truth: Truth) -> Series:
    """Boxes alone, for what only asks how many there are."""
    rng = np.random.default_rng(seed)
    weight, split = rng.dirichlet(np.full(REGIONS, 8.0)), rng.dirichlet(np.full(DAYS, 20.0))
    level, parts = 0.0, []
    for start in (FIRST + pd.Timedelta(weeks=week) for week in range(weeks)):
        level += rng.normal(0, truth.drift)
        boxes = rng.poisson(_mean(rng, truth, level, weight, split))
        day, region, segment = (place.ravel() for place in np.indices(boxes.shape))
        parts.append(pd.DataFrame({
            "date": start + pd.to_timedelta(day, unit="D"), "start": start,
            "region_id": [f"r{r}" for r in region], "boxes": boxes.ravel(),
            "segment": np.array(SEGMENTS, dtype=object)[segment],
        }))  # fmt: skip
    sold = pd.concat(parts, ignore_index=True)
    return Series(sold, sold.iloc[:0].assign(driver="", value=0.0).drop(columns="boxes"))


def _mean(
    rng: np.random.Generator, truth: Truth, level: float, weight: np.ndarray, split: np.ndarray
) -> np.ndarray:
    """(days, regions, segments) expected boxes of one week."""
    shock = level + truth.week * rng.standard_t(4) / np.sqrt(2)
    logs = shock + rng.normal(0, truth.day, (DAYS, 1, 1)) + rng.normal(
        0, truth.region, (1, REGIONS, 1)
    ) + rng.normal(0, truth.cell, (DAYS, REGIONS, len(SEGMENTS)))  # fmt: skip
    share = split[:, None, None] * weight[None, :, None] * np.array([0.6, 0.4])
    return truth.boxes * share * np.exp(logs)


def _orders(
    rng: np.random.Generator, key: str, start: pd.Timestamp, boxes: np.ndarray,
    liked: np.ndarray, menu: np.ndarray,
) -> tuple[pd.DataFrame, pd.DataFrame]:  # fmt: skip
    cell = np.repeat(np.arange(boxes.size), boxes.ravel())
    day, region, segment = np.unravel_index(cell, boxes.shape)
    n = len(cell)
    names = np.array([f"{key}.{number:05d}" for number in range(n)], dtype=object)
    ahead = BOOKED_BEFORE * (1 - rng.random(n) ** 0.5) + 2.5
    orders = pd.DataFrame({
        "order_id": names, "customer_key": names, "menu_week": key, "portions": PEOPLE,
        "segment": np.array(SEGMENTS, dtype=object)[segment], "state": "delivered",
        "delivery_date": start + pd.to_timedelta(day, unit="D"),
        "region_id": [f"r{r}" for r in region], "is_default": False,
        "created_at": (start - pd.to_timedelta(ahead, unit="D")).tz_localize("UTC"),
        "site_id": np.array(SITES, dtype=object)[region % 2],
    })  # fmt: skip
    kits = rng.choice([2, 3, 4], n, p=[0.3, 0.5, 0.2])
    race = liked[segment] + rng.gumbel(size=(n, MENU))
    picked = menu[np.argsort(-race, axis=1)[:, :4]]
    box, place = np.nonzero(np.arange(4) < kits[:, None])
    lines = pd.DataFrame({
        "order_id": names[box], "line_no": place + 1, "item_type": "recipe",
        "item_id": _ids(picked[box, place]), "portions": PEOPLE, "quantity": 1,
    })  # fmt: skip
    return orders, lines


def _standing(
    keys: list[str], starts: list[pd.Timestamp], split: np.ndarray, rng: np.random.Generator
) -> dict[str, pd.DataFrame]:
    dates = [start + pd.Timedelta(days=day) for start in starts for day in range(DAYS)]
    production = sorted({date - pd.Timedelta(days=1) for date in dates})
    recipes, skus = _ids(np.arange(POOL)), [f"s{number:02d}" for number in range(25)]
    bom = pd.DataFrame([
        (recipe, PEOPLE, sku, 50.0 + 10 * number)
        for recipe in recipes for number, sku in enumerate(rng.choice(skus, 4, replace=False))
    ], columns=["recipe_id", "portions", "sku_id", "qty"])  # fmt: skip
    return {
        "menu_weeks": pd.DataFrame({"menu_week": keys, "start_date": starts, "end_date": [
            start + pd.Timedelta(days=DAYS - 1) for start in starts]}),
        "delivery_days": pd.DataFrame({
            "menu_week": np.repeat(keys, DAYS), "delivery_date": dates,
            "weight": np.tile(split, len(keys)), "cutoff_at": pd.to_datetime(
                [date - pd.Timedelta(days=2) for date in dates]).tz_localize("UTC")}),
        "sites": pd.DataFrame({"site_id": SITES, "name": SITES, "opens_on": pd.Timestamp(
            "2020-01-01"), "is_catch_all": True, "priority": [1, 2]}),
        "site_caps": pd.DataFrame([(site, date, None, 0) for site in SITES for date in production],
                                  columns=["site_id", "production_date", "cap_boxes",
                                           "floor_boxes"]),
        "regions": pd.DataFrame({"postcode_prefix": [f"R{r}" for r in range(REGIONS)],
                                 "region_id": [f"r{r}" for r in range(REGIONS)]}),
        "region_sites": pd.DataFrame(
            [(f"r{r}", site, 1, 100 + 50 * (r % 2 != place))
             for r in range(REGIONS) for place, site in enumerate(SITES)],
            columns=["region_id", "site_id", "transit_days", "cost_per_box"]),
        "recipes": pd.DataFrame({"recipe_id": recipes, "name": recipes, "attributes": "{}"}),
        "skus": pd.DataFrame({"sku_id": skus, "name": skus, "kind": "ingredient", "base_uom": "g",
                              "case_size": 1000.0, "moq": 0.0, "lead_time_days": 5,
                              "yield_rate": 1.0}),
        "recipe_bom": bom,
    }  # fmt: skip


def _ids(numbers: np.ndarray) -> np.ndarray:
    return np.array([f"m{number:02d}" for number in np.ravel(numbers)], dtype=object)


def _write(folder: Path, name: str, table: pd.DataFrame, week: str | None = None) -> None:
    contract = TABLES_READ[name]
    absent = {column.name: column.default for column in contract.columns
              if column.optional and column.name not in table}  # fmt: skip
    path = folder / name / f"{week}.parquet" if week else folder / f"{name}.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    contract.shaped(table.assign(**absent)).to_parquet(path)
