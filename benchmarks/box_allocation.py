"""The published box allocation replay: one delivery date, planned again on 19 days in a row.

    python -m benchmarks.box_allocation DATA_FOLDER

DATA_FOLDER holds orders.parquet, item_sites.csv and site_caps.csv; nothing of it is copied. Each
day's allocation is the reference of the next day, starting from the published one of the first.
Writes results/box_allocation.md and .svg (figures only) and exits with 1 when the goal is missed.
"""

import sys
import time
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.arguments import words
from benchmarks.box_allocation_cases import Day, linear_bound
from benchmarks.stamp import commit, machine
from benchmarks.tables import WIDE, markdown, picture

RESULTS = Path(__file__).parent / "results"
PUBLISHED = {"baseline": 7.180, "2-opt": 7.143, "3-opt": 7.125, "simulated annealing": 7.111,
             "hybrid": 7.108, "genetic": 6.922}  # fmt: skip
EFFORTS = {"flow and hash ranks only": None, "best partner": 0, "and 200,000 proposals": 200_000,
           "and 5 million proposals": 5_000_000}  # fmt: skip
SHOWN = "and 200,000 proposals"
MAX_AREA = 3.7


def main() -> int:
    days, published = read_days(Path(words(__doc__, 1)[0]))
    first = max(days)
    warm = days[first]
    warm.settled(warm.counts(published[first]), published[first], 10)
    runs = {name: replay(days, published, effort) for name, effort in EFFORTS.items()}
    theirs = published_run(days, published)
    shown = runs[SHOWN]
    shown["bound"] = list(bounds(days, published, EFFORTS[SHOWN]))
    write_report(runs, theirs, shown)
    area = area_under(shown["site"])
    met = area <= MAX_AREA
    print(f"box allocation: area {area:.3f} (published {min(PUBLISHED.values())} to "
          f"{max(PUBLISHED.values())}, floor {area_under(shown['floor']):.3f}) in "
          f"{shown['seconds'].sum():.2f} CPU s; goal {'met' if met else 'MISSED'}")  # fmt: skip
    return 0 if met else 1


def read_days(folder: Path) -> tuple[dict[int, Day], dict[int, np.ndarray]]:
    """Lead day → orders, and the sites that the data names (its baseline)."""
    orders = pd.read_parquet(folder / "orders.parquet")
    made = pd.read_csv(folder / "item_sites.csv")
    caps = pd.read_csv(folder / "site_caps.csv")
    sites = pd.Index(caps["site_id"])
    items = pd.Index(np.sort(made["item_id"].unique()))
    makes = np.zeros((len(sites), len(items)), bool)
    makes[sites.get_indexer(made["site_id"]), items.get_indexer(made["item_id"])] = True
    if (makes[:-1] > makes[1:]).any() or caps["cap_boxes"][:-1].isna().any():
        raise ValueError("the sites are not nested, or not only the last one takes the rest")
    at = orders.assign(item=items.get_indexer(orders["item_id"]),
                       site=sites.get_indexer(orders["baseline_site"]))  # fmt: skip
    days, published = {}, {}
    for lead_day, rows in at.groupby("lead_day"):
        of_order = rows.groupby("order_id")
        held = of_order["item"].agg(list).tolist()
        days[lead_day] = Day.of(held, makes, caps["cap_boxes"][:-1].to_numpy(np.int64))
        published[lead_day] = of_order["site"].first().to_numpy()
    return days, published


def allocated(days, published, proposals):
    """For each day after the first: lead day, orders, reference, sites, CPU seconds."""
    first = max(days)
    reference = days[first].counts(published[first])
    for lead_day in sorted(days, reverse=True)[1:]:
        day = days[lead_day]
        start = time.process_time()
        if proposals is None:
            site = day.filled()
        else:
            # No order keeps its number from one day to the next, so none has a site to return to.
            site = day.settled(reference, np.full(len(day.boxes.box_class), -1), proposals)
        seconds = time.process_time() - start
        day.require_feasible(site)
        yield lead_day, day, reference, site, seconds
        reference = day.counts(site)


