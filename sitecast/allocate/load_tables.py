"""Tables about the boxes: load of site-days, boxes left over, the site of every box."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sitecast.allocate.box_classes import BoxClasses
from sitecast.allocate.draws import DrawResults
from sitecast.allocate.site_days import UNCAPPED, SiteDays
from sitecast.records.draw_boxes import DrawBoxes
from sitecast.records.quantiles import draw_summary, text_at
from sitecast.records.tables_written import ALLOCATIONS, SHORTFALL_REASONS, SITE_LOAD, UNALLOCATED
from sitecast.records.week_axes import WeekAxes


def site_load(
    menu_week: str, classes: BoxClasses, days: SiteDays, committed: NDArray[np.int32],
    results: DrawResults, placed_flow: NDArray[np.int64],
) -> pd.DataFrame:  # fmt: skip
    """Load against cap, and what one more box of cap is worth.

    The price of a draw is what one more box of cap would save: the flow's exact right-hand price
    for the simulated boxes or, where it is more, the shortfall cost saved by a placed box that
    found no site. A box that no site takes counts in equal parts against the site-days it could
    have used, all of them full.
    """
    load, placed = _by_site_day(results.counts.boxes, days), _by_site_day(committed[None], days)[0]
    price = np.maximum(results.prices[:, :-1], _placed_value(classes, placed_flow, len(placed)))
    full = (load >= days.caps) & (days.caps > 0)  # a closed date is not a day that is too full
    short = results.short.mean(axis=0) + _placed_short(classes, placed_flow)
    parts = classes.limit_node / classes.limit_node.sum(axis=1).clip(min=1)[:, None]
    frame = days.table.assign(
        menu_week=menu_week,
        boxes_committed=placed,
        **draw_summary(np.sort(load.T, axis=1), "boxes_"),
        p_over_cap=(full & (price > 0)).mean(axis=0),
        shadow_price=np.where(days.caps < UNCAPPED, price, 0).mean(axis=0),
        boxes_unallocated=(short[:, None] * parts).sum(axis=0),
    )
    return SITE_LOAD.shaped(frame)


def unallocated(
    menu_week: str, classes: BoxClasses, axes: WeekAxes, results: DrawResults,
    placed_flow: NDArray[np.int64],
) -> dict[str, pd.DataFrame]:  # fmt: skip
    """Boxes no site takes, by limit (unallocated), and per draw and reason (…_draws)."""
    placed = _placed_short(classes, placed_flow)
    total = results.short.astype(np.int64) + placed
    some = total.any(axis=0)
    limits = classes.limits[some]
    frame = pd.DataFrame({
        "menu_week": menu_week,
        "delivery_date": axes.days[limits["day"]],
        "region_id": text_at(axes.regions, limits["region"].to_numpy()),
        "reason": limits["reason"].to_numpy(),
        "binding": limits["binding"].to_numpy(),
        "boxes_committed": placed[some],
        **draw_summary(np.sort(total[:, some].T, axis=1), "boxes_"),
    })  # fmt: skip
    reasons = classes.limits["reason"].to_numpy()
    per_draw = pd.concat([
        pd.DataFrame({"draw": np.arange(len(total)), "reason": reason,
                      "boxes": total[:, reasons == reason].sum(axis=1)})
        for reason in SHORTFALL_REASONS
    ], ignore_index=True)  # fmt: skip
    return {"unallocated": UNALLOCATED.shaped(frame), "unallocated_draws": per_draw}


def allocations(
    menu_week: str, orders: pd.DataFrame, placed: DrawBoxes, placed_lane: NDArray[np.int32],
    results: DrawResults, classes: BoxClasses, axes: WeekAxes,
) -> pd.DataFrame:  # fmt: skip
    """The site of every placed box and of every box of draw 0, in the order of `orders`."""
    lane = np.concatenate([placed_lane, results.first_lane])
    box_class = np.concatenate([placed.box_class, results.first_class])
    packed = axes.lanes["production_date"].to_numpy()
    dates = pd.Series(packed).reindex(lane).reset_index(drop=True)
    sites = np.append(axes.lanes["site"].to_numpy(), -1)[lane]
    reasons = classes.limits["reason"].to_numpy(dtype=object)[classes.limit[box_class]]
    frame = orders.assign(
        menu_week=menu_week,
        production_date=dates.to_numpy(),
        site_id=text_at(axes.sites, sites).to_numpy(),
        reason=np.where(lane < 0, reasons, ""),
    )
    return ALLOCATIONS.shaped(frame)


def _by_site_day(boxes: NDArray[np.int32], days: SiteDays) -> NDArray[np.int64]:
    load = np.zeros((len(boxes), len(days.table)), dtype=np.int64)
    for lane, site_day in enumerate(days.of_lane):
        load[:, site_day] += boxes[:, lane]
    return load


def _placed_short(classes: BoxClasses, placed_flow: NDArray[np.int64]) -> NDArray[np.int64]:
    short = np.zeros(len(classes.limits), dtype=np.int64)
    np.add.at(short, classes.limit, placed_flow[classes.short_arc])
    return short


def _placed_value(
    classes: BoxClasses, placed_flow: NDArray[np.int64], n_nodes: int
) -> NDArray[np.int64]:
    """(site-days,) shortfall cost that one more box of cap saves among placed boxes."""
    net = classes.network
    is_short = np.repeat(placed_flow[classes.short_arc] > 0, np.diff(net.arc_ptr))
    value = np.zeros(n_nodes + 1, dtype=np.int64)
    np.maximum.at(value, net.arc_node[is_short], classes.short_cost - net.arc_cost[is_short])
    return value[:-1]
