"""One week kept close to its last forecast: the placed boxes, then the boxes of each draw."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sitecast.allocate.placed import PlacedFlow, expected_boxes
from sitecast.allocate.stability import Counts, churn
from sitecast.allocate.steady import Steady, homes, steady
from sitecast.records.draw_boxes import DrawBoxes
from sitecast.records.plan import ForecastPlan
from sitecast.records.week_axes import WeekAxes
from sitecast.records.week_record import SimulatedOrders, SiteForecast, WeekData


@dataclass(frozen=True)
class SteadyWeek:
    """Who traded places last time, and how much of a lane's pieces placed boxes hold."""

    steady: Steady
    home: Counts
    """(placed boxes, then boxes of draw 0,) sites of the last forecast."""
    is_final: NDArray[np.bool_]
    """(placed boxes,) boxes that keep the order book's site."""
    placed_share: NDArray[np.float64]
    """(lanes,) placed boxes among the expected boxes of the delivery date."""
    pool: Counts
    """(lanes,) delivery date."""

    def of_placed(self, boxes: DrawBoxes, lane: NDArray[np.int32]) -> NDArray[np.int32]:
        """Lanes of the placed boxes, close to their share of the last forecast's mean."""
        mean = self.steady.reference.mean(axis=0)
        reference = np.rint(mean * self.placed_share[:, None]).astype(np.int32)
        home = self.home[: len(lane)]
        return self.steady.keep(boxes, lane, home, reference, self.is_final)

    def of_draw(
        self, draw: int, committed: NDArray[np.int32], boxes: DrawBoxes, lane: NDArray[np.int32]
    ) -> NDArray[np.int32]:
        """Lanes of a draw's boxes, close to what the last forecast's draw leaves to them."""
        first = self.home[len(self.is_final) :]
        home = first if draw == 0 else np.full(len(lane), -1)
        return self.steady.keep(boxes, lane, home, self.steady.of_draw(draw) - committed)

    def tables(self, kits: NDArray[np.int32]) -> dict[str, pd.DataFrame]:
        """Table churn (draw, changed, least, pieces): change by lane and item, its bound (R11)."""
        one = np.ones(kits.shape[2], dtype=np.int64)
        changes = [
            churn(pieces.astype(np.int64), self.steady.of_draw(draw).astype(np.int64), one,
                  self.pool)
            for draw, pieces in enumerate(kits)
        ]  # fmt: skip
        return {"churn": pd.DataFrame({
            "draw": np.arange(len(changes)),
            "changed": [change.changed for change in changes],
            "least": [change.least for change in changes],
            "pieces": [change.pieces for change in changes],
        })}  # fmt: skip


def steady_week(
    week: WeekData, simulated: SimulatedOrders, plan: ForecastPlan, previous: SiteForecast | None,
    placed: DrawBoxes, fixed: PlacedFlow, axes: WeekAxes,
) -> SteadyWeek | None:  # fmt: skip
    """Read the last forecast; None where there is none."""
    if previous is None:
        return None
    classes = simulated["classes"]
    read = steady(week, classes, axes, plan.settings.allocation.move_cost, previous, plan.draws,
                  plan.seed)  # fmt: skip
    day = axes.days.get_indexer(classes["delivery_date"])
    expected = expected_boxes(simulated["class_boxes"], len(classes), plan.draws)
    in_book = np.bincount(day[placed.box_class], minlength=len(axes.days))
    whole = in_book + np.bincount(day, expected, len(axes.days))
    share = in_book / np.maximum(whole, 1)
    pool = axes.lanes["day"].to_numpy(dtype=np.int64)
    is_final = fixed.soft[placed.box_class] == 0  # a class is final as a whole, or not at all
    return SteadyWeek(read, homes(previous, simulated["orders"]["box_id"], axes), is_final,
                      share[pool], pool)  # fmt: skip
