"""choicemodels: one choice per pass, then the recipe chosen leaves the set."""

import numpy as np
import pandas as pd
from choicemodels.tools import monte_carlo_choices
from numpy.typing import NDArray

from benchmarks.peers.problem import Boxes


def pick_choicemodels(boxes: Boxes, seed: int) -> NDArray[np.int64]:
    np.random.seed(seed)  # noqa: NPY002 - the library draws from the global state
    left = boxes.weights[boxes.segment].copy()
    menu = boxes.weights.shape[1]
    picks = np.full((len(boxes), boxes.most), -1)
    for column in range(boxes.most):
        wants = np.flatnonzero(boxes.size > column)
        share = left[wants] / left[wants].sum(axis=1, keepdims=True)
        index = pd.MultiIndex.from_product([wants, range(menu)], names=["box", "recipe"])
        chosen = monte_carlo_choices(pd.Series(share.ravel(), index=index)).to_numpy()
        picks[wants, column] = chosen
        left[wants, chosen] = 0.0
    return picks
