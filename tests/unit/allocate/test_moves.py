import numpy as np
import pytest
from flow_cases import random_case

from sitecast.allocate.moves import moves_by_arc, sorted_moves


@pytest.mark.parametrize("factor", [1, 10**6])  # dense costs are counted, others compared
def test_moves_are_all_ways_between_two_arcs_of_a_class_cheapest_first(factor):
    rng = np.random.default_rng(1)
    for _ in range(40):
        net = random_case(rng).network
        node, cost = net.arc_node.astype(int), net.arc_cost * factor
        n_nodes = len(net.pair_ptr) - 1
        owner = np.repeat(np.arange(len(net.arc_ptr) - 1), np.diff(net.arc_ptr))
        expected = sorted(
            (node[a] * n_nodes + node[b], cost[b] - cost[a], a, b)
            for a in range(len(node)) for b in range(len(node)) if a != b and owner[a] == owner[b]
        )  # fmt: skip
        pairs, ptr, move_from, move_to, pair = sorted_moves(
            net.arc_ptr, net.arc_node, cost, n_nodes
        )
        assert list(zip(move_from, move_to, strict=True)) == [row[2:] for row in expected]
        assert pairs[pair].tolist() == [row[0] for row in expected]
        assert np.repeat(np.arange(len(pairs)), np.diff(ptr)).tolist() == pair.tolist()
        first, moves = moves_by_arc(move_from, len(node))
        assert moves.tolist() == np.argsort(move_from, kind="stable").tolist()
        assert np.diff(first).tolist() == np.bincount(move_from, minlength=len(node)).tolist()


def test_no_classes_have_no_moves():
    nothing = np.zeros(0, np.int32)
    found = sorted_moves(np.zeros(1, np.int64), nothing, nothing.astype(np.int64), 3)
    assert [len(part) for part in found] == [0, 1, 0, 0, 0]
