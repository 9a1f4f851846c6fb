"""How close a forecast is to its limits and to the last plan, in a few numbers."""

from collections.abc import Mapping

import pandas as pd

_WHOLE_WEEK = {"production_date": pd.NaT}
_DAY = ["menu_week", "site_id", "production_date"]


def churn(table: pd.DataFrame) -> dict[str, float] | None:
    """wape_site against the last plan, and wape_global, below which no allocation can go (R11).

    Args:
        table: churn, of one week or several.
    Returns:
        None where no plan was published before.
    """
    pieces = int(table["pieces"].sum())
    if not pieces:
        return None
    return {"wape_site": round(int(table["changed"].sum()) / pieces, 4),
            "wape_global": round(int(table["least"].sum()) / pieces, 4)}  # fmt: skip


def below_floor(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Site-days (and site-weeks, without a date) that miss their floor, the likeliest first."""
    load = _loads(tables)
    missed = load[load["p_below_floor"] > 0]
    columns = [*_DAY, "floor_boxes", "p_below_floor", "boxes_below_floor", "floor_reason"]
    order = ["p_below_floor", "boxes_below_floor"]
    return missed[columns].sort_values(order, ascending=False, kind="stable")


def over_cap(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Site-days (and site-weeks, without a date) with more boxes that are final than their cap."""
    load = _loads(tables)
    over = load[load["over_cap_frozen"] > 0]
    columns = [*_DAY, "cap_boxes", "over_cap_frozen"]
    return over[columns].sort_values("over_cap_frozen", ascending=False, kind="stable")


def worth_of_caps(capacity_value: pd.DataFrame) -> pd.DataFrame:
    """By site-day what 10 % more cap saves (more_saves) and 10 % less costs (less_costs).

    Means over draws, in minor units of the currency.
    """
    days = capacity_value.set_index(_DAY)
    more, less = (days.loc[days["change_pct"] == change, "money_saved"] for change in (10, -10))
    return pd.DataFrame({"more_saves": more, "less_costs": 0.0 - less}).reset_index()


def _loads(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    weeks = tables["site_week_load"]
    if not len(weeks):
        return tables["site_load"]
    return pd.concat([tables["site_load"], weeks.assign(**_WHOLE_WEEK)], ignore_index=True)
