"""Rules of sites, caps and serviceability, and of plan settings that name ids."""

import difflib
from collections.abc import Iterator

import pandas as pd

from sitecast.errors import Breach
from sitecast.extract.told import told
from sitecast.extract.week_tables import WeekTables
from sitecast.records.attributes import attribute_fault, diet_tags
from sitecast.settings import PlanSettings


def site_breaches(week: WeekTables, _: PlanSettings) -> Iterator[Breach]:
    """No site at all, a cap below its floor, or no region that any site reaches."""
    sites, links = week["sites"], week["region_sites"]
    if sites.empty:
        yield Breach("sites", "site_id", "", "", "there is no site", "add the factories to sites")
    for name in ("site_caps", "site_week_caps"):
        caps = week[name]
        below = caps["cap_boxes"].astype("Float64") < caps["floor_boxes"].astype("Float64")
        yield from told(name, caps, below, "cap_boxes", "cap below the floor",
                        "correct cap_boxes or floor_boxes")  # fmt: skip
    if not links["site_id"].isin(sites["site_id"]).any():
        key = f"menu_week={week.dates.menu_week}"
        yield Breach("region_sites", "site_id", key, "", "no site reaches any region",
                     "add the sites that deliver to each region to region_sites")  # fmt: skip


def resource_breaches(week: WeekTables, _: PlanSettings) -> Iterator[Breach]:
    """Caps on a line on which the site makes nothing, on an unknown SKU, or on packaging."""
    caps, made, skus = week["resource_caps"], week["item_sites"], week["skus"]
    lines = set(zip(made["site_id"], made["line_id"], strict=True))
    here = pd.Series([pair in lines for pair in zip(caps["site_id"], caps["resource_id"],
                                                    strict=True)], caps.index, bool)  # fmt: skip
    is_sku = (caps["resource_type"] == "sku").fillna(False).astype(bool)
    yield from told("resource_caps", caps, ~is_sku & ~here, "resource_id",
                    "the site makes nothing on this line", "correct it or item_sites")  # fmt: skip
    unknown = is_sku & ~caps["resource_id"].isin(week.ids["skus"])
    yield from told("resource_caps", caps, unknown, "resource_id", "unknown SKU",
                    "correct it, or add it to skus")  # fmt: skip
    packaging = skus.loc[(skus["kind"] == "packaging").fillna(False), "sku_id"]
    yield from told("resource_caps", caps, is_sku & caps["resource_id"].isin(packaging),
                    "resource_id", "packaging cannot have a cap",
                    "cap the items or the boxes of the site instead")  # fmt: skip


def settings_breaches(week: WeekTables, settings: PlanSettings) -> Iterator[Breach]:
    """Plan settings that name a site, a recipe or a diet tag that is not in the data."""
    for override in settings.allocation.cap_overrides:
        yield from _unknown("allocation.cap_overrides", override.site_id, week.ids["sites"], "site")
    for opening in settings.allocation.opening_costs:
        yield from _unknown("allocation.opening_costs", opening.site_id, week.ids["sites"], "site")
    for cap in settings.simulator.recipe_caps:
        if cap.menu_week in (None, week.dates.menu_week):
            known = week.ids["recipes"]
            yield from _unknown("simulator.recipe_caps", cap.recipe_id, known, "recipe")
    texts = week["recipes"]["attributes"]
    tags = frozenset[str]().union(*(diet_tags(text) for text in texts if not attribute_fault(text)))
    for exclusion in settings.simulator.exclusions:
        recipe, tag = exclusion.recipe_id, exclusion.without_diet_tag
        if recipe is not None:
            yield from _unknown("simulator.exclusions", recipe, week.ids["recipes"], "recipe")
        if tag is not None and tag not in tags:
            yield from _unknown("simulator.exclusions", tag, pd.Index(sorted(tags)), "diet tag")


def _unknown(setting: str, value: str, known: pd.Index, what: str) -> Iterator[Breach]:
    if value in known:
        return
    near = difflib.get_close_matches(value, known.tolist(), n=1, cutoff=0.0)
    remedy = f"the nearest known one is {near[0]}" if near else f"there is no {what} at all"
    yield Breach("plan file", setting, "", value, f"unknown {what}", remedy)
