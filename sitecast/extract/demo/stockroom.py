"""What lies in the demo company's stores, and what is on its way."""

import numpy as np
import pandas as pd

from sitecast.extract.demo.calendar import AS_OF
from sitecast.extract.demo.company import Company
from sitecast.randomness import generator

KITS_PER_BOX, STOCKED_WEEKS = 3.2, 0.25
"""Kits in a usual box, and the weeks of use that a store holds on average."""
ORDERED_SHARE, DAYS_AHEAD = 0.35, 6


def stock_tables(company: Company) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The tables stock and open_pos, for sites that are open and what they use next week."""
    use = _weekly_use(company)
    facts = company.skus.set_index("sku_id").loc[use.index]
    open_sites = [site.site_id for site in company.size.sites if any(site.caps)]
    stock, orders = [], []
    for site in open_sites:
        rng = generator(company.seed, "demo", "stock", site)
        share = use.to_numpy() / len(open_sites)
        today = np.datetime64(AS_OF.date())
        keeps = np.ceil(facts["shelf_life_days"].to_numpy() * rng.uniform(0.3, 1.0, len(use)))
        stock.append(pd.DataFrame({
            "site_id": site, "sku_id": use.index,
            "expiry_date": today + keeps.astype("timedelta64[D]"),
            "qty": (share * rng.gamma(2.0, STOCKED_WEEKS / 2, len(use))).round(),
        }))  # fmt: skip
        cases = np.ceil(0.5 * share / facts["case_size"].to_numpy())
        coming = pd.DataFrame({
            "site_id": site, "sku_id": use.index, "qty": cases * facts["case_size"].to_numpy(),
            "due_date": today + rng.integers(1, DAYS_AHEAD + 1, len(use)).astype("timedelta64[D]"),
        })  # fmt: skip
        orders.append(coming[rng.random(len(use)) < ORDERED_SHARE])
    on_order = pd.concat(orders, ignore_index=True)
    numbers = [f"PO-{number:05d}" for number in range(1, len(on_order) + 1)]
    return pd.concat(stock, ignore_index=True), on_order.assign(po_id=numbers)


def _weekly_use(company: Company) -> pd.Series:
    """What the first planned week takes if all its recipes sell alike, by sku_id."""
    week = next(week for week in company.weeks if week.planned)
    menu = [recipe.recipe_id for recipe in company.menus[week.key]]
    kits = company.size.boxes_per_week * KITS_PER_BOX / len(menu)
    lines = company.bom[company.bom["recipe_id"].isin(menu) & (company.bom["portions"] == 2)]
    return lines.groupby("sku_id", sort=True)["qty"].sum() * kits
