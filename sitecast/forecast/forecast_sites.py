"""What each site needs of every SKU, from the kits that allocation put there."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sitecast.forecast.bill_of_materials import BillOfMaterials, bill_of_materials
from sitecast.forecast.buying import service_levels, with_orders
from sitecast.forecast.draw_tables import box_items, kit_draws, load_draws
from sitecast.records.allocation import Allocation
from sitecast.records.plan import ForecastPlan
from sitecast.records.quantiles import draw_quantile, draw_summary, text_at
from sitecast.records.tables_written import RECIPE_SITE_FORECAST, SITE_FORECAST, WEEKLY_NEED
from sitecast.records.week_record import Provenance, SiteForecast, WeekData


def forecast_sites(
    week: WeekData, allocation: Allocation, plan: ForecastPlan, provenance: Provenance
) -> SiteForecast:
    """Kits × bill of materials in every draw, then quantiles of the sums.

    Args:
        week: extracted_data; its skus and bills of materials.
        allocation: kits and boxes at every site in every draw.
        plan: the service level, and what a shortage costs.
        provenance: what the record says it was made from.
    Returns:
        site_forecast, weekly_need, recipe_site_forecast, site_forecast_draws; load_draws (draw,
        site_id, production_date, boxes); and the tables of the allocation.
    Raises:
        DataError: something is made that has no bill of materials on its production date.
    Source:
        Rules R5 and R6.
    """
    items = pd.concat([allocation.axes.items(), box_items(allocation.packs)], ignore_index=True)
    bom = bill_of_materials(week, items)
    levels = service_levels(bom.skus, plan.settings)
    site_day, weekly = _needs(allocation, bom, week.menu_week, levels)
    tables = {
        "site_forecast": site_day,
        "weekly_need": weekly,
        "recipe_site_forecast": _recipe_site_forecast(allocation, week.menu_week),
        "site_forecast_draws": kit_draws(allocation, items),
        "load_draws": load_draws(allocation),
        **allocation.tables,
    }
    return SiteForecast(provenance, tables)


def _needs(
    allocation: Allocation, bom: BillOfMaterials, menu_week: str, levels: NDArray[np.float64]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """site_forecast, and weekly_need from the same draws summed over each site's days."""
    lanes, shape = allocation.axes.lanes, (len(bom.skus), len(allocation.kits) + 1)
    days, sites = [], []
    for site, of_site in lanes.groupby("site").groups.items():
        whole_week = np.zeros(shape)
        for date, of_day in lanes.loc[of_site].groupby("production_date").groups.items():
            need = bom.need(_kits(allocation, of_day.to_numpy()), date)
            whole_week += need
            rows = _rows(need, levels)
            days.append(rows.assign(site=site, need_date=date))
        sites.append(_rows(whole_week, levels).assign(site=site))
    if not days:  # no site works on any day of the week
        return SITE_FORECAST.empty(), WEEKLY_NEED.empty()
    site_day = with_orders(_labelled(days, allocation, bom, menu_week))
    weekly = _labelled(sites, allocation, bom, menu_week)
    return SITE_FORECAST.shaped(site_day), WEEKLY_NEED.shaped(weekly)


def _kits(allocation: Allocation, lanes: NDArray[np.int64]) -> NDArray[np.int64]:
    """(items, draws + 1) of the lanes together; the last column is the committed part."""
    draws = [allocation.kits, allocation.box_packs]
    committed = [allocation.kits_committed, allocation.box_packs_committed]
    whole = np.concatenate([counts[:, lanes].sum(axis=1) for counts in draws], axis=1)
    part = np.concatenate([counts[lanes].sum(axis=0) for counts in committed])
    return np.concatenate([whole, part[None]]).T.astype(np.int64)


def _rows(need: NDArray[np.float64], levels: NDArray[np.float64]) -> pd.DataFrame:
    """A row for every SKU that any draw needs."""
    sku = np.flatnonzero(need.any(axis=1))
    ordered = np.sort(need[sku, :-1], axis=1)
    return pd.DataFrame({
        "sku": sku,
        "qty_committed": need[sku, -1],
        **draw_summary(ordered, "qty_"),
        "service_level": levels[sku],
        "qty_required": draw_quantile(ordered, levels[sku]),
    })  # fmt: skip


def _labelled(
    parts: list[pd.DataFrame], allocation: Allocation, bom: BillOfMaterials, menu_week: str
) -> pd.DataFrame:
    frame = pd.concat(parts, ignore_index=True)
    skus = bom.skus.loc[frame["sku"].to_numpy(dtype=np.int64)].reset_index(drop=True)
    sites = frame["site"].to_numpy(dtype=np.int64)
    named = frame.assign(menu_week=menu_week, site_id=text_at(allocation.axes.sites, sites))
    more = ["sku_id", "kind", "case_size", "moq", "lead_time_days"]
    return pd.concat([named, skus[more], skus["base_uom"].rename("uom")], axis=1)


def _recipe_site_forecast(allocation: Allocation, menu_week: str) -> pd.DataFrame:
    axes, parts = allocation.axes, []
    for (site, day), lanes in axes.lanes.groupby(["site", "day"]).indices.items():
        kits = allocation.kits[:, lanes].sum(axis=1).T
        item = np.flatnonzero(kits.any(axis=1))
        summary = draw_summary(np.sort(kits[item], axis=1), "kits_")
        committed = allocation.kits_committed[lanes].sum(axis=0)[item]
        parts.append(
            pd.DataFrame({"site": site, "day": day, "item": item, "kits_committed": committed})
            .assign(**summary)
        )  # fmt: skip
    if not parts:
        return RECIPE_SITE_FORECAST.empty()
    frame = pd.concat(parts, ignore_index=True)
    items = axes.items().loc[frame["item"]].reset_index(drop=True)
    frame = frame.assign(
        menu_week=menu_week,
        site_id=text_at(axes.sites, frame["site"].to_numpy()),
        delivery_date=axes.days[frame["day"]],
    )
    return RECIPE_SITE_FORECAST.shaped(pd.concat([frame, items], axis=1))
