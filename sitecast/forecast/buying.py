"""What one week would have to buy by itself: how much is enough, in which packs, until when.

What belongs here: everything that follows from the week's own inputs (R8). What does not: stock and
open purchase orders, which the weeks of a plan share (publish/buying.py).
"""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sitecast.errors import Breach, DataError
from sitecast.quantities import cases_to_buy
from sitecast.records.contract import MAX_COUNT
from sitecast.settings import PlanSettings


def service_levels(skus: pd.DataFrame, settings: PlanSettings) -> NDArray[np.float64]:
    """The quantile of each SKU's need that is worth having.

    Args:
        skus: unit_cost, shortage_cost and surplus_cost, the last two empty where unknown.
        settings: service_level and buying.shortage_cost_ratio.
    Returns:
        (skus,) levels in [0, 1]: shortage ÷ (shortage + surplus), in costs of one base_uom; the
        plan's service_level where the cost of a shortage is unknown or neither costs anything.
    Source:
        Critical ratio of the newsvendor; Arrow, Harris & Marschak (1951).
    Example:
        >>> skus = pd.DataFrame({"unit_cost": [2.0], "shortage_cost": [6.0], "surplus_cost": None})
        >>> service_levels(skus, PlanSettings()).tolist()
        [0.75]
    """
    unit, short, over = (
        skus[name].to_numpy(dtype=np.float64)
        for name in ("unit_cost", "shortage_cost", "surplus_cost")
    )
    ratio = settings.buying.shortage_cost_ratio
    short = np.where(np.isnan(short), np.nan if ratio is None else ratio * unit, short)
    over = np.where(np.isnan(over), unit, over)
    known = short + over > 0  # false where short is unknown
    levels = np.full(len(skus), settings.service_level)
    return np.divide(short, short + over, out=levels, where=known)


def with_orders(needs: pd.DataFrame) -> pd.DataFrame:
    """Needs with cases_to_buy and order_by.

    Args:
        needs: sku_id; qty_required, case_size and moq in base_uom; need_date; lead_time_days.
    Raises:
        DataError: more cases of a SKU than can be counted.
    """
    packs = [
        needs[name].to_numpy(dtype=np.float64) for name in ("qty_required", "case_size", "moq")
    ]
    _require_countable(needs, *packs)
    lead = pd.to_timedelta(needs["lead_time_days"].to_numpy(), unit="D")
    return needs.assign(
        cases_to_buy=cases_to_buy(*packs), order_by=pd.to_datetime(needs["need_date"]) - lead
    )


def _require_countable(
    needs: pd.DataFrame, qty: NDArray[np.float64], case_size: NDArray[np.float64],
    moq: NDArray[np.float64],
) -> None:  # fmt: skip
    too_many = np.maximum(qty, moq) > MAX_COUNT * case_size
    breaches = [
        Breach("skus", "case_size", f"sku_id={row.sku_id}", f"{row.case_size:g}",
               f"{max(row.qty_required, row.moq):g} base_uom are more cases than can be counted",
               "correct case_size or moq")
        for row in needs[too_many].drop_duplicates("sku_id").itertuples()
    ]  # fmt: skip
    if breaches:
        raise DataError("more cases than can be counted", {}, "see the list", breaches)
