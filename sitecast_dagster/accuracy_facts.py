"""What the UI shows of accuracy: figures that it plots over partitions, and a table.

What belongs here: turning rows of forecast_accuracy into metadata. What does not: measuring.
"""

from typing import Any

import pandas as pd

from sitecast.evaluate import PARTS, accuracy_in_short
from sitecast_dagster.metadata import preview

SHOWN = ("site_sku", "sku", "total")
FIGURES = {
    "wape": "wape",
    "bias": "bias",
    "in_80": "coverage 80",
    "in_95": "coverage 95",
    "fva_naive": "fva against naive",
    **{part: f"wape from {part}" for part in PARTS},
}


def accuracy_facts(table: pd.DataFrame) -> dict[str, Any]:
    """Numbers of the shortest lead, one per level and figure, and all leads as a table.

    Args:
        table: rows of forecast_accuracy of one menu week.
    """
    short = accuracy_in_short(table)
    nearest = short[short["lead_day"] == short["lead_day"].min()].set_index("level")
    facts: dict[str, Any] = {
        f"{name} ({level})": float(nearest.loc[level, column])
        for level in SHOWN
        for column, name in FIGURES.items()
        if column in nearest and pd.notna(nearest.loc[level, column])
    }
    return {
        "lead day": int(short["lead_day"].min()), "plans": int(table["plan_id"].nunique()),
        **facts, "by lead and level": preview(short, rows=24),
        "dagster/row_count": len(table),
    }  # fmt: skip
