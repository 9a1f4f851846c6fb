"""What it costs to tell what changed since the last plan, and how much of it stays untold.

Run `python -m benchmarks.changes [FOLDER]`: two plans a day apart of one week of an invented
company (200,000 boxes × 200 draws; with QUICK=1 3,000 × 100), first with a day's orders alone, then
with every group of inputs changed. FOLDER keeps the company for the next time. CPU seconds are
those of all threads; `untold` is Σ|delta| of the cause draws ÷ Σ|delta| of all causes, in money.
"""

import datetime as dt
import os
import tempfile
import time
from pathlib import Path

import numpy as np

from benchmarks.arguments import words
from benchmarks.whole import forget_peak, peak_gib
from sitecast.changes import World, explain_changes
from sitecast.configure import make_plan
from sitecast.deployment import Deployment
from sitecast.extract import extract_week, read_calendar
from sitecast.extract.demo import write_demo_company
from sitecast.installation import open_installation
from sitecast.pipeline import forecast_week, forecast_world, simulate_week
from sitecast.records.week_record import WeekData

WEEK = 1
"""Place of the week in the horizon: half of it is placed."""
DRAWS = (5, 10, 20)


class Stages:
    """CPU seconds and peak memory of each stage."""

    def __init__(self):
        self.seconds, self.gib = {}, {}

    def __call__(self, name, work, *arguments):
        forget_peak()
        start = time.process_time()
        result = work(*arguments)
        self.seconds[name], self.gib[name] = time.process_time() - start, peak_gib()
        return result


def plan_at(installation, source, as_of):
    settings = installation.plan_settings().model_copy(update={"as_of": as_of})
    calendar = read_calendar(source, as_of)
    return make_plan(settings, calendar, {}, as_of, "benchmark", {})


def everything_changed(week):
    """The week with 2 % more boxes, other tastes, larger portions and smaller caps."""
    boxes = week["box_forecast"]
    sold = week["history_items"]
    bom, caps = week["recipe_bom"], week["site_caps"]
    rng = np.random.Generator(np.random.Philox(1))
    tables = {
        "box_forecast": boxes.assign(mean_boxes=boxes["mean_boxes"] * 1.02),
        "history_items": sold.assign(
            pieces=rng.poisson(sold["pieces"].to_numpy(np.float64)).clip(min=1)
        ),
        "recipe_bom": bom.assign(qty=bom["qty"] * np.where(np.arange(len(bom)) % 50 == 0, 1.1, 1)),
        "site_caps": caps.assign(cap_boxes=(caps["cap_boxes"] * 0.98).round().astype("Int64")),
    }  # fmt: skip
    return WeekData(week.provenance, {**week.tables, **tables})


def explained(stages, name, old, new, before, after, draws):
    made = stages(name, explain_changes, old, new, before, after, forecast_world, draws,
                  new.week.provenance)  # fmt: skip
    changes = made["forecast_changes"]
    cost = new.week["skus"].set_index("sku_id")["unit_cost"].to_dict()
    value = (changes["delta"] * changes["sku_id"].map(cost)).abs().groupby(changes["cause"]).sum()
    shares = ", ".join(f"{cause} {part:.0%}" for cause, part in (value / value.sum()).items())
    print(f"{name:<28}{stages.seconds[name]:>7.2f} CPU s {stages.gib[name]:>6.2f} GiB "
          f"{len(changes):>8,} rows; share of Σ|delta|: {shares}")  # fmt: skip


def main():
    given = words(__doc__)
    size = "demo" if os.environ.get("QUICK") else "gousto"
    with tempfile.TemporaryDirectory(prefix="sitecast-changes-") as folder:
        company = Path(given[0] if given else folder).resolve()
        if not (company / "input").exists():
            write_demo_company(company, size=size)
        home = Path(folder) / "home"
        home.mkdir()
        (home / "plan.yaml").write_bytes((company / "plan.yaml").read_bytes())
        (home / "input").symlink_to(company / "input")
        measure(open_installation(Deployment(home=home)))


def measure(installation):
    settings = installation.plan_settings()
    source = installation.source(settings)
    plans = [plan_at(installation, source, settings.as_of - dt.timedelta(days=d)) for d in (1, 0)]
    name = plans[1].menu_weeks[WEEK]
    weeks = [extract_week(source, plan, name) for plan in plans]
    old = World(weeks[0], plans[0])
    before = forecast_week(old.week, simulate_week(old.week, old.plan), old.plan)
    for what, week in (("orders", weeks[1]), ("everything", everything_changed(weeks[1]))):
        stages, new = Stages(), World(week, plans[1])
        simulated = stages("simulate", simulate_week, week, new.plan)
        after = stages("forecast", forecast_week, week, simulated, new.plan, before)
        print(f"\n{what} changed: {len(weeks[0]['orders']):,} → {len(week['orders']):,} orders; "
              + ", ".join(f"{n} {s:.2f} CPU s {stages.gib[n]:.2f} GiB"
                          for n, s in stages.seconds.items()))  # fmt: skip
        for draws in DRAWS:
            explained(stages, f"{draws} draws", old, new, before["site_forecast"],
                      after["site_forecast"], draws)  # fmt: skip


if __name__ == "__main__":
    main()
