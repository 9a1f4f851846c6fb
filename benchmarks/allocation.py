"""Site allocation beside every peer, and how its cost grows.

    python -m benchmarks.allocation --setup    install OR-Tools into an environment of its own
    python -m benchmarks.allocation            measure, write results/allocation*.md and .csv

`make bench-allocation` with QUICK=1 measures the smaller cases, writes nothing, and ends within a
minute; without OR-Tools' environment it leaves OR-Tools out. All boxes are invented here. Times are
CPU seconds of one thread; peers take turns, and a ratio is of one round. The last line is the
headline; a missed goal exits with 1.
"""

import argparse
import os
import sys

from benchmarks import allocation_greedy, allocation_growth, allocation_solvers, allocation_week
from benchmarks.allocation_report import Results, goals, kept, write_page

QUICK_GROWTH = [("step", (2_000_000, 4)), ("items", (20_000, 4, 5))]
GROWTH = [
    *(("step", (2_000_000, sites)) for sites in (4, 10)),
    *(("draws", (200_000, 4, draws)) for draws in (100, 1_000)),
    *(("draws", (20_000, sites, 100)) for sites in (2, 3, 4, 6, 10, 15, 20)),
    *(("draws", (boxes, 4, 100)) for boxes in (2_000, 2_000_000)),
    *(("items", (boxes, 4, 10)) for boxes in (20_000, 100_000, 200_000)),
]


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--setup", action="store_true", help="install OR-Tools' environment")
    if parser.parse_args().setup:
        allocation_solvers.ortools_python(install=True)
        return 0
    quick = bool(os.environ.get("QUICK"))
    sites, rounds = ((3, 4), 3) if quick else ((3, 4, 6, 10), 5)
    keep = (lambda name, rows: rows) if quick else kept
    results = Results(
        keep("solvers", allocation_solvers.run(sites, 50_000 if quick else 200_000, rounds)),
        keep("greedy", allocation_greedy.run(50_000, *(((4,), 2) if quick else ((3, 4, 6), 6)))),
        keep("growth", allocation_growth.run(QUICK_GROWTH if quick else GROWTH)),
        *allocation_week.run(),
    )
    if not quick:
        write_page(results)
    return goals(results)


if __name__ == "__main__":
    sys.exit(main())
