"""Exact flow beside OR-Tools and HiGHS: the same classes, in turns, a process for each solver."""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.allocation_cases import SHORT_COST, collapse, invent
from benchmarks.peers.environments import ROOT, cache

ORTOOLS = ("ortools==9.15.6755",)
HIGHS_SITES = 4
"""HiGHS is only asked up to here: at 10 sites it does not finish in a minute."""


def ortools_python(install: bool) -> Path | None:
    """The interpreter of OR-Tools' own environment; None when it is not there."""
    place = cache() / ORTOOLS[0].replace("==", "-")
    python = place / "bin" / "python"
    if install and not (place / ".ready").exists():
        subprocess.run([sys.executable, "-m", "venv", str(place)], check=True)
        subprocess.run([str(python), "-m", "pip", "install", "-q", *ORTOOLS], check=True)
        (place / ".ready").touch()
    return python if (place / ".ready").exists() else None


class Solver:
    """A process that answers one problem file after the other."""

    def __init__(self, name: str, python: Path) -> None:
        script = ROOT / "benchmarks" / "allocation_peers.py"
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
        self.name = name
        self._process = subprocess.Popen(
            [str(python), str(script), name], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            text=True, env=environment,
        )  # fmt: skip

    def answer(self, problem: Path) -> dict:
        """Costs, CPU seconds and memory."""
        self._process.stdin.write(f"{problem}\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline()) | {"solver": self.name}

    def close(self) -> None:
        self._process.stdin.close()
        self._process.wait()


def write(path: Path, classes, draws: int) -> Path:
    rng = np.random.default_rng(1)
    rows = [classes.counts, *(rng.poisson(classes.counts) for _ in range(draws - 1))]
    np.savez(path, node=classes.node, cost=classes.cost, counts=np.array(rows), caps=classes.caps,
             short=SHORT_COST)  # fmt: skip
    return path


def measure(sites: int, boxes: int, rounds: int, folder: Path) -> list[dict]:
    """Rows of every solver and round; `draws` is 100 for many draws of one week."""
    classes = collapse(invent(boxes, sites))
    one = write(folder / f"{boxes}-{sites}.npz", classes, 1)
    many = write(folder / f"{boxes}-{sites}-draws.npz", classes, 100)
    asked = {"ours": Path(sys.executable), "ortools": ortools_python(install=False)}
    if sites <= HIGHS_SITES:
        asked["highs"] = Path(sys.executable)
    solvers = [Solver(name, python) for name, python in asked.items() if python]
    rows = []
    for round_ in range(-1, rounds):  # the first compiles and imports
        for solver in solvers:
            if solver.name == "highs" and round_ > 1:
                continue
            found = [(1, solver.answer(one))]
            if solver.name == "ours" and round_ >= 0:
                found.append((100, solver.answer(many)))
            rows += [fact | {"draws": draws, "round": round_} for draws, fact in found]
    for solver in solvers:
        solver.close()
    facts = {"sites": sites, "boxes": boxes, "classes": len(classes.counts)}
    return [row | facts for row in rows if row["round"] >= 0]


def run(sites: tuple[int, ...], boxes: int, rounds: int) -> pd.DataFrame:
    with tempfile.TemporaryDirectory() as folder:
        rows = [row for n in sites for row in measure(n, boxes, rounds, Path(folder))]
    frame = pd.DataFrame(rows)
    frame["cost"] = [costs[0] for costs in frame.pop("costs")]
    return frame


def ratio(frame: pd.DataFrame, sites: int, peer: str, draws: int = 1) -> pd.Series:
    """By round: CPU seconds of a peer's single solve over ours."""
    here = frame[frame["sites"] == sites].set_index(["solver", "draws", "round"])
    here = here["cpu_seconds"].sort_index()
    if peer not in here.index.get_level_values(0):
        return pd.Series(dtype=float)
    return (here.loc[peer, 1] / here.loc["ours", draws]).dropna()
