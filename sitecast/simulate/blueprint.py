"""From tables to kernel input: everything a draw follows from, as arrays.

simulate_orders and boxes_of_draw both read it from the stored tables, so that a draw made again is
the draw that was made.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import pdtr

from sitecast.records.week_axes import WeekAxes
from sitecast.records.week_record import WeekData
from sitecast.simulate.choosable import grid, kit_exists
from sitecast.simulate.draw import UNCAPPED, DrawInput, DrawOutput
from sitecast.simulate.simulate_draw import simulate_draw
from sitecast.simulate.volumes import keys_of, numbers

Floats = NDArray[np.float64]
_RANK = 1 << 40
"""Position of a cell's rank stream; the ones before are its draws."""


@dataclass(frozen=True)
class Blueprint:
    """A week's draws, before they are drawn."""

    constant: DrawInput
    """What all draws share; boxes, key and weights are those of no draw in particular."""
    boxes: NDArray[np.int32]
    """(draws, cells) simulated boxes."""
    stream_key: NDArray[np.uint64]
    """(cells,)"""
    factors: Floats
    """(draws, recipes)"""

    @property
    def draws(self) -> int:
        """Number of draws."""
        return len(self.boxes)

    def draw_input(self, draw: int) -> DrawInput:
        """What the kernel needs for one draw."""
        return self.constant._replace(
            boxes=self.boxes[draw].astype(np.int64),
            key=numbers(self.stream_key, draw),
            weights=self.constant.weights * self.factors[draw],
        )

    def run(self, draw: int) -> DrawOutput:
        """The boxes of one draw."""
        return simulate_draw(self.draw_input(draw))


def blueprint_of(week: WeekData, axes: WeekAxes, tables: Mapping[str, pd.DataFrame]) -> Blueprint:
    """Arrays of the tables of simulated_orders, in the order of the week's axes."""
    cells = tables["cells"]
    segments = pd.Index(sorted(tables["portions"]["segment"].unique()))
    day = axes.days.get_indexer(pd.DatetimeIndex(cells["delivery_date"]))
    region = axes.regions.get_indexer(cells["region_id"])
    key = cells["stream_key"].to_numpy().view(np.uint64)
    sizes, size_cdf = _cdf(tables["box_sizes"], segments, "n_kits")
    _, portions_cdf = _cdf(tables["portions"], segments, "portions", axes.portions)
    _, taste_cdf = _cdf(tables["taste_classes"], segments, "taste_class")
    rate = tables["default_boxes"].set_index("segment")["probability"].reindex(segments)
    weight_row, weights = _weights(tables, segments, axes, week)
    rules = tables["recipe_rules"]
    rates = week["products"].set_index("product_id")["take_rate"].reindex(axes.products).to_numpy()
    factors = tables["recipe_factors"]["factor"].to_numpy().reshape(-1, len(axes.recipes))
    boxes = np.zeros((len(factors), len(cells)), dtype=np.int32)
    some = tables["cell_boxes"]
    boxes[some["draw"].to_numpy(), some["cell_id"].to_numpy()] = some["boxes"].to_numpy()
    constant = DrawInput(
        first_slot=cells["placed_boxes"].to_numpy(), boxes=boxes[0].astype(np.int64),
        key=key, rank_key=numbers(key, _RANK),
        segment=segments.get_indexer(cells["segment"]).astype(np.int64),
        place=day * len(axes.regions) + region, reach=axes.reach[day, region],
        sizes=sizes, size_cdf=size_cdf, portions_cdf=portions_cdf, taste_cdf=taste_cdf,
        default_rate=rate.to_numpy(np.float64),
        pieces_cdf=_poisson_cdf(float(rates.sum())), product_rates=rates.astype(np.float64),
        product_key=keys_of(0, "", "slots of products", axes.products),
        weight_row=weight_row, weights=weights,
        recipe_key=keys_of(0, "", "slots of recipes", axes.recipes),
        limit=rules["max_per_box"].to_numpy(),
        left=rules["kits_left"].fillna(UNCAPPED).to_numpy(np.int64),
        item_sites=axes.item_sites,
    )  # fmt: skip
    # The kernel is compiled for writable arrays; what pandas hands out is not always one.
    return Blueprint(DrawInput._make(map(np.array, constant)), boxes, key, factors)


def _cdf(
    table: pd.DataFrame, segments: pd.Index, column: str, values: NDArray[np.int64] | None = None
) -> tuple[NDArray[np.int64], Floats]:
    """The values, and per segment the cumulative probability up to each."""
    found = np.sort(table[column].unique()) if values is None else values
    each = grid(table, segments, column, pd.Index(found), "probability")
    cumulative = np.cumsum(each, axis=1)
    for row, probabilities in zip(cumulative, each, strict=True):
        row[np.flatnonzero(probabilities)[-1] :] = 1.0  # no uniform lands behind the last value
    return found.astype(np.int64), cumulative


def _poisson_cdf(rate: float) -> Floats:
    counts = np.arange(int(rate + 12 * np.sqrt(rate) + 20))
    cdf: Floats = pdtr(counts, rate)
    cdf[-1] = 1.0
    return cdf[: np.flatnonzero(cdf >= 1 - 1e-15)[0] + 1]


def _weights(
    tables: Mapping[str, pd.DataFrame], segments: pd.Index, axes: WeekAxes, week: WeekData
) -> tuple[NDArray[np.int64], Floats]:
    """weight_row and weights of DrawInput; 0 where no kit of that size exists.

    A default box chooses as its customer would, but from the
    pool; where that has no kit of the size, from everything.
    """
    table, pool = tables["choice_weights"], tables["default_pool"]
    taste = table["taste_class"].to_numpy()
    row = segments.get_indexer(table["segment"])
    recipe = axes.recipes.get_indexer(table["recipe_id"])
    found = np.zeros((len(segments), int(taste.max(initial=0)) + 1, 1, len(axes.recipes)))
    found[row, taste, 0, recipe] = table["weight"].to_numpy()
    chosen = found * kit_exists(week, axes)
    in_pool = grid(pool.assign(one=1.0), segments, "recipe_id", axes.recipes, "one")
    default = chosen * in_pool[:, None, None, :]
    default = np.where(default.any(axis=3, keepdims=True), default, chosen)
    each = np.concatenate([chosen, default]).reshape(-1, len(axes.recipes))
    alike, row = np.unique(each, axis=0, return_inverse=True)
    return row.ravel().astype(np.int64), alike
