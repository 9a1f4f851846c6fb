"""ActivitySim: make_choices once per pass, then the recipe chosen leaves the set."""

import numpy as np
import pandas as pd
from activitysim.core import logit, workflow
from numpy.typing import NDArray

from benchmarks.peers.problem import Boxes


def pick_activitysim(boxes: Boxes, seed: int) -> NDArray[np.int64]:
    """Random streams keyed by chooser, as the library has them (it falls back to one without)."""
    state = workflow.State.make_temp()
    streams = state.get_rn_generator()
    streams.set_base_seed(seed)
    names = pd.RangeIndex(len(boxes), name="household_id")
    streams.add_channel("households", pd.DataFrame(index=names))
    streams.begin_step("boxes")
    left = boxes.weights[boxes.segment].copy()
    picks = np.full((len(boxes), boxes.most), -1)
    for column in range(boxes.most):
        wants = np.flatnonzero(boxes.size > column)
        share = left[wants] / left[wants].sum(axis=1, keepdims=True)
        frame = pd.DataFrame(share, index=names[wants])
        chosen = logit.make_choices(state, frame)[0].to_numpy()
        picks[wants, column] = chosen
        left[wants, chosen] = 0.0
    return picks
