"""The forecast at another level, from the same draws (R6)."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sitecast.errors import SettingsError
from sitecast.forecast.bill_of_materials import bill_of_materials
from sitecast.records.quantiles import draw_summary
from sitecast.records.week_record import SiteForecast, WeekData

LEVELS = ("site_id", "need_date", "sku_id")


def roll_up(forecast: SiteForecast, week: WeekData, by: Sequence[str]) -> pd.DataFrame:
    """Needed quantities added up draw by draw to a coarser level, then their quantiles.

    Args:
        forecast: site_forecast of a week.
        week: the extracted_data it was made from.
        by: sku_id, and any of site_id and need_date.
    Returns:
        The columns of `by`, uom, qty_mean, qty_p10, qty_p50, qty_p90; sorted by `by`.
    Raises:
        SettingsError: quantities cannot be added up to that level.
    """
    cells, values = summed_draws(forecast, week, by)
    summary = pd.DataFrame(draw_summary(np.sort(values, axis=1), "qty_"))
    return pd.concat([cells, summary], axis=1).sort_values(list(by), ignore_index=True)


def summed_draws(
    forecast: SiteForecast, week: WeekData, by: Sequence[str]
) -> tuple[pd.DataFrame, NDArray[np.float64]]:
    """Needed quantities added up draw by draw: what roll_up() takes quantiles of.

    Args:
        forecast: site_forecast of a week.
        week: the extracted_data it was made from.
        by: sku_id, and any of site_id and need_date.
    Returns:
        The columns of `by` and uom, a row per cell with a quantity; (cells, draws) base_uom.
    Raises:
        SettingsError: quantities cannot be added up to that level.
    """
    if "sku_id" not in by or set(by) - set(LEVELS):
        raise SettingsError(
            "cannot add up to this level", {"by": ", ".join(by)},
            f"use sku_id and any of {', '.join(LEVELS)}: units of different SKUs do not add up",
        )  # fmt: skip
    draws = forecast["site_forecast_draws"].rename(columns={"production_date": "need_date"})
    n_draws = forecast["load_draws"]["draw"].nunique()
    item, items = _numbered(draws, ["item_type", "item_id", "portions"])
    cell, cells = _numbered(draws, ["site_id", "need_date"])
    bom = bill_of_materials(week, items)
    place = item * n_draws + draws["draw"].to_numpy()
    kits_of_row = draws["kits"].to_numpy()
    order = np.argsort(cell, kind="stable")
    rows_of_cell = np.split(order, np.cumsum(np.bincount(cell)))
    group, groups = _numbered(cells, [name for name in by if name != "sku_id"])
    total = np.zeros((len(groups), len(bom.skus), n_draws))
    for to, date, rows in zip(group, cells["need_date"], rows_of_cell, strict=False):
        kits = np.bincount(place[rows], kits_of_row[rows], len(items) * n_draws)
        total[to] += bom.need(kits.reshape(len(items), n_draws), date)
    some, sku = np.nonzero(total.any(axis=2))
    skus = bom.skus.loc[sku, ["sku_id", "base_uom"]].reset_index(drop=True)
    named = groups.loc[some].reset_index(drop=True)
    frame = pd.concat([named, skus.rename(columns={"base_uom": "uom"})], axis=1)
    return frame[[*by, "uom"]], total[some, sku]


def _numbered(frame: pd.DataFrame, columns: list[str]) -> tuple[NDArray[np.int64], pd.DataFrame]:
    """The number of each row's combination of values, and the combinations by number."""
    coded = {name: pd.factorize(frame[name], sort=True) for name in columns}
    code = np.zeros(len(frame), dtype=np.int64)
    for codes, values in coded.values():
        code = code * len(values) + codes
    number, used = pd.factorize(code, sort=True)
    combinations = {}
    for name, (_, values) in reversed(coded.items()):
        used, at = np.divmod(used, max(len(values), 1))
        combinations[name] = pd.Series(values.take(at))
    count = 1 if not columns else len(next(iter(combinations.values())))
    return number, pd.DataFrame(combinations, index=range(count))[columns]
