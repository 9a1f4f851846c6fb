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
from sitecast.records.tables_written import CHURN
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
    newly_placed: NDArray[np.float64]
    """(lanes,) boxes placed since among those that were not placed yet, by delivery date."""
    pool: Counts
    """(lanes,) delivery date."""
    plan_from: str
    """The plan of the last forecast."""

    def of_placed(self, boxes: DrawBoxes, lane: NDArray[np.int32]) -> NDArray[np.int32]:
        """Lanes of the placed boxes: what they held then, and a share of what others held."""
        home = self.home[: len(lane)]
        held = self.steady.held(boxes, home)
        others = (self.steady.reference.mean(axis=0) - held).clip(min=0)
        reference = held + np.rint(others * self.newly_placed[:, None]).astype(np.int32)
        return self.steady.keep(boxes, lane, home, reference, self.is_final)

    def of_draw(
        self, draw: int, committed: NDArray[np.int32], boxes: DrawBoxes, lane: NDArray[np.int32]
    ) -> NDArray[np.int32]:
        """Lanes of a draw's boxes, close to what the last forecast's draw leaves to them."""
        first = self.home[len(self.is_final) :]
        home = first if draw == 0 else np.full(len(lane), -1)
        return self.steady.keep(boxes, lane, home, self.steady.of_draw(draw) - committed)

    def churn(self, menu_week: str, kits: NDArray[np.int32]) -> pd.DataFrame:
        """Table churn: the change by lane and item in every draw, and its bound (R11)."""
        one = np.ones(kits.shape[2], dtype=np.int64)
        changes = [
            churn(pieces.astype(np.int64), self.steady.of_draw(draw).astype(np.int64), one,
                  self.pool)
            for draw, pieces in enumerate(kits)
        ]  # fmt: skip
        return CHURN.shaped(pd.DataFrame({
            "menu_week": menu_week,
            "draw": np.arange(len(changes)),
            "plan_from": self.plan_from,
            "changed": [change.changed for change in changes],
            "least": [change.least for change in changes],
            "pieces": [change.pieces for change in changes],
        }))  # fmt: skip


def steady_week(
    week: WeekData, simulated: SimulatedOrders, plan: ForecastPlan, previous: SiteForecast | None,
    placed: DrawBoxes, fixed: PlacedFlow, axes: WeekAxes, units: NDArray[np.int64],
) -> SteadyWeek | None:  # fmt: skip
    """Read the last forecast; None where there is none, or where no site packs any more.

    `units` are those of ItemLimits.
    """
    if previous is None or axes.lanes.empty:
        return None
    classes = simulated["classes"]
    read = steady(week, classes, axes, plan.settings.allocation.move_cost, previous, plan.draws,
                  plan.seed, units)  # fmt: skip
    home = homes(previous, simulated["orders"]["box_id"], axes)
    day = axes.days.get_indexer(classes["delivery_date"])
    expected = expected_boxes(simulated["class_boxes"], len(classes), plan.draws)
    since = placed.box_class[home[: len(placed.box_class)] < 0]
    new = np.bincount(day[since], minlength=len(axes.days))
    share = new / np.maximum(new + np.bincount(day, expected, len(axes.days)), 1)
    pool = axes.lanes["day"].to_numpy(dtype=np.int64)
    is_final = fixed.soft[placed.box_class] == 0  # a class is final as a whole, or not at all
    return SteadyWeek(read, home, is_final, share[pool], pool, previous.provenance.plan_id)
