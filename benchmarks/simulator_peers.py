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
from itertools import product
from typing import Any

import pandas as pd

from benchmarks.peers.catalogue import PEERS, Peer
from benchmarks.peers.environments import ROOT, cache, python_of
from benchmarks.peers.make_problem import make_problem
from benchmarks.simulator_peers_report import headline, write_report
from benchmarks.stamp import commit, machine

CSV = ROOT / "benchmarks" / "results" / "simulator_peers.csv"
RECIPES, BOXES, ROUNDS = (40, 100, 200), (10_000, 200_000, 2_000_000), 3
TYPICAL_RECIPES, TYPICAL_BOXES = 100, 200_000


def main() -> int:
    arguments = parse()
    quick = bool(os.environ.get("QUICK"))
    if arguments.setup:
        for peer in PEERS:
            python_of(peer.environment)
        return 0
    rows = pd.read_csv(CSV) if arguments.report else measure(quick, arguments)
    if not quick:
        write_report(rows, CSV)
    line, missed = headline(rows)
    print(line)
    return int(missed)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--setup", action="store_true", help="install the peers' environments")
    parser.add_argument("--report", action="store_true", help="write the last run's tables anew")
    parser.add_argument("--cases", choices=("typical", "star", "all"), default="star",
                        help="one case; one thing varied at a time; every combination")  # fmt: skip
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="times everything is measured")
    return parser.parse_args()


def measure(quick: bool, arguments: argparse.Namespace) -> pd.DataFrame:
    cases, rounds = ("typical", 1) if quick else (arguments.cases, arguments.rounds)
    recipes = (TYPICAL_RECIPES,) if cases == "typical" else RECIPES
    problems = {r: cache() / f"problem-{r}.npz" for r in recipes}
    for r, path in problems.items():
        make_problem(path, r)
    fixed = {"commit": commit(), "machine": machine()}
    peers = [peer for peer in PEERS if not (quick and peer.environment)]
    rows = []
    for round_ in range(rounds):
        for r, threads, boxes in product(recipes, (1, 2), BOXES):
            for peer in peers:
                if wanted(peer, boxes, r, threads, cases):
                    case = {"peer": peer.name, "recipes": r, "boxes": boxes, "threads": threads}
                    facts = run(peer, {**case, "round": round_, "problem": str(problems[r])})
                    rows.append({"round": round_, **case, **facts, **fixed})
                    ns = facts["cpu_seconds"] / facts["measured_boxes"] * 1e9
                    print(f"{round_} {case} {ns:,.0f} ns", file=sys.stderr)
                    if not quick:
                        pd.DataFrame(rows).to_csv(CSV, index=False, float_format="%.6g")
    return pd.DataFrame(rows)


def wanted(peer: Peer, boxes: int, recipes: int, threads: int, cases: str) -> bool:
    """Whether the peer is measured there.

    The sample of a slow peer is taken once, and stands for all larger cases.
    """
    enough = next((b for b in BOXES if b >= peer.most_boxes), BOXES[-1])
    if threads > 1:
        one = recipes == TYPICAL_RECIPES and boxes == enough and cases != "typical"
        return one and peer.threads != "one"
    if cases == "all" or (cases == "star" and recipes == TYPICAL_RECIPES):
        return boxes <= enough
    return boxes == min(enough, TYPICAL_BOXES)


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
