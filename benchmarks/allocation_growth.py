"""How the cost grows: 2 M boxes in one step, sites, draws; and item caps, which are no flow."""

import json
import subprocess
import sys
import time
from importlib.metadata import version

import numpy as np
import pandas as pd

from benchmarks.allocation_cases import DAYS, RECIPES, SHORT_COST, collapse, invent
from benchmarks.peers.environments import ROOT
from benchmarks.peers.runner import memory
from sitecast.allocate.flow import min_cost_flow
from sitecast.allocate.kernel import assign_boxes, count_pieces
from sitecast.allocate.mixed import capped_network, solve_capped
from sitecast.allocate.mixed_caps import item_caps
from sitecast.allocate.network import build_network


def peak_mib() -> float:
    return memory()["VmHWM"] / 2**20


def network_of(classes):
    short = np.full(len(classes.node), SHORT_COST, np.int64)
    return build_network(classes.node, classes.cost, short, len(classes.caps))


def solved(net, counts, limits, start=None):
    nothing = np.zeros(len(limits.parent), np.int64)
    return min_cost_flow(net, counts, limits, nothing if start is None else start)


def whole_step(boxes: int, sites: int) -> dict:
    """Boxes as they come → classes → network → flow → a site for each box → kits by site-day."""
    made = invent(boxes, sites)
    rank = np.random.default_rng(2).integers(0, 2**63, boxes, dtype=np.uint64)
    clock = [time.process_time()]
    classes = collapse(made)
    clock.append(time.process_time())
    net = network_of(classes)
    clock.append(time.process_time())
    flow = solved(net, classes.counts, classes.limits)
    clock.append(time.process_time())
    lane = np.where(net.arc_node < sites * DAYS, net.arc_node, -1)
    at = assign_boxes(net.arc_ptr, lane, flow.boxes, classes.box_class.astype(np.int32), rank)
    kits = np.zeros((sites * DAYS, RECIPES), np.int32)
    packs, count = np.zeros((sites * DAYS, 6), np.int32), np.zeros(sites * DAYS, np.int32)
    count_pieces(at, made.item_ptr, made.items, np.zeros(boxes, np.int64), RECIPES, np.arange(6),
                 kits, packs, count)  # fmt: skip
    clock.append(time.process_time())
    assert count.sum() + flow.load[sites * DAYS] == boxes
    parts = dict(zip(("classes", "network", "flow", "assign"), np.diff(clock), strict=True))
    return parts | {"whole": clock[-1] - clock[0], "n_classes": len(classes.counts),
                    "peak_mib": peak_mib()}  # fmt: skip


def many_draws(boxes: int, sites: int, draws: int) -> dict:
    """CPU seconds of a week's draws, each from the prices of the expected week."""
    classes = collapse(invent(boxes, sites))
    rng = np.random.default_rng(3)
    demand = [rng.poisson(classes.counts) for _ in range(min(draws, 100))]
    start = time.process_time()
    net, limits = network_of(classes), classes.limits
    prices = solved(net, classes.counts, limits).potential
    for draw in range(draws):
        solved(net, demand[draw % len(demand)], limits, prices)
    return {"whole": time.process_time() - start, "n_classes": len(classes.counts),
            "peak_mib": peak_mib()}  # fmt: skip


def scarce_items(boxes: int, sites: int, draws: int) -> dict:
    """Four recipes, 70 % of what every site but the first would make of them in the week."""
    made = invent(boxes, sites)
    scarce = np.array([3, 10, 30, 60])
    owner = np.repeat(np.arange(boxes), np.diff(made.item_ptr))
    held = np.stack([np.bincount(owner, made.items == r, boxes) for r in scarce], axis=1)
    coarse = collapse(made)
    key = np.column_stack([coarse.box_class, held.astype(np.int64)])
    fine, counts = np.unique(key, axis=0, return_counts=True)
    net = build_network(coarse.node[fine[:, 0]], coarse.cost[fine[:, 0]],
                        np.full(len(fine), SHORT_COST, np.int64), len(coarse.caps))  # fmt: skip
    item, site = (np.repeat(np.arange(4), sites - 1), np.tile(np.arange(1, sites), 4))
    nodes = site[:, None] == np.append(np.arange(sites * DAYS) // DAYS, -1)
    free = item_caps(net, fine[:, 1:], item, nodes, np.full(len(item), 2**40))
    flow = solved(net, counts, coarse.limits)
    caps = item_caps(net, fine[:, 1:], item, nodes, (free.load(flow.boxes) * 7) // 10)
    clock = [time.process_time()]
    network = capped_network(net, caps, counts, coarse.limits)
    clock.append(time.process_time())
    rng = np.random.default_rng(4)
    flows = [solve_capped(network, rng.poisson(counts), coarse.limits) for _ in range(draws)]
    clock.append(time.process_time())
    gaps = np.array([flow.gap for flow in flows])
    return {"n_classes": len(fine), "prices": clock[1] - clock[0],
            "draw": (clock[2] - clock[1]) / draws, "gap": float(np.median(gaps)),
            "largest_gap": float(gaps.max()),
            "peak_mib": peak_mib()}  # fmt: skip


KINDS = {"step": whole_step, "draws": many_draws, "items": scarce_items}
SMALL = {"step": (2_000, 3), "draws": (2_000, 3, 2), "items": (5_000, 3, 1)}


def run(cases: list[tuple[str, tuple[int, ...]]]) -> pd.DataFrame:
    """Each case in a process of its own."""
    rows = []
    for kind, case in cases:
        command = [sys.executable, "-m", "benchmarks.allocation_growth", kind, *map(str, case)]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, cwd=ROOT, check=True)
        names = dict(zip(("boxes", "sites", "draws"), case, strict=False))
        rows.append({"kind": kind, **names, **json.loads(done.stdout)})
    return pd.DataFrame(rows)


def main() -> None:
    kind, case = sys.argv[1], tuple(map(int, sys.argv[2:]))
    KINDS[kind](*SMALL[kind])  # compiles
    print(json.dumps(KINDS[kind](*case) | {"numba": version("numba")}))


if __name__ == "__main__":
    main()
