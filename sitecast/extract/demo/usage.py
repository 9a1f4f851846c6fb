"""What the demo company's sites used in the weeks that are over."""

import numpy as np
import pandas as pd

from sitecast.extract.demo.calendar import DemoWeek
from sitecast.extract.demo.company import Company
from sitecast.extract.demo.network import region_sites_table
from sitecast.extract.demo.order_book import DELIVERED, Boxes, usual_sites
from sitecast.randomness import generator

KEYS = ["site_id", "production_date", "sku_id"]
USE_SPREAD = 0.01


def usage_of_week(company: Company, week: DemoWeek, boxes: Boxes) -> pd.DataFrame:
    """What one past week used: kits times BOM / yield, give or take a percent."""
    need = _kits(company, week, boxes).merge(company.bom, on=["recipe_id", "portions"])
    need["used_qty"] = need["kits"] * need["qty"]
    used = need.groupby(KEYS, sort=True)["used_qty"].sum().reset_index()
    facts = company.skus.set_index("sku_id").loc[used["sku_id"]]
    rng = generator(company.seed, "demo", "usage", week.key)
    spread = rng.normal(1.0, USE_SPREAD, len(used))
    really = used["used_qty"].to_numpy() / facts["yield_rate"].to_numpy() * spread
    waste = really * facts["wastage_rate"].to_numpy() * rng.gamma(4.0, 0.25, len(used))
    return used.assign(used_qty=really.round(1), waste_qty=waste.round(1))


def usage_table(weeks: list[pd.DataFrame]) -> pd.DataFrame:
    """The table usage_actuals; on a date that two weeks share, their use is one figure."""
    return pd.concat(weeks).groupby(KEYS, sort=True).sum().round(1).reset_index()


def _kits(company: Company, week: DemoWeek, boxes: Boxes) -> pd.DataFrame:
    """site_id, production_date, recipe_id, portions and kits of the delivered boxes."""
    gone = boxes.state == DELIVERED
    who, days = boxes.customer[gone], boxes.day[gone].astype("timedelta64[D]")
    links = region_sites_table(company.regions, company.size)
    transit = links.pivot_table("transit_days", "region_id", "site_id", fill_value=0)
    transit = transit.reindex(company.regions["region_id"], columns=company.can_make.columns)
    site = usual_sites(company, week, boxes)[gone]
    travel = transit.to_numpy(np.int64)[company.customers.region[who], site]
    picks = boxes.picks[gone]
    box, place = np.nonzero((picks >= 0) & (site >= 0)[:, None])
    made = np.datetime64(week.start) + days - travel.astype("timedelta64[D]")
    kits = pd.DataFrame({
        "site": site[box], "production_date": made[box].astype("datetime64[ms]"),
        "recipe": picks[box, place], "portions": company.customers.portions[who][box],
    })  # fmt: skip
    counts = kits.value_counts(sort=False).reset_index(name="kits")
    menu = np.array([recipe.recipe_id for recipe in company.menus[week.key]], dtype=object)
    sites = company.can_make.columns.to_numpy(dtype=object)
    return counts.assign(recipe_id=menu[counts["recipe"]], site_id=sites[counts["site"]])
