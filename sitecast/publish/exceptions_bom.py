"""Exceptions about bills of materials that are there, but not whole.

The input check stops a week in which something that can be sold has no BOM at all, and the
forecast one in which something made has none on its production date. What passes both: a line that
ends in the middle of a week without a successor, a line that is there for one portions size and
forgotten for another, and boxes that no packaging rule covers although there are rules.
"""

import itertools
from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd

from sitecast.publish.contents import Contents
from sitecast.publish.findings import Finding
from sitecast.records.matching import positions
from sitecast.records.tables_exceptions import MISSING_BOM
from sitecast.records.week_record import SiteForecast, WeekData
from sitecast.settings import SimulatorSettings

_KIT = ["recipe_id", "portions"]


def bom_findings(contents: Contents, forecasts: Mapping[str, SiteForecast]) -> Iterator[Finding]:
    """Recipes that list fewer SKUs than elsewhere, and boxes without packaging.

    Valued at shortfall_cost for each kit or box, mean over draws: what is packed without something
    cannot be sent.

    Args:
        contents: with the inputs of every week.
        forecasts: site_forecast of every week, for its draws.
    """
    for week, data in contents.inputs.items():
        yield from _short_bills(contents, data, forecasts[week])
        if not _every_box_is_packed(contents.plan.settings.simulator, data):
            yield from _bare_boxes(contents, data, forecasts[week])


def _short_bills(contents: Contents, data: WeekData, forecast: SiteForecast) -> Iterator[Finding]:
    bills = _bills(data, _production_dates(contents, data.menu_week))
    bills = bills.assign(most=bills["skus"].groupby("recipe_id").transform("max"))
    short = bills[bills["skus"] < bills["most"]]
    if short.empty:
        return
    made = forecast["site_forecast_draws"]
    recipes = (made["item_type"] == "recipe").to_numpy()
    kits = made[recipes & made["item_id"].isin(short.index.unique("recipe_id")).to_numpy()]
    kits = kits.groupby(["item_id", "portions", "production_date"])["kits"].sum()
    names = data["recipes"].set_index("recipe_id")["name"]
    mean = kits.reindex(short.index).fillna(0) / contents.plan.draws
    for (recipe, portions), rows in short.assign(kits=mean)[mean > 0].groupby(_KIT):
        dates, total = rows.index.get_level_values("date"), rows["kits"].sum()
        order_by = dates.min() - pd.Timedelta(days=_lead_time(data, recipe, portions, dates[0]))
        days = f"{dates.min():%a %d %b}" + (f" to {dates.max():%a %d %b}" if len(dates) > 1 else "")
        yield Finding(
            MISSING_BOM, total * contents.plan.settings.allocation.shortfall_cost, order_by,
            data.menu_week, "recipe_site_forecast",
            {"item_type": "recipe", "item_id": recipe, "portions": int(portions)},
            f"The BOM of {names[recipe]} for {portions} people lists {rows['skus'].min():.0f} "
            f"SKUs on {days}, but {rows['most'].max():.0f} on another date or for another portions "
            f"size: {total:,.0f} kits of {data.menu_week} may lack something.",
            order_by,
        )  # fmt: skip


def _bills(data: WeekData, dates: pd.Series) -> pd.DataFrame:
    """How many SKUs each recipe and portions size lists on each date."""
    lines = data["recipe_bom"][[*_KIT, "sku_id", "valid_from", "valid_to"]]
    lines = lines.merge(dates.rename("date"), how="cross")
    lines = lines[~(lines["valid_to"] < lines["date"]) & ~(lines["valid_from"] > lines["date"])]
    skus = lines.groupby([*_KIT, "date"])["sku_id"].nunique()
    kits = lines[_KIT].drop_duplicates().merge(dates.rename("date"), how="cross")
    every = pd.MultiIndex.from_frame(kits)
    return skus.reindex(every, fill_value=0).rename("skus").to_frame()


def _lead_time(data: WeekData, recipe: str, portions: int, date: pd.Timestamp) -> int:
    """The longest lead time of the SKUs that the recipe lists elsewhere, but not there."""
    bom = data["recipe_bom"][data["recipe_bom"]["recipe_id"] == recipe]
    there = (bom["portions"] == portions) & ~(bom["valid_to"] < date) & ~(bom["valid_from"] > date)
    missing = set(bom["sku_id"]) - set(bom.loc[there.astype(bool), "sku_id"])
    skus = data["skus"]
    return int(skus.loc[skus["sku_id"].isin(missing), "lead_time_days"].max())


def _every_box_is_packed(simulator: SimulatorSettings, data: WeekData) -> bool:
    """Whether rules cover every box that is simulated or placed; also where there are no rules.

    Tells without the draws, which are large, that nothing can be found in them.
    """
    rules = data["packaging_rules"]
    if rules.empty:
        return True
    sizes = placed_sizes(data)
    sizes.update(itertools.product(simulator.box_sizes, simulator.portions))
    return all(_is_covered(rules, *size) for size in sizes)


def placed_sizes(data: WeekData) -> set[tuple[int, int]]:
    """Kits and portions of the boxes that are placed: a dozen pairs, of very many orders."""
    orders, lines = data["orders"], data["order_lines"]
    lines = lines[(lines["item_type"] == "recipe").to_numpy()]
    order, quantity = positions(lines["order_id"], orders["order_id"]), lines["quantity"].to_numpy()
    known = order >= 0  # lines of no order hold nothing
    kits = np.bincount(order[known], quantity[known], len(orders)).astype(np.int64)
    pairs = pd.DataFrame({"kits": kits, "portions": orders["portions"].to_numpy()})
    return set(pairs.drop_duplicates().itertuples(index=False, name=None))


def _is_covered(rules: pd.DataFrame, n_kits: int, portions: int) -> bool:
    only = rules["portions"]
    fits = (rules["min_kits"] <= n_kits) & (rules["max_kits"] >= n_kits)
    return bool((fits & (only.isna() | (only == portions).fillna(False))).any())


def _bare_boxes(contents: Contents, data: WeekData, forecast: SiteForecast) -> Iterator[Finding]:
    made = forecast["site_forecast_draws"]
    packs = made[(made["item_type"] == "box").to_numpy()]
    packs = packs.groupby(["item_id", "portions"])["kits"].sum().reset_index()
    rules, due = data["packaging_rules"], _production_dates(contents, data.menu_week).min()
    for pack in packs.itertuples():
        n_kits, portions = int(pack.item_id), int(pack.portions)
        if _is_covered(rules, n_kits, portions):
            continue
        boxes = pack.kits / contents.plan.draws
        yield Finding(
            MISSING_BOM, boxes * contents.plan.settings.allocation.shortfall_cost, due,
            data.menu_week, "packaging_rules", {"kits": n_kits, "portions": portions},
            f"No packaging rule covers boxes of {n_kits} kits for {portions} people: "
            f"{boxes:,.0f} boxes of {data.menu_week} have no packaging planned.",
        )  # fmt: skip


def _production_dates(contents: Contents, menu_week: str) -> pd.Series:
    load = contents.tables["site_load"]
    dates = load.loc[load["menu_week"] == menu_week, "production_date"]
    return dates.drop_duplicates().sort_values(ignore_index=True)
