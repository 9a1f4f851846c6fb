"""One measurement in a process of its own: `python -m benchmarks.peers.runner '{…}'`.

Takes the case as JSON, prints CPU and wall seconds, memory, versions, and how the boxes compare
with the exact inclusion probabilities. Imports and compilation are outside the time.
"""

import importlib
import json
import os
import resource
import statistics
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import reduce
from importlib.metadata import version
from itertools import pairwise
from operator import add
from pathlib import Path
from typing import Any

from benchmarks.peers.catalogue import BY_NAME, OURS, Peer
from benchmarks.peers.problem import Problem

_MIB = 2**20
_LONG_ENOUGH, _MOST_REPEATS = 0.3, 9


def main() -> None:
    case = json.loads(sys.argv[1])
    peer = BY_NAME[case["peer"]]
    _limit_threads(peer, case["threads"])
    problem = Problem.load(Path(case["problem"]))
    n = min(case["boxes"], peer.most_boxes)
    prepare = _ours if peer.module == "ours" else _peer
    work, check = prepare(problem, n, case, peer)
    facts, made = _measured(work)
    found = check(made)
    facts |= {"boxes": n, "frequencies": found.facts() if found else {},
              "versions": {name: version(name) for name in peer.packages}}  # fmt: skip
    print(json.dumps(facts))


def _limit_threads(peer: Peer, threads: int) -> None:
    """Before any library is loaded; XLA takes what processors it sees."""
    own = threads if peer.threads == "own" else 1
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ[name] = str(own)
    if peer.threads == "own" and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[-own:])


def _ours(problem: Problem, n: int, case: dict[str, Any], peer: Peer) -> Any:
    from benchmarks.peers import ours
    from benchmarks.peers.check import Frequencies

    parts = ours.halves(problem, n, case["threads"])
    pick = getattr(ours, f"pick_{peer.name}")
    pick(ours.halves(problem, 100, 1)[0], 0)  # compile

    def check(made: list[Any]) -> Frequencies | None:
        if peer.name != OURS:
            return None
        pairs = zip(parts, made, strict=True)
        boxes = [ours.as_boxes(problem, draw, one) for draw, one in pairs]
        return reduce(add, (Frequencies.of(problem, *pair) for pair in boxes))

    return _in_threads(pick, parts, case["round"]), check


def _peer(problem: Problem, n: int, case: dict[str, Any], peer: Peer) -> Any:
    pick = getattr(importlib.import_module(f"benchmarks.peers.{peer.module}"), f"pick_{peer.name}")
    from benchmarks.peers.check import Frequencies, table_of

    boxes = problem.boxes(n)
    pick(boxes.part(slice(None, None, max(n // 50, 1))), 0)  # compile, fill caches
    n_parts = case["threads"] if peer.threads == "halves" else 1
    edges = [n * i // n_parts for i in range(n_parts + 1)]
    parts = [boxes.part(slice(*pair)) for pair in pairwise(edges)]

    def check(made: list[Any]) -> Any:
        pairs = zip(parts, made, strict=True)
        return reduce(add, (Frequencies.of(problem, part, table_of(one, part))
                            for part, one in pairs))  # fmt: skip

    return _in_threads(pick, parts, case["round"]), check


def _in_threads(pick: Callable[..., Any], parts: list[Any], round_: int) -> Callable[[], list[Any]]:
    seeds = [1_000 * (round_ + 1) + i for i in range(len(parts))]
    if len(parts) == 1:
        return lambda: [pick(parts[0], seeds[0])]

    def work() -> list[Any]:
        with ThreadPoolExecutor(len(parts)) as pool:
            return list(pool.map(pick, parts, seeds))

    return work


def _measured(work: Callable[[], list[Any]]) -> tuple[dict[str, Any], list[Any]]:
    """The first time gives the memory; quick work is repeated and its median taken."""
    before = memory()["VmRSS"]
    forget_peak()
    made, times = None, []
    while sum(cpu for cpu, _ in times) < _LONG_ENOUGH and len(times) < _MOST_REPEATS:
        wall, cpu = time.perf_counter(), time.process_time()
        again = work()
        times.append((time.process_time() - cpu, time.perf_counter() - wall))
        if made is None:
            made, peak = again, memory()["VmHWM"]
    cpu, wall = (statistics.median(column) for column in zip(*times, strict=True))
    return {"cpu_seconds": cpu, "wall_seconds": wall, "peak_mib": peak / _MIB,
            "added_mib": (peak - before) / _MIB}, made  # fmt: skip


def memory() -> dict[str, int]:
    """Bytes in memory now and at the highest, of this process alone."""
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
    except OSError:  # not Linux: the peak of the process so far
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return {"VmRSS": peak, "VmHWM": peak}
    wanted = (line.split() for line in lines if line.startswith(("VmRSS", "VmHWM")))
    return {name.rstrip(":"): int(kib) * 1024 for name, kib, _ in wanted}


def forget_peak() -> None:
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        print("the peak includes the imports", file=sys.stderr)


if __name__ == "__main__":
    main()
