"""Sites that may stay closed: which of them open in the week, and what that is worth."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sitecast.allocate.box_classes import BoxClasses, box_classes
from sitecast.allocate.draws import DrawResults
from sitecast.allocate.limits import Limits, through_nodes
from sitecast.allocate.mixed_sites import OpenSites, choose_open_sites
from sitecast.allocate.placed import PlacedFlow, final_boxes
from sitecast.allocate.site_days import SiteDays
from sitecast.records.draw_boxes import DrawBoxes
from sitecast.records.plan import ForecastPlan
from sitecast.records.tables_capacity import OPENING_REASONS, SITE_OPENINGS
from sitecast.records.week_axes import WeekAxes
from sitecast.records.week_record import SimulatedOrders, WeekData
from sitecast.settings import OpeningCost


@dataclass(frozen=True)
class Openings:
    """The sites with an opening cost in a week, and which of them open."""

    table: pd.DataFrame
    """site (position), site_id, opening_cost, is_open, reason, saves_mean, p_worth."""
    least: float
    """No choice of sites makes a week cheaper, final boxes included: mean over draws, minor units;
    sites that are open for their final boxes cost nothing."""

    @property
    def closed(self) -> NDArray[np.int64]:
        """Positions of the sites that stay closed."""
        return self.table.loc[~self.table["is_open"], "site"].to_numpy(dtype=np.int64)

    def tables(
        self, menu_week: str, classes: BoxClasses, placed: PlacedFlow, results: DrawResults,
        limits: Limits, days: SiteDays,
    ) -> dict[str, pd.DataFrame]:  # fmt: skip
        """Table site_openings; the gap compares the week as it is with `least`."""
        if not len(self.table):
            return {"site_openings": SITE_OPENINGS.empty()}
        paid = self.table[self.table["is_open"] & (self.table["reason"] != OPENING_REASONS[2])]
        load = through_nodes(limits.parent, days.load(results.counts.boxes))
        missed = (limits.floors - load).clip(min=0).sum(axis=1) * limits.floor_cost
        cost = float((results.cost + missed).mean() + paid["opening_cost"].sum()
                     + placed.boxes @ classes.money.arc_cost)  # fmt: skip
        gap = max(0.0, 1 - self.least / cost) if cost else 0.0
        return {"site_openings": SITE_OPENINGS.shaped(
            self.table.assign(menu_week=menu_week, gap=gap)
        )}  # fmt: skip


def choose_openings(
    week: WeekData, simulated: SimulatedOrders, plan: ForecastPlan, placed: DrawBoxes,
    axes: WeekAxes, days: SiteDays,
) -> Openings:  # fmt: skip
    """Open the sites that make the boxes of all draws cheapest on average.

    All boxes may go anywhere but the final ones, which keep their site open; caps of items are
    left out. Exact under these terms.

    Args:
        week: extracted_data.
        simulated: box classes and their boxes in every draw.
        plan: costs of opening and of boxes.
        placed: the placed boxes.
        axes: of the week.
        days: caps and floors while every site is open.
    """
    settings = plan.settings.allocation
    asked = _asked(settings.opening_costs, week.menu_week, axes, days)
    if not len(asked):
        return Openings(asked, 0.0)
    classes = box_classes(simulated["classes"], axes, days, settings)
    final = final_boxes(week, plan, simulated["classes"], placed, classes, axes)
    opening = np.zeros(len(axes.sites), np.int64)
    opening[asked["site"]] = asked["opening_cost"]
    opening[days.table["site"].to_numpy()[final.load > 0]] = 0
    limits = days.limits(settings.floor_cost).less(final.load)
    counts = _boxes_of_draws(simulated["class_boxes"], final.soft, plan.draws)
    chosen = choose_open_sites(classes.money, counts, limits, days.node_site, opening)
    sunk = opening[asked["site"]] == 0
    return Openings(_judged(asked, sunk, chosen), chosen.cost + float(
        final.boxes @ classes.money.arc_cost
    ))  # fmt: skip


def _judged(asked: pd.DataFrame, sunk: NDArray[np.bool_], chosen: OpenSites) -> pd.DataFrame:
    """The asked sites, and for each of them whether it opens and why."""
    is_open, saved = chosen.is_open[asked["site"]], chosen.saved[asked["site"]]
    worth = saved > asked["opening_cost"].to_numpy()[:, None]
    reason = np.where(sunk, 2, np.where(is_open, 0, 1))
    return asked.assign(is_open=is_open, reason=np.array(OPENING_REASONS)[reason],
                        saves_mean=saved.mean(axis=1), p_worth=worth.mean(axis=1))  # fmt: skip


def _boxes_of_draws(
    class_boxes: pd.DataFrame, soft: NDArray[np.int64], n_draws: int
) -> NDArray[np.int32]:
    """(draws, classes) simulated boxes and those placed ones whose site may still change."""
    counts = np.tile(soft.astype(np.int32), (n_draws, 1))
    counts[class_boxes["draw"], class_boxes["class_id"]] += class_boxes["boxes"].to_numpy(np.int32)
    return counts


def _asked(
    costs: tuple[OpeningCost, ...], menu_week: str, axes: WeekAxes, days: SiteDays
) -> pd.DataFrame:
    """The sites of the week with an opening cost; one of this week beats one of every week."""
    mine = [cost for cost in costs if cost.menu_week in (None, menu_week)]
    mine.sort(key=lambda cost: cost.menu_week is not None)
    price = {cost.site_id: cost.cost_per_week for cost in mine}
    site = np.array([at for at in np.unique(days.table["site"]) if axes.sites[at] in price], int)
    names = axes.sites[site]
    return pd.DataFrame({"site": site, "site_id": names, "is_open": True,
                         "opening_cost": [price[name] for name in names]})  # fmt: skip
