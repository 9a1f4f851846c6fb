"""torch.multinomial without replacement, a segment and block of rows at a time."""

import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks.peers.problem import Boxes

_ROWS = 2_048


def pick_torch(boxes: Boxes, seed: int) -> NDArray[np.int64]:
    source = torch.Generator().manual_seed(seed)
    weights = torch.tensor(boxes.weights, dtype=torch.float32)
    picks = np.empty((len(boxes), boxes.most), np.int64)
    for segment, rows in boxes.groups(_ROWS):
        same = weights[segment].expand(rows.stop - rows.start, -1)
        picks[rows] = torch.multinomial(same, boxes.most, False, generator=source).numpy()
    return boxes.cut(picks)
