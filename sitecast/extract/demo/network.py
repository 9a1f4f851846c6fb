"""Sites, regions and the ways between them."""

import datetime as dt
import itertools
import string

import numpy as np
import pandas as pd

from sitecast.extract.demo.calendar import DemoWeek
from sitecast.extract.demo.sizes import CompanySize
from sitecast.extract.demo.vocabulary import rows
from sitecast.randomness import generator

OPENED = dt.date(2019, 3, 4)
FIRST_PACKING_DAY = -2
FAR = 145
"""Delivery cost (minor units) from which a region takes two days."""
POSTCODES_PER_REGION = 3


def regions_frame(size: CompanySize, seed: int) -> pd.DataFrame:
    """region_id, weight, and delivery cost per box from each site (NaN: out of its reach)."""
    sites = [site.site_id for site in size.sites]
    rng = generator(seed, "demo", "regions")
    made = []
    for row in rows("regions"):
        for district in size.districts or ("",):
            spread = float(rng.uniform(0.6, 1.4)) if district else 1.0
            detour = int(rng.integers(-15, 16)) if district else 0
            made.append((
                f"{row['region_id']}-{district}" if district else row["region_id"],
                float(row["weight"]) * spread,
                *(float(row[site]) + detour if row[site] else np.nan for site in sites),
            ))  # fmt: skip
    frame = pd.DataFrame(made, columns=["region_id", "weight", *sites])
    return frame.assign(weight=frame["weight"] / frame["weight"].sum())


def regions_table(regions: pd.DataFrame) -> pd.DataFrame:
    """The table regions."""
    letters = map("".join, itertools.product(string.ascii_uppercase, repeat=2))
    return pd.DataFrame(
        [
            (f"{prefix}{number}", region)
            for prefix, region in zip(letters, regions["region_id"], strict=False)
            for number in range(1, POSTCODES_PER_REGION + 1)
        ],
        columns=["postcode_prefix", "region_id"],
    )


def region_sites_table(regions: pd.DataFrame, size: CompanySize) -> pd.DataFrame:
    """The table region_sites; dear regions are far away."""
    sites = [site.site_id for site in size.sites]
    links = regions.melt("region_id", sites, "site_id", "cost_per_box").dropna()
    far = links["cost_per_box"] >= FAR
    return links.assign(transit_days=1 + far)


def sites_table(size: CompanySize) -> pd.DataFrame:
    """The table sites."""
    return pd.DataFrame(
        [
            (site.site_id, site.name, OPENED, site.is_catch_all, priority)
            for priority, site in enumerate(size.sites, start=1)
        ],
        columns=["site_id", "name", "opens_on", "is_catch_all", "priority"],
    )


def site_caps_table(size: CompanySize, weeks: tuple[DemoWeek, ...]) -> pd.DataFrame:
    """The table site_caps; where two weeks pack on one date, each has its own row.

    Floors are low: past weeks were split without them, and plans should not look wrong for it.
    """
    caps = pd.DataFrame(
        [
            (site.site_id, week.start + dt.timedelta(days=FIRST_PACKING_DAY + day), cap,
             min(site.floor, cap // 5), week.key)
            for site in size.sites
            for week in weeks
            for day, cap in enumerate(site.caps)
        ],
        columns=["site_id", "production_date", "cap_boxes", "floor_boxes", "menu_week"],
    )  # fmt: skip
    shared = caps.duplicated(["site_id", "production_date"], keep=False)
    return caps.assign(menu_week=caps["menu_week"].where(shared))


def site_week_caps_table(size: CompanySize, weeks: tuple[DemoWeek, ...]) -> pd.DataFrame:
    """The table site_week_caps: a week holds what its days hold."""
    return pd.DataFrame(
        [
            (site.site_id, week.key, sum(site.caps), 0)
            for site in size.sites if site.caps
            for week in weeks
        ],
        columns=["site_id", "menu_week", "cap_boxes", "floor_boxes"],
    )  # fmt: skip


def cheapest_site(
    regions: pd.DataFrame, size: CompanySize, region: np.ndarray, makers: np.ndarray
) -> np.ndarray:
    """Where each box would be packed if no cap bound.

    Args:
        regions: from regions_frame().
        size: the company's profile.
        region: (boxes,) row of `regions`.
        makers: (boxes, sites) whether the site makes every item of the box.
    Returns:
        (boxes,) position of the site, -1 where none can.
    """
    closed = [bool(site.caps) and not any(site.caps) for site in size.sites]
    cost = regions[[site.site_id for site in size.sites]].to_numpy(float)
    cost = np.where(np.isnan(cost) | np.array(closed), np.inf, cost)[region]
    cost[~makers] = np.inf
    best = cost.argmin(axis=1)
    return np.where(np.isfinite(cost.min(axis=1)), best, -1)
