"""The order simulator as a whole: reads a week, draws it many times, writes the result.

Run it with `make bench-simulator`: how its cost grows with boxes, recipes, draws and threads, and
the week of real size beside the same stage in NumPy, in results/simulator.*;
`python -m benchmarks.simulator --report` writes those anew from the figures of the last run.
QUICK=1 measures three menus, holds the kernel's boxes against exact inclusion
probabilities and writes nothing. Goals are CPU seconds of all threads, since wall time says more
about what else the machine does. The last line is the headline; exits with 1 when a goal is
missed. The kernel alone, beside its peers: simulator_peers.
"""

import argparse
import json
import os
import subprocess
import sys
from typing import Any

import pandas as pd

from benchmarks import simulator_peers
from benchmarks.peers.catalogue import BY_NAME, OURS
from benchmarks.peers.environments import ROOT, cache
from benchmarks.peers.make_problem import make_problem
from benchmarks.simulator_peers_report import exact
from benchmarks.simulator_report import GOALS, headline, missed_goals, write_report
from benchmarks.stamp import commit, machine

CSV = ROOT / "benchmarks" / "results" / "simulator.csv"
ROUNDS = 3
BASE: dict[str, int] = {"boxes": 200_000, "recipes": 100, "draws": 50, "threads": 1}
GOUSTO = {"boxes": 200_000, "recipes": 200, "draws": 200, "threads": 2}
CASES: tuple[tuple[str, dict[str, Any]], ...] = (
    *(("boxes", {**BASE, "boxes": n, "draws": 20}) for n in (10_000, 200_000, 2_000_000)),
    *(("recipes", {**BASE, "recipes": r}) for r in (40, 100, 200)),
    *(("draws", {**BASE, "draws": d}) for d in (10, 50, 200, 1_000)),
    *(("threads", {**BASE, "threads": t}) for t in (1, 2)),
    ("demo", {"boxes": 3_000, "recipes": 20, "draws": 100, "threads": 2, "segments": 4,
              "regions": 5, "sites": 2, "products": 10}),
    ("gousto", GOUSTO),
    ("large", {**GOUSTO, "boxes": 2_000_000, "draws": 10, "sites": 10}),
)  # fmt: skip
"""What varies, and the case; one case in two series is measured once a round."""
QUICK = (("quick", BASE), *((name, case) for name, case in CASES if name == "recipes"))


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--report", action="store_true", help="write the last run's tables anew")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="times everything is measured")
    arguments = parser.parse_args()
    wrong: list[str] = []
    if os.environ.get("QUICK"):
        rows, wrong = measure(1, QUICK), broken_chances()
    elif arguments.report:
        rows = pd.read_csv(CSV)
        write_report(rows, CSV)
    else:
        rows = measure(arguments.rounds, CASES)
        rows.to_csv(CSV, index=False, float_format="%.6g")
        write_report(rows, CSV)
    missed = missed_goals(rows) + wrong
    name = next(name for name in GOALS if (rows["series"] == name).any())
    print(headline(rows[rows["series"] == name], name) + "".join(f"; MISSED: {m}" for m in missed))
    return int(bool(missed))


def measure(rounds: int, cases: tuple[tuple[str, dict[str, Any]], ...]) -> pd.DataFrame:
    fixed = {"commit": commit(), "machine": machine()}
    rows = []
    for round_ in range(rounds):
        known: dict[str, dict[str, float]] = {}
        for series, case in cases:
            key = json.dumps(case, sort_keys=True)
            if key not in known:
                known[key] = run(case)
                print(f"{round_} {series} {key} {known[key]['cpu_seconds']:.2f} CPU s",
                      file=sys.stderr)  # fmt: skip
            beside = in_numpy(case) if series == "gousto" else {}
            row = {"round": round_, "series": series, **case, **known[key], **beside, **fixed}
            rows.append(row)
    return pd.DataFrame(rows)


def broken_chances() -> list[str]:
    """Whether the kernel's boxes have other than the exact inclusion probabilities."""
    recipes = BASE["recipes"]
    path = cache() / f"problem-{recipes}.npz"
    make_problem(path, recipes)
    case = {"peer": OURS, "boxes": BASE["boxes"], "threads": 1, "round": 0, "problem": str(path)}
    row = {"peer": OURS, **simulator_peers.run(BY_NAME[OURS], case)}
    found = exact(pd.DataFrame([row])).loc[OURS]
    return [] if found["exact"] else [f"boxes not exact: rms {found['rms_z']:.3f}"]


def in_numpy(case: dict[str, Any]) -> dict[str, float]:
    """The same case in NumPy: seconds per box, and those of them that picking kits takes."""
    facts = run(case, "simulator_stage_numpy")
    seconds = {"numpy": facts["cpu_seconds"], "numpy_pick": facts["pick_cpu_seconds"]}
    return {f"{name}_seconds_per_box": s / facts["boxes_made"] for name, s in seconds.items()}


def run(case: dict[str, Any], module: str = "simulator_stage") -> dict[str, float]:
    """One process per case, so that its memory is its own."""
    command = [sys.executable, "-m", f"benchmarks.{module}", json.dumps(case)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{case}: {done.stderr}")
    facts: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return facts


if __name__ == "__main__":
    sys.exit(main())
