"""Where the time of a week goes: every stage of a plan, through the library and through Dagster.

Run `make bench-whole`: an invented company of 200,000 boxes a week, 4 weeks × 200 draws; with
QUICK=1 one of 3,000 boxes × 100 draws. CPU seconds are those of all threads. The last line is the
headline, and a missed goal exits with 1. `python -m benchmarks.whole FOLDER` keeps the company in
FOLDER for the next time.
"""

import datetime as dt
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.arguments import words
from sitecast.deployment import Deployment
from sitecast.extract.demo import write_demo_company
from sitecast.installation import open_installation
from sitecast.pipeline import (
    check_week,
    configure_plan,
    extract_plan_week,
    forecast_week,
    publish_current,
    require_conservation,
    simulate_week,
)
from sitecast.records.week_record import SimulatedOrders, SiteForecast, WeekData

GOALS = {"demo": (2.5, 2.5, 1.0), "gousto": (20.0, 5.0, 1.8)}
"""CPU seconds of a warm week, CPU seconds of the publication, GiB of the largest process."""
MAX_DAGSTER_SHARE = 0.5
RECORDS = (WeekData, SimulatedOrders, SiteForecast)


class Stages:
    """CPU seconds and peak memory by (week, stage)."""

    def __init__(self):
        self.seconds, self.gib = {}, {}

    def __call__(self, week, stage, work, *arguments):
        forget_peak()
        start = time.process_time()
        result = work(*arguments)
        self.seconds[week, stage] = time.process_time() - start
        self.gib[week, stage] = peak_gib()
        return result

    def of_week(self, week):
        return sum(cpu for (name, _), cpu in self.seconds.items() if name == week)

    def print(self, weeks):
        names = list(dict.fromkeys(stage for week, stage in self.seconds if week in weeks))
        print(f"{'CPU s':<22}" + "".join(f"{week:>10}" for week in weeks) + f"{'peak GiB':>10}")
        for name in names:
            cells = "".join(f"{self.seconds[week, name]:>10.2f}" for week in weeks)
            print(f"{name:<22}{cells}{max(self.gib[week, name] for week in weeks):>10.2f}")
        totals = "".join(f"{self.of_week(week):>10.2f}" for week in weeks)
        print(f"{'a week':<22}{totals}{max(self.gib.values()):>10.2f}")


def forget_peak():
    """Start the peak anew (Linux); elsewhere peaks are those of the process so far."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        return


def peak_gib():
    try:
        status = Path("/proc/self/status").read_text()
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    return int(status.split("VmHWM:")[1].split()[0]) / 2**20


def run_week(stages, installation, plan, week):
    """pipeline.run_week, stage by stage; then everything read back, as Dagster's steps do."""
    store = installation.weeks

    def commit(record):
        store.commit(record, store.begin(plan.plan_id, week, record.asset))

    def read():
        for record_type in RECORDS:
            store.read(record_type, plan.plan_id, week)

    data = stages(week, "extract", extract_plan_week, installation, plan, week)
    stages(week, "store extracted_data", commit, data)
    simulated = stages(week, "simulate", simulate_week, data, plan)
    stages(week, "store simulated_orders", commit, simulated)
    forecast = stages(week, "forecast", forecast_week, data, simulated, plan)
    require_conservation(stages(week, "checks", check_week, data, simulated, forecast))
    stages(week, "store site_forecast", commit, forecast)
    stages(week, "read all back", read)
    return forecast.version


def through_library(home):
    stages, now = Stages(), dt.datetime.now(dt.UTC)
    installation = open_installation(Deployment(home=home))
    plan = stages("plan", "configure", configure_plan, installation, installation.plan_settings(),
                  now)  # fmt: skip
    versions = {w: run_week(stages, installation, plan, w) for w in plan.menu_weeks}
    stages("publication", "publish", publish_current, installation, plan, now)
    stages.print(plan.menu_weeks)
    print(
        f"plan {stages.of_week('plan'):.2f} CPU s, publication "
        f"{stages.of_week('publication'):.2f} CPU s, "
        f"{stages.gib['publication', 'publish']:.2f} GiB; {cpu_of_import():.2f} CPU s to import"
    )
    print("site_forecast " + ", ".join(f"{w} {v}" for w, v in versions.items()))  # fmt: skip
    return stages, plan.menu_weeks


def cpu_of_import():
    return cpu_of([sys.executable, "-c", "import sitecast.pipeline"])


def through_dagster(home):
    """CPU seconds of `sitecast run` with all its processes, and GiB of the largest."""
    command = "import sys; from sitecast.cli import main; sys.argv = ['sitecast', 'run']; main()"
    environment = {**os.environ, "SITECAST_HOME": str(home), "DO_NOT_TRACK": "1"}
    seconds = cpu_of([sys.executable, "-c", command], environment)
    return seconds, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 2**20


def cpu_of(command, environment=None):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, env=environment, check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def home_of(company, folder):
    """A new home beside others that plans the same company."""
    folder.mkdir()
    (folder / "plan.yaml").write_bytes((company / "plan.yaml").read_bytes())
    (folder / "input").symlink_to(company / "input")
    return folder


def measure(company, folder, size):
    if not (company / "input").exists():
        write_demo_company(company, size=size)
    stages, weeks = through_library(home_of(company, folder / "library"))
    warm = statistics.median(stages.of_week(week) for week in weeks[1:])
    published, gib = stages.of_week("publication"), max(stages.gib.values())
    # Not the first week's own time: it may have compiled the kernels, for Dagster's weeks too.
    in_stages = stages.of_week("plan") + warm * len(weeks) + published
    whole, largest = through_dagster(home_of(company, folder / "dagster"))
    share = 1 - in_stages / whole
    print(f"dagster: {whole:.1f} CPU s for plan, {len(weeks)} weeks and publication, largest "
          f"process {largest:.2f} GiB; the library's stages alone {in_stages:.1f}")  # fmt: skip
    limits = GOALS[size]
    missed = any(is_ > goal for is_, goal in zip((warm, published, gib), limits, strict=True))
    missed |= size == "gousto" and share > MAX_DAGSTER_SHARE
    print(f"whole: {size}, a warm week {warm:.1f} CPU s (goal {limits[0]:g}), publication of "
          f"{len(weeks)} weeks {published:.1f} (goal {limits[1]:g}), {gib:.2f} GiB (goal "
          f"{limits[2]:g}); Dagster {share:.0%} of a run"
          f"{' MISSED' if missed else ''}")  # fmt: skip
    return int(missed)


def main():
    given = words(__doc__)
    size = "demo" if os.environ.get("QUICK") else "gousto"
    with tempfile.TemporaryDirectory(prefix="sitecast-whole-") as folder:
        company = Path(given[0] if given else folder).resolve()
        return measure(company, Path(folder), size)


if __name__ == "__main__":
    sys.exit(main())
