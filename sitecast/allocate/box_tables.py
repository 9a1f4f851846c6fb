"""Tables about boxes: the site of each one, and those that no site takes."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sitecast.allocate.box_classes import BoxClasses
from sitecast.allocate.draws import DrawResults
from sitecast.allocate.placed import PlacedFlow
from sitecast.records.draw_boxes import DrawBoxes
from sitecast.records.quantiles import draw_summary, text_at
from sitecast.records.tables_written import ALLOCATIONS, SHORTFALL_REASONS, UNALLOCATED
from sitecast.records.week_axes import WeekAxes


def unallocated(
    menu_week: str, classes: BoxClasses, axes: WeekAxes, results: DrawResults, fixed: PlacedFlow
) -> dict[str, pd.DataFrame]:  # fmt: skip
    """Boxes no site takes, by limit (unallocated), and per draw and reason (…_draws)."""
    placed = short_of_placed(classes, fixed)
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
    fixed: PlacedFlow, results: DrawResults, classes: BoxClasses, axes: WeekAxes,
) -> pd.DataFrame:  # fmt: skip
    """The site of every placed box and of every box of draw 0, in the order of `orders`."""
    lane = np.concatenate([placed_lane, results.first_lane])
    box_class = np.concatenate([placed.box_class, results.first_class])
    packed = axes.lanes["production_date"].to_numpy()
    dates = pd.Series(packed).reindex(lane).reset_index(drop=True)
    sites = np.append(axes.lanes["site"].to_numpy(), -1)[lane]
    limit = np.concatenate([fixed.limit[placed.box_class], results.first_limit])
    reasons = classes.limits["reason"].to_numpy(dtype=object)[limit]
    is_final = np.bincount(classes.arc_class, fixed.final, len(classes.limit)) > 0
    frame = orders.assign(
        menu_week=menu_week,
        production_date=dates.to_numpy(),
        site_id=text_at(axes.sites, sites).to_numpy(),
        is_final=is_final[box_class],
        reason=np.where(lane < 0, reasons, ""),
    )
    return ALLOCATIONS.shaped(frame)


def short_of_placed(classes: BoxClasses, fixed: PlacedFlow) -> NDArray[np.int64]:
    """(limits,) placed boxes that no site takes."""
    short = np.zeros(len(classes.limits), dtype=np.int64)
    np.add.at(short, fixed.limit, fixed.boxes[classes.short_arc])
    return short
