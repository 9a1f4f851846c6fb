"""The rules that planners use without a solver: box after box to the cheapest site with room."""

from dataclasses import replace

import numba
import numpy as np
import pandas as pd

from benchmarks.allocation_cases import SHORT_COST, collapse, invent
from sitecast.allocate.flow import min_cost_flow
from sitecast.allocate.network import build_network, tie_scale


@numba.njit
def greedy(order, box_class, node, cost, caps):
    """(classes, sites + 1) boxes, those without a site last."""
    room = caps.copy()
    boxes = np.zeros((len(node), node.shape[1] + 1), np.int64)
    for b in order:
        c = box_class[b]
        best = -1
        for site in range(node.shape[1]):
            at = node[c, site]
            if at >= 0 and room[at] > 0 and (best < 0 or cost[c, site] < cost[c, best]):
                best = site
        boxes[c, best] += 1
        if best >= 0:
            room[node[c, best]] -= 1
    return boxes


def exact(classes, previous):
    """Least cost and, where costs tie, fewest moves."""
    scale = tie_scale(len(classes.caps))
    moves = (previous[:, None] >= 0) & (previous[:, None] != np.arange(classes.node.shape[1]))
    short = np.full(len(classes.node), scale * SHORT_COST)
    net = build_network(classes.node, scale * classes.cost + moves, short, len(classes.caps))
    limits = classes.limits
    start = np.zeros(len(limits.parent), np.int64)
    flow = min_cost_flow(net, classes.counts, limits, start)
    every = np.append(classes.node >= 0, np.ones((len(classes.node), 1), bool), axis=1)
    boxes = np.zeros(every.shape, np.int64)
    boxes[every] = flow.boxes
    return boxes


def judge(boxes, classes, previous):
    """Boxes without a site, off a previous site that could pack them, and cost in all."""
    sites = np.arange(boxes.shape[1] - 1)
    could_stay = (previous >= 0) & (classes.node[np.arange(len(previous)), previous] >= 0)
    moved = boxes[:, :-1][could_stay[:, None] & (previous[:, None] != sites)].sum()
    short = int(boxes[:, -1].sum())
    return short, int(moved), int((boxes[:, :-1] * classes.cost).sum()) + short * SHORT_COST


def measure(boxes: int, sites: int, seed: int) -> list[dict]:
    made = invent(boxes, sites, seed)
    room = 0.95 + 0.02 * (seed % 6)
    classes = collapse(made, room)
    previous = np.zeros(len(classes.node), np.int64)
    previous[classes.box_class] = made.previous
    flexibility = (classes.node >= 0).sum(axis=1)[classes.box_class]
    arrival = np.random.default_rng(seed).permutation(boxes)
    orders = {
        "arrival order": arrival,
        "least flexible first": arrival[np.argsort(flexibility[arrival], kind="stable")],
    }
    found = {"exact": exact(classes, previous)} | {
        name: greedy(order, classes.box_class, classes.node, classes.cost, classes.caps)
        for name, order in orders.items()
    }
    rows = []
    for rule, result in found.items():
        short, moved, cost = judge(result, classes, previous)
        served = replace(classes, counts=classes.counts - result[:, -1])
        equal = judge(exact(served, previous), served, previous)
        rows.append({"sites": sites, "seed": seed, "room": room, "rule": rule, "short": short,
                     "moved": moved, "cost": cost, "exact_short_of_served": equal[0],
                     "exact_moved_of_served": equal[1]})  # fmt: skip
    return rows


def run(boxes: int, sites: tuple[int, ...], seeds: int) -> pd.DataFrame:
    return pd.DataFrame([row for n in sites for seed in range(seeds)
                         for row in measure(boxes, n, seed)])  # fmt: skip


def ratios(frame: pd.DataFrame, rule: str) -> pd.DataFrame:
    """By data set: the exact flow's boxes moved and short and its cost, over the rule's.

    `moved_of_served` is of an exact flow that leaves the same boxes without a site as the rule.
    """
    columns = ["short", "moved", "cost"]
    ours, theirs = (frame[frame["rule"] == name].set_index(["sites", "seed"])
                    for name in ("exact", rule))  # fmt: skip
    beside = ours[columns] / theirs[columns].clip(lower=1)
    equal = theirs["exact_moved_of_served"] / theirs["moved"].clip(lower=1)
    return beside.assign(moved_of_served=equal, fewer_short=theirs["short"] - ours["short"])
