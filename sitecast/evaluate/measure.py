"""forecast_accuracy of one week: every level and method over the same cells."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sitecast.errors import DataError
from sitecast.evaluate.delivered import CELL
from sitecast.evaluate.forecast_cells import ForecastDraws
from sitecast.evaluate.metrics import bias, coverage, pinball, wape_site
from sitecast.records.accuracy import OURS, PARTS
from sitecast.records.quantiles import draw_quantile
from sitecast.records.tables_accuracy import FORECAST_ACCURACY

Floats = NDArray[np.float64]
LEVELS: Mapping[str, tuple[str, list[str]]] = {
    "site_sku": ("need", ["site_id", "item"]), "sku": ("need", ["item"]),
    "site_item": ("kits", ["site_id", "item"]), "item": ("kits", ["item"]),
    "site": ("boxes", ["site_id"]), "total": ("boxes", []),
}  # fmt: skip
"""What is counted, and what is not added up."""
BROUGHT = "box_forecast"
"""The company's own forecast: boxes, of all sites together."""
_PINBALL = (0.1, 0.5, 0.9)


class Forecast(NamedTuple):
    """Which forecast is measured."""

    plan_id: str
    menu_week: str
    lead_day: int
    actuals: str = ""
    """Version of what was delivered."""


def measure(
    which: Forecast, actual: pd.DataFrame, draws: ForecastDraws,
    others: Mapping[str, pd.DataFrame], swaps: Sequence[pd.DataFrame] = (),
) -> pd.DataFrame:  # fmt: skip
    """forecast_accuracy of one week.

    Args:
        which: plan, week, lead and actuals.
        actual: the columns of CELL, qty.
        draws: the plan's.
        others: method → the columns of CELL, qty.
        swaps: the plan's forecast with the actual of one more stage each, as parts.swapped_cells
            gives them.
    Raises:
        DataError: nothing of the week was delivered by a known site.
    """
    if actual.empty:
        raise nothing_delivered(which.menu_week)
    rows = [row for level in LEVELS for row in _rows(level, actual, draws, others, swaps)]
    return FORECAST_ACCURACY.shaped(pd.DataFrame(rows).assign(**which._asdict()))


def nothing_delivered(what: str) -> DataError:
    """No actuals: what is missing."""
    return DataError(
        "no delivered order names the site that packed it", {"menu_week": what},
        "set orders.state to delivered and orders.site_id once a week is over",
    )  # fmt: skip


def noise_floor(draws: Floats) -> float:
    """Expected Σ|mean − draw| ÷ Σ mean: the wape that the draws' own mean would have.

    Args:
        draws: (cells, draws).
    Returns:
        NaN when all draws are 0.
    Example:
        >>> noise_floor(np.array([[1.0, 3.0]]))
        0.5
    """
    mean = draws.mean(axis=1)
    total = float(mean.sum())
    if not total > 0:
        return float("nan")
    return float(np.abs(draws - mean[:, None]).mean(axis=1).sum() / total)


def _rows(
    level: str, actual: pd.DataFrame, draws: ForecastDraws, others: Mapping[str, pd.DataFrame],
    swaps: Sequence[pd.DataFrame],
) -> Iterator[dict[str, object]]:  # fmt: skip
    measured, by = LEVELS[level]
    counted = {name: _of(frame, measured) for name, frame in others.items()
               if name != BROUGHT or level == "total"}  # fmt: skip
    mine, truth = (draws.cells["measure"] == measured).to_numpy(), _of(actual, measured)
    swapped = [_of(frame, measured) for frame in swaps]
    frames = [truth, draws.cells[mine], *counted.values(), *swapped]
    cells = _groups(pd.concat([frame[CELL] for frame in frames]), by)
    a = _placed(truth, cells, by)
    ours = np.zeros((len(cells), draws.values.shape[1]))
    np.add.at(ours, _places(draws.cells[mine], cells, by), draws.values[mine])
    mean = ours.mean(axis=1)
    best = wape_site(mean, a)
    # What only another method expects is no cell of ours: an interval from 0 to 0 holds there.
    some = ours.any(axis=1) | (a > 0)
    shared = {"level": level, "n": int(some.sum()), "actual": a.sum()}
    left = [best, *[wape_site(_placed(frame, cells, by), a) for frame in swapped], 0.0]
    yield {**shared, "method": OURS, "bias": bias(mean, a), "wape": best, "fva": 0.0,
           **_spread(ours[some], a[some]), **_parts(left)}  # fmt: skip
    for name, frame in counted.items():
        told = _placed(frame, cells, by)
        error = wape_site(told, a)
        yield {**shared, "method": name, "bias": bias(told, a), "wape": error,
               "fva": error - best}  # fmt: skip


def _parts(left: Sequence[float]) -> dict[str, float]:
    """What each swap takes from the error."""
    return {f"wape_{part}": before - after
            for part, (before, after) in zip(PARTS, pairwise(left), strict=True)}  # fmt: skip


def _of(frame: pd.DataFrame, measured: str) -> pd.DataFrame:
    return frame[frame["measure"] == measured]


def _groups(cells: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    """The cells added up to a level: one without columns where all are added up."""
    return cells[by].drop_duplicates() if by else pd.DataFrame(index=[0])


def _places(frame: pd.DataFrame, cells: pd.DataFrame, by: list[str]) -> NDArray[np.intp]:
    if not by:
        return np.zeros(len(frame), dtype=np.intp)
    return pd.MultiIndex.from_frame(cells).get_indexer(pd.MultiIndex.from_frame(frame[by]))


def _placed(frame: pd.DataFrame, cells: pd.DataFrame, by: list[str]) -> Floats:
    qty = frame["qty"].to_numpy(np.float64)
    return np.bincount(_places(frame, cells, by), qty, max(len(cells), 1)).astype(np.float64)


def _spread(draws: Floats, actual: Floats) -> dict[str, float]:
    ordered = np.sort(draws, axis=1)
    at = {q: draw_quantile(ordered, q).astype(np.float64) for q in (0.025, *_PINBALL, 0.975)}
    losses = [pinball(q, at[q], actual) for q in _PINBALL]
    return {
        "noise_floor": noise_floor(draws),
        "pinball": float(np.mean(losses)) * len(actual) / float(actual.sum()),
        "coverage_80": coverage(at[0.1], at[0.9], actual),
        "coverage_95": coverage(at[0.025], at[0.975], actual),
    }
