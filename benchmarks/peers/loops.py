"""A loop over boxes in Python."""

import random
from itertools import accumulate

import numpy as np
import pandas as pd

from benchmarks.peers.problem import Boxes


def pick_choice(boxes: Boxes, seed: int) -> pd.DataFrame:
    """What one writes first: Generator.choice without replacement, a row per kit."""
    rng = np.random.default_rng(seed)
    share = boxes.weights / boxes.weights.sum(axis=1, keepdims=True)
    menu = boxes.weights.shape[1]
    rows = []
    pairs = zip(boxes.segment.tolist(), boxes.size.tolist(), strict=True)
    for box, (segment, size) in enumerate(pairs):
        for recipe in rng.choice(menu, size=size, replace=False, p=share[segment]):
            rows.append((box, recipe))
    return pd.DataFrame(rows, columns=["box", "recipe"])


def pick_random(boxes: Boxes, seed: int) -> list[list[int]]:
    """The standard library alone; a set of five recipes with one favourite repeats often."""
    rng = random.Random(seed)
    cumulative = [list(accumulate(row.tolist())) for row in boxes.weights]
    menu = range(boxes.weights.shape[1])
    picks = []
    for segment, size in zip(boxes.segment.tolist(), boxes.size.tolist(), strict=True):
        box: list[int] = []
        while len(box) < size:
            recipe = rng.choices(menu, cum_weights=cumulative[segment])[0]
            if recipe not in box:
                box.append(recipe)
        picks.append(box)
    return picks
