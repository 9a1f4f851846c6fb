"""A busy installation: years of menu weeks, hundreds of publications, a backfill of a year.

Run `make bench-load`: 10,000 past weeks, 500 publications, a backfill of 52 weeks with four at
once (`make ui` in the background, Debian's chromium for the pages); with QUICK=1 a tenth of the
weeks and publications and a backfill of 8; with POSTGRES=1 the ledger and Dagster's instance are on
a throw-away PostgreSQL (Debian's, fsync on). Weeks are those of an invented company of 60 boxes:
what is measured is everything around the work. The last line is the headline.
"""

import os
import resource
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

import dagster as dg

from benchmarks.arguments import words
from benchmarks.load_pages import open_pages
from benchmarks.load_state import Size, busy_installation
from benchmarks.load_ui import running_ui
from sitecast.deployment import Deployment
from sitecast_dagster.instance import dagster_home
from sitecast_dagster.kept_connections import keep_connections
from sitecast_dagster.resources import InstallationResource
from sitecast_dagster.sensors import SENSORS

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from servers import Postgres  # a tool of the tests

FULL, QUICK = Size(10_000, 500, 52), Size(1_000, 50, 8)
GOALS = {"backfill, overhead a week": 1.0, "slowest page": 5.0, "slowest tick": 1.0}
"""Seconds: CPU of a backfilled week beyond its stages, wall time of a page, CPU of a tick."""
AT_ONCE = 4


def cpu():
    used = [resource.getrusage(w) for w in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(u.ru_utime + u.ru_stime for u in used)


def ticks(home):
    """CPU seconds of each sensor's second tick, in this process."""
    resource_of_home = InstallationResource.of(Deployment(home=home))
    found = {}
    with dg.DagsterInstance.from_config(str(dagster_home(Deployment(home=home)))) as instance:
        for sensor in SENSORS:
            if isinstance(sensor, dg.SensorDefinition) and sensor.name != "alerts":
                for _ in range(2):
                    start = time.process_time()
                    with dg.build_sensor_context(
                        instance=instance, resources={"installation": resource_of_home}
                    ) as context:
                        made = sensor(context)
                        if hasattr(made, "__next__"):
                            list(made)
                    found[sensor.name] = time.process_time() - start
    return found


@contextmanager
def databases():
    """SQLite, or the throw-away PostgreSQL that the environment asks for."""
    if not os.environ.get("POSTGRES"):
        yield
        return
    server = Postgres(durable=True)
    try:
        for name in ("WAREHOUSE", "DAGSTER"):
            os.environ[f"SITECAST_{name}_URL"] = server.new_database()
        yield
    finally:
        server.remove()


def main():
    given = words(__doc__)
    size = QUICK if os.environ.get("QUICK") else FULL
    with tempfile.TemporaryDirectory(prefix="sitecast-load-") as folder, databases():
        home = Path(given[0] if given else folder).resolve()
        return measure(home, size)


def measure(home, size):
    print(f"load averages {os.getloadavg()}")
    keep_connections()  # of this process only: what is measured keeps its own
    start = time.monotonic()
    made = busy_installation(home, size, AT_ONCE)
    print(f"{size.past_weeks:,} past weeks, {size.publications} publications of {made.rows:,} rows "
          f"each, made in {time.monotonic() - start:.0f} s")  # fmt: skip
    tick = ticks(home)
    for name, seconds in tick.items():
        print(f"tick of {name:<12}{seconds:8.3f} CPU s")
    with running_ui(home) as ui:
        print(f"the UI answers after {ui.ready_after:.1f} s, {ui.cpu():.1f} CPU s")
        pages = open_pages(ui.address)
        for name, seconds in pages.items():
            print(f"page {name:<24}{seconds:8.2f} s")
        before, start = ui.cpu(), time.monotonic()
        time.sleep(60)
        idle = (ui.cpu() - before) / (time.monotonic() - start)
        print(f"idle: {60 * idle:.1f} CPU s a minute")
        overhead = backfill(made, ui)
    print(f"load averages {os.getloadavg()}")
    is_ = {"backfill, overhead a week": overhead, "slowest page": max(pages.values()),
           "slowest tick": max(tick.values())}  # fmt: skip
    missed = [name for name, goal in GOALS.items() if is_[name] > goal]
    told = ", ".join(f"{name} {is_[name]:.2f} s (goal {GOALS[name]:g})" for name in GOALS)
    print(f"load: {told}{' MISSED: ' + ', '.join(missed) if missed else ''}")
    return int(bool(missed))


def backfill(made, ui):
    """CPU seconds per week beyond those of the library's own stages; what idles counts too."""
    before, start = ui.cpu(), time.monotonic()
    made.request_backfill()
    ended = made.wait_for_backfill()
    wall = time.monotonic() - start
    used = (ui.cpu() - before) / made.size.backfill
    alone = made.cpu_of_a_week(at_once=AT_ONCE)
    failed = made.size.backfill - ended
    print(f"backfill of {made.size.backfill} weeks, {AT_ONCE} at once: {wall:.1f} s, "
          f"{wall / made.size.backfill:.2f} s a week; {used:.2f} CPU s a week, the library's "
          f"stages alone {alone:.2f}; {failed} failed")  # fmt: skip
    if failed:
        raise SystemExit(f"{failed} weeks failed")
    return used - alone


if __name__ == "__main__":
    sys.exit(main())
