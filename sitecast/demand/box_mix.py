"""How large boxes are and how many people their kits serve, by segment."""

import numpy as np
import pandas as pd

from sitecast.demand.past import past
from sitecast.records.week_record import WeekData

PRIOR_BOXES = 50.0
"""A segment's own counts weigh against so many boxes of the national mix."""
FADED = 4.0
"""Weeks after which past boxes count half: how much customers put into a box drifts."""


def mix(week: WeekData, column: str, allowed: tuple[int, ...], segments: list[str]) -> pd.DataFrame:
    """Probabilities of box sizes or portions.

    Args:
        week: with history_boxes.
        column: n_kits or portions.
        allowed: values the simulator may use; others are left out.
        segments: segments that need a mix.
    Returns:
        segment, the column, probability above 0; they sum to 1 per segment. Uniform over
        `allowed` when no past box had an allowed value.
    """
    history = _faded_boxes(week)
    counts = history.pivot_table(index="segment", columns=column, values="boxes", aggfunc="sum",
                                 fill_value=0, observed=True)  # fmt: skip
    counts = counts.reindex(columns=list(allowed), fill_value=0).astype(np.float64)
    nation = counts.to_numpy().sum(axis=0)
    if not nation.sum() > 0:
        nation = np.ones(len(allowed))
    own = counts.reindex(index=segments, fill_value=0.0).to_numpy()
    blended = own + PRIOR_BOXES * nation / nation.sum()
    blended /= blended.sum(axis=1, keepdims=True)
    table = pd.DataFrame({
        "segment": np.repeat(np.array(segments, dtype=object), len(allowed)),
        column: np.tile(np.array(allowed, dtype=np.int64), len(segments)),
        "probability": blended.ravel(),
    })  # fmt: skip
    return table[table["probability"] > 0].reset_index(drop=True)


def default_rates(week: WeekData, segments: list[str]) -> pd.DataFrame:
    """How many boxes of a segment the system fills, from what past weeks saw.

    Returns:
        segment, probability; shrunk to the national rate where a segment had few boxes, 0 without
        history.
    """
    history = _faded_boxes(week)
    counts = history.groupby("segment", observed=True)[["default_boxes", "boxes"]].sum()
    total = counts.sum().to_numpy(dtype=np.float64)
    nation = total[0] / total[1] if total[1] > 0 else 0.0
    own = counts.reindex(segments, fill_value=0).to_numpy(dtype=np.float64)
    rate = (own[:, 0] + PRIOR_BOXES * nation) / (own[:, 1] + PRIOR_BOXES)
    return pd.DataFrame({"segment": np.array(segments, dtype=object), "probability": rate})


def _faded_boxes(week: WeekData) -> pd.DataFrame:
    """Rows of history_boxes whose boxes and default boxes count less, the older they are."""
    history = past(week, "history_boxes")
    starts = week["menu_weeks"].set_index("menu_week")["start_date"]
    start = history["menu_week"].astype(object).map(starts)
    weight = 0.5 ** ((start.max() - start).dt.days / (7 * FADED))
    counts = ["boxes", "default_boxes"]
    return history.assign(**history[counts].mul(weight, axis=0))
