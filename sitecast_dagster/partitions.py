"""The partition set `menu_week`: its definition, its order, and which keys may go.

What belongs here: pure statements about keys. What does not: adding or deleting them
(assets/forecast_plan.py).
"""

from collections.abc import Iterable

import dagster as dg

MENU_WEEK = "menu_week"
MENU_WEEKS = dg.DynamicPartitionsDefinition(name=MENU_WEEK)
PAST_WEEK = "past_week"
PAST_WEEKS = dg.DynamicPartitionsDefinition(name=PAST_WEEK)
"""Weeks that were over when a plan was made: what a backtest may forecast again."""


def weeks_to_add(registered: Iterable[str], planned: Iterable[str]) -> list[str]:
    """Planned weeks that are not registered yet, in order of time."""
    return sorted(set(planned) - set(registered))


def weeks_to_drop(
    registered: Iterable[str], planned: Iterable[str], in_use: Iterable[str]
) -> list[str]:
    """Weeks no longer wanted: after the plan's horizon, and neither materialised nor running.

    Everything else stays: a deleted key would hide its history in the UI. See
    docs/design/decisions/0003-weeks-no-longer-wanted.md.
    """
    horizon_end = max(planned)
    return sorted(week for week in set(registered) - set(in_use) if week > horizon_end)
