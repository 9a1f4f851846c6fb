"""Invented companies of any size, for the benchmarks that grow one axis at a time."""

from dataclasses import replace
from pathlib import Path

import pandas as pd
import yaml

from sitecast.extract.demo import calendar, sizes, write_demo_company

SPLIT = "harbour"
"""The factory that becomes several when a company shall have more of them."""


def invent_company(
    home: Path, boxes: int, *, like="demo", sites=0, weeks=4, draws=0, recipes=0, varieties=0
) -> Path:
    """Write a company and its plan file; returns the home.

    Args:
        home: a new folder.
        boxes: boxes in an ordinary week.
        like: the size whose menus, segments and factories it has.
        sites: factories; 0 for those of `like`, else one of them is split, with equal room and
            nearly equal costs.
        weeks: menu weeks of the plan; those without orders yet have a forecast only.
        draws: draws of the plan; 0 for those of `like`.
        recipes: on a menu, out of twice as many; 0 for those of `like`.
        varieties: of each ingredient, as SKUs of their own; 0 for those of `like`.
    """
    profile = sizes.company_size(like)
    sizes.SIZES["benchmark"] = replace(
        profile, name="benchmark", boxes_per_week=boxes, draws=draws or profile.draws,
        sites=_scaled(profile, boxes), menu_recipes=recipes or profile.menu_recipes,
        pool_recipes=2 * recipes or profile.pool_recipes,
        varieties=varieties or profile.varieties,
    )  # fmt: skip
    horizon, calendar.FUTURE_WEEKS = calendar.FUTURE_WEEKS, max(weeks, calendar.FUTURE_WEEKS)
    try:
        plan_file = write_demo_company(home, size="benchmark")
    finally:
        calendar.FUTURE_WEEKS = horizon
    if sites > len(profile.sites):
        _split(home / "input", sites - len(profile.sites) + 1)
    plan = yaml.safe_load(plan_file.read_text())
    plan["horizon_weeks"] = weeks
    plan.pop("capacity_overrides", None)
    plan_file.write_text(yaml.safe_dump(plan))
    return home


def _scaled(profile, boxes):
    grown = boxes / profile.boxes_per_week
    return tuple(
        replace(site, caps=tuple(round(cap * grown) for cap in site.caps),
                floor=round(site.floor * grown))
        for site in profile.sites
    )  # fmt: skip


def _split(folder, parts):
    for path in folder.glob("*.parquet"):
        table = pd.read_parquet(path)
        if "site_id" not in table:
            continue
        one = table["site_id"] == SPLIT
        share = {c: table.loc[one, c] // parts for c in ("cap_boxes", "floor_boxes") if c in table}
        pieces = [table[~one]]
        for part in range(parts):
            costs = {c: table.loc[one, c] + part for c in table if c.startswith("cost")}
            name = SPLIT if part == 0 else f"{SPLIT}-{part + 1}"
            pieces.append(table[one].assign(site_id=name, **share, **costs))
        pd.concat(pieces, ignore_index=True).to_parquet(path)
