"""One thing that needs a planner's eye, as a rule tells of it; exceptions.py ranks them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd


@dataclass(frozen=True)
class Finding:
    """What a rule found, not yet ranked."""

    rule: str
    value: float
    """Money at risk, minor units."""
    due: pd.Timestamp
    """The day until which somebody can do something about it."""
    menu_week: str
    table: str
    """Where its rows stand."""
    keys: Mapping[str, str | int | pd.Timestamp]
    """Values of columns that select them."""
    message: str
    order_by: pd.Timestamp | None = None
    """Next last day to order what it is about, where it is about an order."""

    @property
    def keys_json(self) -> str:
        """Table and keys as JSON; the same finding gives the same text."""
        plain = {
            name: f"{value:%Y-%m-%d}" if isinstance(value, pd.Timestamp) else value
            for name, value in self.keys.items()
        }
        return json.dumps({"table": self.table, "menu_week": self.menu_week, **plain},
                          ensure_ascii=False)  # fmt: skip


def next_day(days: "pd.Series[pd.Timestamp]", today: pd.Timestamp) -> pd.Timestamp | None:
    """The first day that has not passed, else the last that has; None without any."""
    if days.empty:
        return None
    ahead = days[days >= today]
    return pd.Timestamp(days.max() if ahead.empty else ahead.min())
