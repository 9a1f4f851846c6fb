"""How cost grows along every axis: boxes, draws, sites, recipes, SKUs, weeks; no unit gets dearer.

Run `make bench-growth` (the largest point is a week of 2 million boxes: 6 GB and some minutes);
QUICK=1 measures the two smallest points of three axes. One point is one process.
`python -m benchmarks.growth boxes`
measures one axis anew, `… report` writes the tables and the picture of what was measured before.
The last line is the headline; a unit whose cost grows exits with 1.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pandas as pd

from benchmarks.arguments import words
from benchmarks.growth_report import headline, missed_goals, write_report
from benchmarks.stamp import commit

RESULTS = Path(__file__).parent / "results" / "growth.csv"
BOXES = [dict(boxes=b, draws=20) for b in (2_000, 20_000, 200_000, 2_000_000)]
DRAWS = [dict(boxes=20_000, draws=d) for d in (10, 100, 1_000)]
SITES = [dict(boxes=20_000, draws=100, sites=s) for s in (2, 4, 10)]
RECIPES = [dict(boxes=20_000, draws=20, recipes=r) for r in (20, 60, 200)]
SKUS = [dict(boxes=20_000, draws=20, recipes=60, varieties=v) for v in (1, 3, 7)]
WEEKS = [dict(boxes=2_000, draws=20, weeks=w) for w in (1, 4, 12, 52)]
AXES = {"draws": DRAWS, "sites": SITES, "recipes": RECIPES, "skus": SKUS, "weeks": WEEKS,
        "boxes": BOXES}  # fmt: skip
QUICK_AXES = ("draws", "sites", "boxes")


def points(axes, quick):
    for axis in QUICK_AXES if quick else axes:
        for case in AXES[axis][:2] if quick else AXES[axis]:
            yield axis, case


def measured(axis, case):
    """One point in a process of its own: its peak and what it has loaded are no other's."""
    with tempfile.TemporaryDirectory(prefix="sitecast-growth-") as folder:
        command = [sys.executable, "-m", "benchmarks.growth_point", folder, axis, json.dumps(case)]
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
        row = json.loads(done.stdout.splitlines()[-1])
    told = ", ".join(f"{name} {value:,.3g}" for name, value in row.items())
    print(f"{axis}: {told}", flush=True)
    return {"axis": axis, **row, "commit": commit()}


def kept(axes):
    """What was measured earlier of the other axes."""
    if not RESULTS.exists():
        return []
    return [row for row in pd.read_csv(RESULTS).to_dict("records") if row["axis"] not in axes]


def main():
    quick, axes = bool(os.environ.get("QUICK")), words(__doc__) or list(AXES)
    rows = [] if quick else kept(axes)
    for axis, case in points(axes, quick) if axes != ["report"] else ():
        rows.append(measured(axis, case))
        if not quick:
            pd.DataFrame(rows).to_csv(RESULTS, index=False)
    table = pd.DataFrame(rows)
    if not quick:
        write_report(table, RESULTS)
    print(headline(table))
    return int(bool(missed_goals(table)))


if __name__ == "__main__":
    sys.exit(main())
