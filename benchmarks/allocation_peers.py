"""One solver in a process of its own: `python allocation_peers.py NAME`, a problem file per line.

Names: ours, highs, ortools. Each reads the classes of a problem, builds its own model and solves
it; both count. OR-Tools and HiGHS cannot be loaded into one process, and OR-Tools has an
environment of its own, which knows nothing of sitecast: imports are where they are used.
"""

import json
import sys
import time
from importlib.metadata import version

import numpy as np

PACKAGES = {"ours": "numba", "highs": "highspy", "ortools": "ortools"}


def main() -> None:
    name = sys.argv[1]
    solve = globals()[f"solve_{name}"]
    for line in sys.stdin:
        with np.load(line.strip()) as file:
            problem = {key: file[key] for key in file.files}
        start = time.process_time()
        costs = [int(cost) for cost in solve(**problem)]
        seconds = time.process_time() - start
        facts = {"costs": costs, "cpu_seconds": seconds, "peak_mib": peak_mib(),
                 "version": f"{PACKAGES[name]} {version(PACKAGES[name])}"}  # fmt: skip
        print(json.dumps(facts), flush=True)


def peak_mib() -> float:
    """Of this process alone: what getrusage says includes the process that started it."""
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) / 1024


def solve_ours(node, cost, counts, caps, short):
    """The costs of several draws: the network is sorted once, prices of the first are kept."""
    from sitecast.allocate.flow import min_cost_flow
    from sitecast.allocate.limits import nested_limits
    from sitecast.allocate.network import build_network

    net = build_network(node, cost, np.full(len(node), int(short), np.int64), len(caps))
    nothing = np.zeros(0, np.int64)
    limits = nested_limits(caps, 0 * caps, np.full(len(caps), -1), nothing, nothing, 0)
    start = np.zeros(len(limits.parent), np.int64)
    for row in counts:
        flow = min_cost_flow(net, row, limits, start)
        if not start.any():
            start = flow.potential.copy()
        yield flow.boxes @ net.arc_cost


def arcs_of(node, cost):
    owner, site = np.nonzero(node >= 0)
    return owner, node[owner, site].astype(np.int64), cost[owner, site]


def solve_ortools(node, cost, counts, caps, short):
    """Class → site-day → sink and class → sink at the price of a box without a site."""
    from ortools.graph.python import min_cost_flow

    owner, at, price = arcs_of(node, cost)
    n, days, sink = len(node), len(caps), len(node) + len(caps)
    for row in counts:
        solver = min_cost_flow.SimpleMinCostFlow()
        tail = np.concatenate([owner, np.arange(n), n + np.arange(days)])
        head = np.concatenate([n + at, np.full(n + days, sink)])
        room = np.concatenate([row[owner], row, caps])
        unit = np.concatenate([price, np.full(n, int(short)), np.zeros(days, np.int64)])
        solver.add_arcs_with_capacity_and_unit_cost(tail, head, room, unit)
        supply = np.concatenate([row, np.zeros(days, np.int64), [-row.sum()]])
        solver.set_nodes_supplies(np.arange(sink + 1), supply)
        assert solver.solve() == solver.OPTIMAL
        yield solver.optimal_cost()


def solve_highs(node, cost, counts, caps, short):
    """One linear program, loaded once; each draw changes its right-hand side and starts warm."""
    import highspy

    owner, at, price = arcs_of(node, cost)
    n, arcs = len(node), len(owner)
    lp, free = highspy.HighsLp(), highspy.kHighsInf
    lp.num_col_, lp.num_row_ = arcs + n, n + len(caps)
    lp.col_cost_ = np.concatenate([price, np.full(n, short)]).astype(float)
    lp.col_lower_, lp.col_upper_ = np.zeros(arcs + n), np.full(arcs + n, free)
    lp.row_lower_ = np.concatenate([counts[0], np.full(len(caps), -free)])
    lp.row_upper_ = np.concatenate([counts[0], caps]).astype(float)
    lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    starts = np.concatenate([np.arange(arcs) * 2, 2 * arcs + np.arange(n + 1)])
    index = np.concatenate([np.stack([owner, n + at], axis=1).ravel(), np.arange(n)])
    lp.a_matrix_.start_, lp.a_matrix_.index_ = starts.astype(np.int32), index.astype(np.int32)
    lp.a_matrix_.value_ = np.ones(len(index))
    solver = highspy.Highs()
    solver.setOptionValue("output_flag", False)
    solver.setOptionValue("threads", 1)
    solver.passModel(lp)
    for row in counts:
        solver.changeRowsBounds(n, np.arange(n, dtype=np.int32), row.astype(float),
                                row.astype(float))  # fmt: skip
        solver.run()
        yield round(solver.getInfo().objective_function_value)


if __name__ == "__main__":
    main()
