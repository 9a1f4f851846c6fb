"""How good earlier forecasts were: what the page says of forecast_accuracy."""

from typing import Any

import pandas as pd

from sitecast.publish.contents import Contents
from sitecast.records.accuracy import PARTS, accuracy_in_short, latest_weeks

MOST_WEEKS = 8
LEVELS = {
    "site_sku": "SKUs by site", "sku": "SKUs, all sites", "site_item": "kits by site",
    "item": "kits, all sites", "site": "boxes by site", "total": "all boxes",
}  # fmt: skip
_REFERENCES = {
    "naive": "last week", "seasonal_naive": "a year ago", "mean_8": "mean of 8 weeks",
    "previous_plan": "the plan before", "box_forecast": "box forecast",
}  # fmt: skip


def accuracy_in_words(contents: Contents) -> dict[str, Any] | None:
    """Errors of the last weeks by lead and level, in percent; nothing where none was measured."""
    if contents.accuracy.empty:
        return None
    table = latest_weeks(contents.accuracy, MOST_WEEKS)
    short = accuracy_in_short(table)
    references = {f"fva_{name}": words for name, words in _REFERENCES.items()
                  if f"fva_{name}" in short}  # fmt: skip
    weeks = sorted(table["menu_week"].unique())
    rows = [
        {
            "lead": int(row["lead_day"]), "level": LEVELS[row["level"]], "weeks": row["weeks"],
            "wape": _percent(row["wape"]), "bias": _signed(row["bias"]),
            "floor": _percent(row["floor"]), "in_80": _percent(row["in_80"], 0),
            "in_95": _percent(row["in_95"], 0), "parts": [_percent(row[part]) for part in PARTS],
            "fva": [_signed(row[name]) for name in references],
        }
        for row in short.to_dict("records")
    ]  # fmt: skip
    return {"weeks": weeks, "rows": rows, "references": list(references.values())}


def _percent(value: float, places: int = 1) -> str:
    return "" if pd.isna(value) else f"{100 * value:.{places}f}"


def _signed(value: float) -> str:
    return "" if pd.isna(value) else f"{100 * value:+.1f}"
