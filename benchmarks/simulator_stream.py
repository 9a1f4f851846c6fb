"""What a changed input changes: the simulator's stable stream, beside alias tables and fresh draws.

    python -m benchmarks.simulator_stream             measure, write results/simulator_stream*
    python -m benchmarks.simulator_stream --report    the tables and picture of the last run

First the baskets when one recipe gets half as popular again, leaves the menu, or every weight moves
a little (simulator_stream_baskets); then the forecast when a day of orders comes in
(simulator_stream_days). QUICK=1 measures the middle menu alone and writes nothing. Exits with 1
when a goal is missed; the last line is the headline.
"""

import argparse
import os
import sys

import pandas as pd

from benchmarks.peers.environments import ROOT
from benchmarks.simulator_stream_baskets import RECIPES, any_menu, measure
from benchmarks.simulator_stream_days import one_more_day
from benchmarks.simulator_stream_report import headline, write_report
from benchmarks.stamp import commit, machine

CSV = ROOT / "benchmarks" / "results" / "simulator_stream.csv"
PATHS = (CSV, *(CSV.with_name(f"simulator_stream_{of}.csv") for of in ("menus", "days")))


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--report", action="store_true", help="write the last run's tables anew")
    quick = bool(os.environ.get("QUICK"))
    if parser.parse_args().report:
        tables = [pd.read_csv(path) for path in PATHS]
    else:
        fixed = {"commit": commit(), "machine": machine()}
        rows = pd.DataFrame([row for r in ((100,) if quick else RECIPES) for row in measure(r)])
        found = (rows, any_menu(), pd.DataFrame(one_more_day(quick)))
        tables = [table.assign(**fixed) for table in found]
    if not quick:
        for table, path in zip(tables, PATHS, strict=True):
            table.to_csv(path, index=False, float_format="%.6g")
        write_report(*tables, CSV)
    line, missed = headline(*tables)
    print(line)
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
