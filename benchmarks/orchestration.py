"""What Dagster costs beyond the work: a year backfilled, beside a graph that has nothing to do.

Run `make bench-orchestration` (QUICK=1: 6 weeks instead of 52). Three backfills, four weeks at
once, `make ui` in the background: sitecast's own assets; empty assets of the same shape, launched
the same way; the same launched as Dagster does by itself. CPU seconds a week by process, those that
ended included. `python -m benchmarks.orchestration sitecast` measures one alone. The last line is
the headline.
"""

import os
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

import dagster as dg

from benchmarks import empty_graph
from benchmarks.arguments import words
from benchmarks.load_state import Size, busy_installation, request_backfill, wait_for_backfill
from benchmarks.load_ui import running_ui
from benchmarks.stamp import commit, machine
from sitecast.deployment import Deployment
from sitecast_dagster.instance import dagster_home, init_instance
from sitecast_dagster.kept_connections import keep_connections
from sitecast_dagster.partitions import MENU_WEEK

AT_ONCE, WEEKS, QUICK_WEEKS = 4, 52, 6
GOAL = 1.0
"""CPU seconds beyond its work that a backfilled week may cost."""
SETTLED_SECONDS = 8
"""So long the servers' own start goes on after the UI answers."""
STOCK_SETTINGS = f"""
telemetry: {{enabled: false}}
nux: {{enabled: false}}
concurrency: {{runs: {{max_concurrent_runs: {AT_ONCE}}}}}
"""


def sitecast_assets(home, weeks):
    """Our own weeks, and the library's work in one."""
    made = busy_installation(home, Size(0, 2, weeks), AT_ONCE)
    with running_ui(home) as ui, made.instance() as instance:
        told = measured(ui, instance, weeks, made.request_backfill)
    return told, made.cpu_of_a_week(at_once=AT_ONCE)


def empty_assets(home, weeks, stock=False):
    """Nothing to do, launched as our weeks are, or as Dagster launches runs by itself."""
    deployment = Deployment(home=home, max_concurrent_weeks=AT_ONCE)
    folder = dagster_home(deployment)
    keys = [f"2030-W{n:02d}" for n in range(1, 53)][:weeks]
    if stock:
        folder.mkdir(parents=True)
        (folder / "dagster.yaml").write_text(STOCK_SETTINGS)
    init_instance(deployment)
    module = "dagster" if stock else "sitecast_dagster.webserver"
    command = [sys.executable, "-m", module, "dev", "-m", empty_graph.MODULE, "-h", "127.0.0.1"]
    environment = {"DAGSTER_HOME": str(folder), "EMPTY_GRAPH": "stock" if stock else "warm"}
    with dg.DagsterInstance.from_config(str(folder)) as instance:
        instance.add_dynamic_partitions(MENU_WEEK, keys)
        with running_ui(home, command, environment) as ui:
            assets = [asset.key for asset in empty_graph.WEEK]
            request = partial(request_backfill, instance, empty_graph.defs, assets, keys, {})
            return measured(ui, instance, weeks, request), 0.0


def measured(ui, instance, weeks, request):
    """CPU seconds a week by process, and wall seconds of the backfill."""
    time.sleep(SETTLED_SECONDS)
    before, start = ui.cpu_by_role(), time.monotonic()
    request()
    done = wait_for_backfill(instance, weeks)
    if done < weeks:
        raise SystemExit(f"{weeks - done} of {weeks} weeks were not done")
    wall = time.monotonic() - start
    used = ui.cpu_by_role()
    return {role: (used[role] - before[role]) / weeks for role in used} | {"wall": wall / weeks}


GRAPHS = {"sitecast": sitecast_assets, "empty": empty_assets,
          "stock": partial(empty_assets, stock=True)}  # fmt: skip


def main():
    graphs = words(__doc__) or GRAPHS
    weeks = QUICK_WEEKS if os.environ.get("QUICK") else WEEKS
    keep_connections()  # of this process only
    rows = {}
    for name in graphs:
        with tempfile.TemporaryDirectory(prefix="sitecast-orchestration-") as folder:
            told, work = GRAPHS[name](Path(folder), weeks)
        wall = told.pop("wall")
        rows[name] = sum(told.values()) - work
        parts = ", ".join(f"{role} {cpu:.2f}" for role, cpu in sorted(told.items()))
        print(f"{name}: {parts} CPU s a week; the work alone {work:.2f}; wall {wall:.2f} s a week; "
              f"load {os.getloadavg()[0]:.0f}", flush=True)  # fmt: skip
    print(f"{machine()}; commit {commit()}")
    beyond = ", ".join(f"{name} {cpu:.2f}" for name, cpu in rows.items())
    missed = " MISSED" if rows.get("sitecast", 0.0) > GOAL else ""
    print(f"orchestration: CPU s a week beyond the work, {weeks} weeks, {AT_ONCE} at once: "
          f"{beyond} (goal {GOAL:g}){missed}")  # fmt: skip
    return int(bool(missed))


if __name__ == "__main__":
    sys.exit(main())
