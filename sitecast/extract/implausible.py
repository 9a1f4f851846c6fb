"""What a planner would look at twice: allowed by the contract, but rarely meant. Stops nothing."""

from collections.abc import Iterator
from dataclasses import replace

import pandas as pd

from sitecast.errors import Breach
from sitecast.extract.told import told
from sitecast.records.week_record import WeekData

CELL = ["delivery_date", "region_id", "segment"]
MANY_TIMES = 10.0
IDS = {"sites": "site_id", "regions": "region_id", "recipes": "recipe_id", "products": "product_id",
       "skus": "sku_id"}  # fmt: skip


def implausible(week: WeekData) -> list[Breach]:
    """Warnings about a week's checked tables.

    Args:
        week: extracted_data.
    Returns:
        Breaches of severity `warning`: cells of box_forecast that expect fewer boxes than are
        placed already, regions that expect MANY_TIMES the boxes of their average past week, and
        ids that differ by capitals only.
    """
    found = [*_below_placed(week), *_many_times_history(week), *_twins(week)]
    return [replace(breach, severity="warning") for breach in found]


def _below_placed(week: WeekData) -> Iterator[Breach]:
    cells = week["box_forecast"]
    placed = week["orders"].groupby(CELL, as_index=False).size()
    cells = cells.merge(placed, on=CELL, how="left", validate="m:1")
    yield from told("box_forecast", cells, cells["mean_boxes"] < cells["size"], "mean_boxes",
                    "fewer boxes are expected than are placed already",
                    "let the forecast include placed boxes; they all stand anyway")  # fmt: skip


def _many_times_history(week: WeekData) -> Iterator[Breach]:
    past, expected = week["history_boxes"], week["box_forecast"]
    usual = past.groupby("region_id")["boxes"].sum() / max(past["menu_week"].nunique(), 1)
    boxes = expected.groupby("region_id")["mean_boxes"].sum()
    both = pd.DataFrame({"boxes": boxes, "usual": usual}).dropna()
    for row in both[both["boxes"] > MANY_TIMES * both["usual"]].itertuples():
        rule = f"more than {MANY_TIMES:g} times the {row.usual:,.0f} boxes of an average past week"
        yield Breach("box_forecast", "mean_boxes", f"region_id={row.Index}", f"{row.boxes:.0f}",
                     rule, "check the unit and the region, or leave it if it is meant")  # fmt: skip


def _twins(week: WeekData) -> Iterator[Breach]:
    """Two ids that people read as one: what is planned under each is then less than is needed."""
    for table, column in IDS.items():
        rows = week[table].drop_duplicates(column)  # a region stands once for each postcode
        twin = rows[column].str.casefold().duplicated(keep=False)
        yield from told(table, rows, twin, column, "another id differs by capitals only",
                        "write one id everywhere, or leave both if both are meant")  # fmt: skip
