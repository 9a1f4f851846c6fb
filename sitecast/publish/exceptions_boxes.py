"""Exceptions about boxes and sites: caps that will likely be broken, boxes without a site."""

from collections.abc import Iterator
from typing import Any

import pandas as pd

from sitecast.publish.contents import Contents
from sitecast.publish.findings import Finding
from sitecast.publish.limits import worth_of_caps
from sitecast.publish.words import money, reason_in_words
from sitecast.records.tables_exceptions import CAP_LIKELY_BROKEN, UNALLOCATED_BOXES

_LONGEST_LIMIT = 160  # characters of the limits that a message names


def cap_findings(contents: Contents) -> Iterator[Finding]:
    """Site-days and site-weeks whose cap is likely exceeded, or is already by final boxes.

    Valued at what 10 % more cap saves (capacity_value; where it was not computed and for
    site-weeks, shadow_price for each of those boxes, which is the most it can be), and at
    shortfall_cost for each final box above the cap.
    """
    tables = contents.tables
    days = tables["site_load"].merge(
        worth_of_caps(tables["capacity_value"]), how="left",
        on=["menu_week", "site_id", "production_date"],
    )  # fmt: skip
    for row in days[_likely_broken(days, contents)].itertuples():
        at, day = {"site_id": row.site_id}, row.production_date
        where = f"{contents.site_names.get(row.site_id, row.site_id)} on {day:%a %d %b}"
        keys = {**at, "production_date": day}
        yield _cap_finding(contents, row, day, "site_load", keys, where, row.more_saves)
    starts = days.groupby(["menu_week", "site_id"])["production_date"].min()
    weeks = tables["site_week_load"]
    for row in weeks[_likely_broken(weeks, contents)].itertuples():
        where = f"{contents.site_names.get(row.site_id, row.site_id)} in {row.menu_week}"
        due = starts.loc[(row.menu_week, row.site_id)]
        yield _cap_finding(contents, row, due, "site_week_load", {"site_id": row.site_id}, where)


def _likely_broken(load: pd.DataFrame, contents: Contents) -> "pd.Series[bool]":
    likely = load["p_over_cap"] >= contents.plan.settings.exceptions.p_over_cap
    return load["cap_boxes"].notna() & ((likely & (load["p_over_cap"] > 0))
                                        | (load["over_cap_frozen"] > 0))  # fmt: skip


def _cap_finding(
    contents: Contents, row: Any, due: pd.Timestamp, table: str, keys: dict[str, Any], where: str,
    more_saves: float = float("nan"),
) -> Finding:  # fmt: skip
    saved = row.shadow_price * row.cap_boxes / 10 if pd.isna(more_saves) else max(more_saves, 0.0)
    settings = contents.plan.settings
    words, cap = [], f"the cap of {row.cap_boxes:,} boxes"
    if row.over_cap_frozen:
        words.append(f"{row.over_cap_frozen:,} final boxes stand above {cap}")
        cap = "it"
    if row.p_over_cap > 0:
        words.append(f"demand exceeds {cap} in {100 * row.p_over_cap:.0f} % of futures; 10 % more "
                     f"cap would save {money(saved, settings.currency)}")  # fmt: skip
    value = saved + row.over_cap_frozen * settings.allocation.shortfall_cost
    return Finding(CAP_LIKELY_BROKEN, value, due, row.menu_week, table, keys,
                   f"{where}: {', and '.join(words)}.")  # fmt: skip


def unallocated_findings(contents: Contents) -> Iterator[Finding]:
    """Boxes without a site, one finding per week, reason and binding limit.

    Valued at shortfall_cost for each box, mean over draws.
    """
    settings = contents.plan.settings
    by_limit = contents.tables["unallocated"].groupby(["menu_week", "reason", "binding"])
    short = by_limit.agg(boxes=("boxes_mean", "sum"), placed=("boxes_committed", "sum"),
                         due=("delivery_date", "min")).reset_index()  # fmt: skip
    told = short[(short["boxes"] >= max(settings.exceptions.unallocated_boxes, 1e-9))
                 | (short["placed"] > 0)]  # fmt: skip
    for row in told.itertuples():
        limit = row.binding if len(row.binding) <= _LONGEST_LIMIT else (
            row.binding[: _LONGEST_LIMIT - 1] + "…")  # fmt: skip
        placed = f" ({row.placed:,} of them placed)" if row.placed else ""
        yield Finding(
            UNALLOCATED_BOXES, row.boxes * settings.allocation.shortfall_cost, row.due,
            row.menu_week, "unallocated", {"reason": row.reason, "binding": row.binding},
            f"{row.boxes:,.1f} boxes{placed} of {row.menu_week} have no site: "
            f"{reason_in_words(row.reason)}{f' ({limit})' if limit else ''}.",
        )  # fmt: skip
