"""The flow against HiGHS, brute force and cases solved by hand."""

import itertools

import highspy
import numpy as np
import pytest

from sitecast.allocate.kernel import right_prices, solve_flow
from sitecast.allocate.network import build_network

NO_CAP = 2**60


def solve(node, cost, short, counts, caps):
    """Total cost, boxes per (class, site or SHORT), load and prices of the own flow."""
    node, cost = np.array(node, np.int32), np.array(cost, np.int64)
    net = build_network(node, cost, np.array(short, np.int64), len(caps))
    flow = solve_flow(net, np.array(counts, np.int64), np.append(caps, NO_CAP).astype(np.int64))
    dense = np.zeros((len(node), node.shape[1] + 1), np.int64)
    dense[np.concatenate([node >= 0, np.ones((len(node), 1), bool)], axis=1)] = flow.boxes
    return int(flow.boxes @ net.arc_cost), dense, flow.load, right_prices(net, flow)


def highs(node, cost, short, counts, caps):
    """The optimum of the same network as a linear program."""
    solver = highspy.Highs()
    solver.setOptionValue("output_flag", False)
    offers, sums = [], []
    for c in range(len(node)):
        arcs = [(n, solver.addVariable(0, counts[c], obj=float(k)))
                for n, k in zip(node[c], cost[c], strict=True) if n >= 0]  # fmt: skip
        rest = solver.addVariable(0, counts[c], obj=float(short[c]))
        offers += arcs
        sums.append((sum((v for _, v in arcs), rest + 0.0), counts[c]))
    for expression, count in sums:
        solver.addConstr(expression == float(count))
    for n, cap in enumerate(caps):
        mine = [v for at, v in offers if at == n]
        if mine:
            solver.addConstr(sum(mine[1:], mine[0] + 0.0) <= float(cap))
    solver.run()
    return round(solver.getInfo().objective_function_value)


def random_case(rng):
    """Few sites, several days, many ties, some caps of 0, some classes without a site."""
    n_classes, sites, dates = rng.integers(1, 9), rng.integers(1, 5), rng.integers(1, 4)
    first = rng.integers(0, dates, n_classes)[:, None]
    node = np.arange(sites) * dates + (first + rng.integers(0, 2, (n_classes, sites))) % dates
    node[rng.random((n_classes, sites)) < 0.3] = -1
    cost = rng.integers(0, rng.choice([2, 5, 100]), (n_classes, sites))
    counts = rng.integers(0, 12, n_classes)
    caps = rng.integers(0, 15, sites * dates) * (rng.random(sites * dates) < 0.8)
    short = np.where(rng.random(n_classes) < 0.5, 150, 1000)
    return node, cost, short, counts, caps


HAND_CASES = {
    "the dearer alternative gives way": ([[0, 1], [0, 1]], [[1, 5], [1, 9]], [1, 1], 6),
    "three boxes with two sites each": (
        [[0, 1, -1], [0, -1, 2], [-1, 1, 2]], [[1, 2, 0], [2, 0, 1], [0, 2, 4]], [1, 1, 1], 4),
    "nobody makes it": ([[-1, -1], [0, 1]], [[0, 0], [1, 5]], [1, 1], 100_001),
    "three boxes, two places": ([[0, 1]] * 3, [[3, 4]] * 3, [1, 1], 100_007),
    "stay: moving saves 6 and costs 7": ([[0, 1]], [[10, 4 + 7]], [1, 1], 10),
    "move: moving saves 8 and costs 7": ([[0, 1]], [[12, 4 + 7]], [1, 1], 11),
    "every cap is 0": ([[0, 1]] * 2, [[1, 2]] * 2, [0, 0], 200_000),
}  # fmt: skip


@pytest.mark.parametrize("case", HAND_CASES.values(), ids=HAND_CASES)
def test_cases_solved_by_hand(case):
    node, cost, caps, optimum = case
    n = len(node)
    assert solve(node, cost, [100_000] * n, [1] * n, caps)[0] == optimum


@pytest.mark.parametrize("block", range(8))
def test_same_optimum_as_highs_on_random_networks(block):
    rng = np.random.default_rng(block)
    for _ in range(50):
        case = random_case(rng)
        total, boxes, load, _ = solve(*case)
        assert total == highs(*case)
        assert (boxes.sum(axis=1) == case[3]).all()
        assert (load[:-1] <= case[4]).all()


def test_price_is_the_saving_of_one_more_box_of_cap():
    rng = np.random.default_rng(99)
    for _ in range(150):
        node, cost, short, counts, caps = random_case(rng)
        total, _, _, prices = solve(node, cost, short, counts, caps)
        for n in range(len(caps)):
            more = caps + (np.arange(len(caps)) == n)
            assert prices[n] == total - solve(node, cost, short, counts, more)[0]


def test_same_optimum_as_trying_everything():
    rng = np.random.default_rng(5)
    for _ in range(60):
        node, cost, short, _, caps = random_case(rng)
        node, cost, short = node[:4], cost[:4], short[:4]
        ways = [[(n, k) for n, k in zip(*pair, strict=True) if n >= 0] + [(-1, s)]
                for *pair, s in zip(node, cost, short, strict=True)]  # fmt: skip
        best = min(
            sum(k for _, k in way) for way in itertools.product(*ways)
            if all(sum(n == at for at, _ in way) <= cap for n, cap in enumerate(caps))
        )  # fmt: skip
        assert solve(node, cost, short, [1] * len(node), caps)[0] == best