def replay(days, published, proposals) -> pd.DataFrame:
    rows = []
    for lead_day, day, reference, site, seconds in allocated(days, published, proposals):
        change = day.change(site, reference)
        rows.append((lead_day, change.wape_site, change.wape_global, change.pieces, seconds))
    return pd.DataFrame(rows, columns=["lead_day", "site", "floor", "pieces", "seconds"])


def bounds(days, published, proposals):
    """What caps and recipes allow on each day, against the same references."""
    for _, day, reference, site, _ in allocated(days, published, proposals):
        yield linear_bound(day, reference) / day.change(site, reference).pieces


def published_run(days, published) -> np.ndarray:
    """wape_site of the sites in the data; about 1 % of their orders lack a recipe at their site."""
    leads = sorted(days, reverse=True)
    return np.array([
        days[now].change(published[now], days[before].counts(published[before])).wape_site
        for before, now in pairwise(leads)
    ])  # fmt: skip


def area_under(values) -> float:
    """Trapezoids over the 18 pairs of days, as published."""
    return float(np.trapezoid(values))


def write_report(runs, theirs, shown) -> None:
    RESULTS.mkdir(exist_ok=True)
    areas = [[f"published: {name}", f"{area:.3f}", ""] for name, area in PUBLISHED.items()]
    areas += [[name, f"{area_under(run['site']):.3f}", f"{run['seconds'].sum():.2f}"]
              for name, run in runs.items()]  # fmt: skip
    limit, floor = area_under(shown["bound"]), area_under(shown["floor"])
    parts = [["order book (floor: wape_global)", f"{floor:.3f}"],
             ["caps and recipes (linear bound − floor)", f"{limit - floor:.3f}"],
             ["missed by the search (ours − linear bound)",
              f"{area_under(shown['site']) - limit:.3f}"]]  # fmt: skip
    by_day = [[str(row.lead_day), f"{before:.3f}", f"{row.site:.3f}", f"{row.bound:.3f}",
               f"{row.floor:.3f}", f"{1000 * row.seconds:.0f}"]
              for row, before in zip(shown.itertuples(), theirs, strict=True)]  # fmt: skip
    text = "\n\n".join([
        "# Box allocation replay",
        f"`python -m benchmarks.box_allocation DATA_FOLDER`, commit {commit()}, {machine()}. "
        "Area under wape_site over 18 pairs of days, and CPU seconds for all 18.",
        markdown(["method", "area", "CPU s"], areas),
        f"Where the area of *{SHOWN}* comes from:",
        markdown(["part", "area"], parts),
        "By lead day, each against the day before; the linear bound is for the same reference.",
        markdown(["lead day", "published baseline", "ours", "linear bound", "floor", "CPU ms"],
                 by_day),
    ])  # fmt: skip
    (RESULTS / "box_allocation.md").write_text(text + "\n")
    lines = {"published baseline": theirs, "ours": shown["site"], "linear bound": shown["bound"],
             "floor (order book)": shown["floor"]}  # fmt: skip
    values = [{"lead day": int(day), "wape_site": round(float(value), 4), "line": name}
              for name, line in lines.items()
              for day, value in zip(shown["lead_day"], line, strict=True)]  # fmt: skip
    x = {"field": "lead day", "type": "ordinal", "sort": "descending"}
    y = {"field": "wape_site", "type": "quantitative"}
    color = {"field": "line", "type": "nominal", "sort": list(lines), "title": None}
    spec = {**WIDE, "data": {"values": values}, "mark": {"type": "line", "point": True},
            "encoding": {"x": x, "y": y, "color": color}}  # fmt: skip
    picture(spec, RESULTS / "box_allocation.svg")


if __name__ == "__main__":
    sys.exit(main())
