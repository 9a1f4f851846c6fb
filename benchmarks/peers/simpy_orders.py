"""Discrete-event simulation: every order is a process that arrives and picks its kits."""

from collections.abc import Iterator

import numpy as np
import simpy

from benchmarks.peers.problem import Boxes


def pick_simpy(boxes: Boxes, seed: int) -> list[list[int]]:
    rng = np.random.default_rng(seed)
    share = boxes.weights / boxes.weights.sum(axis=1, keepdims=True)
    menu = boxes.weights.shape[1]
    env, picks = simpy.Environment(), [[]] * len(boxes)

    def order(box: int, segment: int, size: int, arrival: float) -> Iterator[simpy.Event]:
        yield env.timeout(arrival)
        picks[box] = rng.choice(menu, size=size, replace=False, p=share[segment])

    arrivals = rng.random(len(boxes)).tolist()
    facts = zip(boxes.segment.tolist(), boxes.size.tolist(), arrivals, strict=True)
    for box, fact in enumerate(facts):
        env.process(order(box, *fact))
    env.run()
    return picks
