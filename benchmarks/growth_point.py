"""One point of benchmarks.growth: a company, its weeks and their publication, stage by stage."""

import json
import os
import sys
import time
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet

from benchmarks.companies import invent_company
from benchmarks.whole import Stages, cpu_of, home_of, peak_gib, run_week
from sitecast.allocate import draws, worth
from sitecast.allocate.flow import min_cost_flow
from sitecast.deployment import Deployment
from sitecast.installation import open_installation
from sitecast.pipeline import configure_plan, publish_current

WARM, MEASURED = 0, 2
"""Of a plan of four weeks: the first loads and compiles, the third is measured."""
COPIED_MIB = 256


def main(folder, axis, case):
    case = {"sites": 0, "weeks": 4, "recipes": 0, "varieties": 1, **case}
    company = invent_company(Path(folder) / "company", **case)
    whole = axis == "weeks"
    with timed_solves() as spent:
        stages, plan, home = through_library(company, Path(folder) / "library", whole, spent)
    weeks = plan.menu_weeks if whole else plan.menu_weeks[MEASURED:][:1]
    row = {**case, **sizes_of(company / "input"), "load": os.getloadavg()[0]}
    row["solves"], row["solves_load"] = sum(spent) / len(weeks), row["load"]
    for stage in ("extract", "simulate", "forecast", "checks"):
        row[stage] = sum(stages.seconds[week, stage] for week in weeks) / len(weeks)
    stored = [stage for _, stage in stages.seconds if stage.startswith("store")]
    row["store"] = sum(stages.seconds[w, s] for w in weeks for s in set(stored)) / len(weeks)
    row["week"] = sum(stages.of_week(week) for week in weeks) / len(weeks)
    row["gib"] = peak_gib() if whole else max(stages.gib[weeks[0], s] for s in
                                              ("extract", "simulate", "forecast"))  # fmt: skip
    row["publish"] = stages.seconds.get(("publication", "publish"), float("nan")) / len(weeks)
    row["decode"], row["input_mib"] = decoding(company / "input")
    row["stored_mib"] = folder_mib(home / "weeks") / (len(plan.menu_weeks) if whole else 2)
    row["gib_per_second"] = bandwidth()
    row["dagster"] = through_dagster(company, Path(folder)) / len(weeks) if whole else float("nan")
    print(json.dumps(row))


def sizes_of(folder):
    """How many sites, recipes on an ordinary menu, and SKUs the company has."""
    menu = pd.read_parquet(folder / "menu.parquet")
    return {
        "sites": len(pd.read_parquet(folder / "sites.parquet")),
        "recipes": int(menu.groupby("menu_week").size().median()),
        "skus": len(pd.read_parquet(folder / "skus.parquet")),
    }


@contextmanager
def timed_solves():
    """Seconds of each exact flow of a draw, in the thread that solves it."""
    spent = []

    def timed(*arguments):
        start = time.thread_time()
        flow = min_cost_flow(*arguments)
        spent.append(time.thread_time() - start)
        return flow

    draws.min_cost_flow = worth.min_cost_flow = timed
    try:
        yield spent
    finally:
        draws.min_cost_flow = worth.min_cost_flow = min_cost_flow


def through_library(company, home, whole, spent):
    stages, now = Stages(), datetime.now(UTC)
    home_of(company, home)
    installation = open_installation(Deployment(home=home))
    plan = configure_plan(installation, installation.plan_settings(), now)
    if whole:
        # Loaded before it is measured: a first week elsewhere.
        run_week(Stages(), open_installation(Deployment(home=home_of(company, home / "warm"))),
                 plan, plan.menu_weeks[0])  # fmt: skip
    spent.clear()
    for week in plan.menu_weeks if whole else [plan.menu_weeks[n] for n in (WARM, MEASURED)]:
        if not whole:
            spent.clear()  # the week measured is the last one
        run_week(stages, installation, plan, week)
    if whole:
        stages("publication", "publish", publish_current, installation, plan, now)
    return stages, plan, home


def through_dagster(company, folder):
    """CPU seconds of `sitecast run` and its processes beyond a second run, with nothing to do."""
    home = home_of(company, folder / "dagster")
    command = [
        sys.executable,
        "-c",
        "import sys; from sitecast.cli import main; sys.argv = ['sitecast', 'run']; main()",
    ]
    environment = {**os.environ, "SITECAST_HOME": str(home)}
    first = cpu_of(command, environment)
    return first - cpu_of(command, environment)


def decoding(folder):
    """CPU seconds and MiB of reading all orders: no first extraction of a plan can be cheaper."""
    files = [p for name in ("orders", "order_lines") for p in sorted((folder / name).glob("*"))]
    start = time.process_time()
    for path in files:
        pyarrow.parquet.read_table(path)
    return time.process_time() - start, sum(path.stat().st_size for path in files) / 2**20


def folder_mib(folder):
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 2**20


def bandwidth():
    """GiB a second, read and written, of one core copying memory."""
    source = np.ones(COPIED_MIB * 2**17)  # not zeros: those are one page, again and again
    target = np.ones_like(source)
    best = float("inf")
    for _ in range(5):
        start = time.process_time()
        np.copyto(target, source)
        best = min(best, time.process_time() - start)
    return 2 * COPIED_MIB / 1024 / best


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], json.loads(sys.argv[3]))
