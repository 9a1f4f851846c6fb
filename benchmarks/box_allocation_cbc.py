"""The published way to solve the box allocation problem: PuLP and its bundled CBC.

Runs in an environment of its own that has numpy and pulp; reads orders from an .npz file and
prints the objective, CPU seconds of model building, and CPU seconds of CBC.
"""

import json
import resource
import sys

import numpy as np
import pulp

TIME_LIMIT = 60
"""CPU seconds for CBC; a ratio to a run that was cut off is a lower bound."""


def seconds(who: int) -> float:
    usage = resource.getrusage(who)
    return usage.ru_utime + usage.ru_stime


def solve(case: "np.lib.npyio.NpzFile") -> tuple[float, str]:
    ptr, items, first, caps = (case[key].tolist() for key in ("ptr", "items", "first", "caps"))
    reference, n_orders, n_sites = case["reference"], len(first), len(caps) + 1
    model = pulp.LpProblem("boxes", pulp.LpMinimize)
    held = [[[] for _ in range(reference.shape[1])] for _ in range(n_sites)]
    sent = [[] for _ in range(n_sites)]
    for order in range(n_orders):
        offers = []
        for site in range(first[order], n_sites):
            offer = pulp.LpVariable(f"x{order}_{site}", cat="Binary")
            offers.append(offer)
            sent[site].append(offer)
            for item in items[ptr[order] : ptr[order + 1]]:
                held[site][item].append(offer)
        model += pulp.lpSum(offers) == 1
    for site, cap in enumerate(caps):
        model += pulp.lpSum(sent[site]) == cap
    gaps = []
    for site in range(n_sites):
        for item, offers in enumerate(held[site]):
            gap = pulp.LpVariable(f"d{site}_{item}", lowBound=0)
            gaps.append(gap)
            model += gap >= pulp.lpSum(offers) - int(reference[site, item])
            model += gap >= int(reference[site, item]) - pulp.lpSum(offers)
    model.setObjective(pulp.lpSum(gaps))
    model.solve(pulp.PULP_CBC_CMD(msg=False, threads=1, timeLimit=TIME_LIMIT, timeMode="cpu"))
    found = pulp.value(model.objective)
    return float("nan" if found is None else found), pulp.LpSolution[model.sol_status]


def main() -> None:
    with np.load(sys.argv[1]) as case:
        objective, status = solve(case)
    told = {"objective": objective, "status": status, "pulp": pulp.__version__,
            "build_seconds": seconds(resource.RUSAGE_SELF),
            "cbc_seconds": seconds(resource.RUSAGE_CHILDREN)}  # fmt: skip
    print(json.dumps(told))


if __name__ == "__main__":
    main()
