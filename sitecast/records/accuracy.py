"""forecast_accuracy summed up for people."""

import pandas as pd

OURS = "sitecast"
"""The method that is a plan's own forecast."""
PARTS = ("volume", "share", "allocation", "bom")
"""Stages to which an error is split, in the order in which actuals are swapped in."""
LEVEL_ORDER = ("site_sku", "sku", "site_item", "item", "site", "total")


def accuracy_by_lead(table: pd.DataFrame) -> pd.DataFrame:
    """Mean accuracy over weeks, weighted by what was delivered.

    Args:
        table: forecast_accuracy.
    Returns:
        lead_day, level, method, weeks, and the means of the measures.
    """
    means = ["bias", "wape", "fva", "noise_floor", "pinball", "coverage_80", "coverage_95",
             *(f"wape_{part}" for part in PARTS)]  # fmt: skip
    keys = ["lead_day", "level", "method"]
    weighted = table[means].mul(table["actual"], axis=0)
    sums = weighted.groupby([table[key] for key in keys]).sum(min_count=1)
    grouped = table.groupby(keys)
    result = sums.div(grouped["actual"].sum(), axis=0)
    result.insert(0, "weeks", grouped["menu_week"].nunique())
    return result.reset_index()


def accuracy_in_short(table: pd.DataFrame) -> pd.DataFrame:
    """One row per lead and level: ours, and what it adds to each reference (fva).

    Args:
        table: forecast_accuracy.
    Returns:
        lead_day, level, weeks, wape, bias, floor, in_80, in_95; volume, share, allocation, bom
        (parts of wape); fva_<method> for every reference. Means over weeks, weighted by what was
        delivered.
    """
    means = accuracy_by_lead(table)
    ours = means[means["method"] == OURS].set_index(["lead_day", "level"])
    named = {"noise_floor": "floor", "coverage_80": "in_80", "coverage_95": "in_95"}
    named |= {f"wape_{part}": part for part in PARTS}
    short = ours.rename(columns=named)[["weeks", "wape", "bias", *named.values()]]
    others = means[means["method"] != OURS].pivot_table(
        index=["lead_day", "level"], columns="method", values="fva"
    )
    short = short.join(others.add_prefix("fva_")).reset_index()
    order = short["level"].map({level: place for place, level in enumerate(LEVEL_ORDER)})
    return short.assign(order=order).sort_values(["lead_day", "order"], ignore_index=True).drop(
        columns="order"
    )  # fmt: skip


def latest_weeks(table: pd.DataFrame, most: int) -> pd.DataFrame:
    """Rows of the last `most` menu weeks that were measured."""
    weeks = sorted(table["menu_week"].unique())[-most:]
    return table[table["menu_week"].isin(weeks)]
