"""Picking k of R recipes by segment, beside everything else that can: kernel only.

    python -m benchmarks.simulator_peers --setup    install the peers' environments
    python -m benchmarks.simulator_peers            measure, write results/simulator_peers.*
    python -m benchmarks.simulator_peers --report   the table and picture of the last measurement

QUICK=1 takes one round of the smallest cases and writes nothing. Every measurement is a process of
its own; peers take turns, and a ratio is to our time in the same round. A peer whose boxes do not
have the exact inclusion probabilities gets no ratio. Exits with 1 when a goal is missed.
"""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pandas as pd

from benchmarks.peers.catalogue import PEERS, Peer
from benchmarks.peers.environments import ROOT, cache, python_of
from benchmarks.peers.make_problem import make_problem
from benchmarks.simulator_peers_report import headline, write_report
from benchmarks.stamp import commit, machine

CSV = ROOT / "benchmarks" / "results" / "simulator_peers.csv"
RECIPES, BOXES, ROUNDS = (40, 100, 200), (10_000, 200_000, 2_000_000), 3
TWO_THREADS_AT = 100
"""Recipes for which two threads are measured too."""


def main() -> int:
    arguments = parse()
    quick = bool(os.environ.get("QUICK"))
    if arguments.setup:
        for peer in PEERS:
            python_of(peer.environment)
        return 0
    if arguments.report:
        rows = pd.read_csv(CSV)
    else:
        rows = measure(quick)
        if not quick:
            rows.to_csv(CSV, index=False, float_format="%.6g")
    if not quick:
        write_report(rows, CSV)
    line, missed = headline(rows)
    print(line)
    return int(missed)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--setup", action="store_true", help="install the peers' environments")
    parser.add_argument("--report", action="store_true", help="write the last run's tables anew")
    return parser.parse_args()


def measure(quick: bool) -> pd.DataFrame:
    recipes = (100,) if quick else RECIPES
    problems = {r: cache() / f"problem-{r}.npz" for r in recipes}
    for r, path in problems.items():
        make_problem(path, r)
    fixed = {"commit": commit(), "machine": machine()}
    peers = [peer for peer in PEERS if not (quick and peer.environment)]
    rows = []
    for round_ in range(1 if quick else ROUNDS):
        for case, peer in cases(peers, recipes, (200_000,) if quick else BOXES, quick):
            facts = run(peer, {**case, "round": round_, "problem": str(problems[case["recipes"]])})
            rows.append({"round": round_, **case, **facts, **fixed})
            print(f"{round_} {case} {facts['cpu_seconds'] / facts['measured_boxes'] * 1e9:,.0f} ns",
                  file=sys.stderr)  # fmt: skip
    return pd.DataFrame(rows)


def cases(
    peers: list[Peer], recipes: tuple[int, ...], boxes: tuple[int, ...], quick: bool
) -> Iterator[tuple[dict[str, Any], Peer]]:
    """What a round measures; a peer's sample stands for all larger cases."""
    for r in recipes:
        for threads in (1, 2) if r == TWO_THREADS_AT and not quick else (1,):
            for n in boxes:
                for peer in peers:
                    told = min((b for b in boxes if b >= peer.most_boxes), default=n)
                    if n <= told and not (threads > 1 and peer.threads == "one"):
                        case = {"peer": peer.name, "recipes": r, "boxes": n, "threads": threads}
                        yield case, peer


def run(peer: Peer, case: dict[str, Any]) -> dict[str, Any]:
    command = [str(python_of(peer.environment)), "-m", "benchmarks.peers.runner", json.dumps(case)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{peer.name}: {done.stderr}")
    facts = json.loads(done.stdout.splitlines()[-1])
    versions = " ".join(f"{name} {v}" for name, v in facts.pop("versions").items())
    return {"measured_boxes": facts.pop("boxes"), **facts.pop("frequencies"), **facts,
            "versions": versions}  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
