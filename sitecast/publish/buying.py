"""What to order for all weeks of a plan together: each lot of stock is used once.

What belongs here: what weeks share, stock and open purchase orders. What does not: what a week
needs, which follows from its own inputs alone (R8, forecast/buying.py).
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sitecast.quantities import cases_to_buy
from sitecast.records.plan import ForecastPlan
from sitecast.records.tables_purchases import PURCHASE_PLAN
from sitecast.records.week_record import SiteForecast, WeekData

STOCK, OPEN_PO, SURPLUS = SOURCES = range(3)
TOLERANCE = 1e-9
"""What is left of a need by rounding alone, relative to the need."""
_PLACE = ["site_id", "sku_id"]


@dataclass(frozen=True)
class _Lots:
    """Lots of each pair of site and SKU, a row each, the first to expire first."""

    since: NDArray[np.int64]
    expiry: NDArray[np.int64]
    source: NDArray[np.int64]
    qty: NDArray[np.float64]
    """(pairs, lots); what is left of each lot. Changes as needs are met."""
    pair_of_need: NDArray[np.int64]
    surplus_of_need: NDArray[np.int64]
    """Which lot of its pair takes what an order brings beyond the need it is for."""

    def take(
        self, need: NDArray[np.intp], day: NDArray[np.int64], wanted: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """(needs, sources) taken from the lots that can be used on a day."""
        pair = self.pair_of_need[need]
        left, source = self.qty[pair], self.source[pair]
        usable = np.where((self.since[pair] <= day) & (day <= self.expiry[pair]), left, 0.0)
        before = np.cumsum(usable, axis=1) - usable
        taken = np.clip(wanted[:, None] - before, 0.0, usable)
        self.qty[pair] = left - taken
        return np.stack([(taken * (source == kind)).sum(axis=1) for kind in SOURCES], axis=1)

    def keep(self, need: NDArray[np.intp], surplus: NDArray[np.float64]) -> None:
        """What orders bring beyond their needs can be used later."""
        self.qty[self.pair_of_need[need], self.surplus_of_need[need]] = surplus


def plan_purchases(
    plan: ForecastPlan, forecasts: Mapping[str, SiteForecast], inputs: Mapping[str, WeekData]
) -> pd.DataFrame:
    """The purchase_plan of a plan, from its weeks' forecasts and the data they were made from.

    Args:
        plan: its weeks, as_of, and buying settings.
        forecasts: site_forecast of every week of the plan.
        inputs: extracted_data of every week; stock and open_pos are those of the first.
    """
    facts = ["sku_id", "case_size", "moq", "shelf_life_days"]
    needs = [
        forecasts[week]["site_forecast"].merge(inputs[week]["skus"][facts], on="sku_id")
        for week in plan.menu_weeks
    ]
    first, settings = inputs[plan.menu_weeks[0]], plan.settings.buying
    rows = None if settings.net_of_stock else 0
    stock, open_pos = first["stock"].iloc[:rows], first["open_pos"].iloc[:rows]
    today = pd.Timestamp(plan.as_of.date())
    next_plan = today + pd.Timedelta(days=settings.days_to_next_plan)
    return buy_plan(pd.concat(needs, ignore_index=True), stock, open_pos, today, next_plan)


def buy_plan(
    needs: pd.DataFrame, stock: pd.DataFrame, open_pos: pd.DataFrame,
    today: pd.Timestamp, next_plan: pd.Timestamp,
) -> pd.DataFrame:  # fmt: skip
    """Net the needs of a plan in order of time, and order what is missing.

    Each need takes from the lots of its site that can be used on its day, the first to expire
    first; this leaves the least to buy. What is missing is ordered in whole cases and at least the
    least order; what an order brings beyond its need is a lot for later days.

    Args:
        needs: rows of site_forecast, with case_size and moq (base_uom) and shelf_life_days.
        stock: what lies at the sites today; usable through expiry_date.
        open_pos: orders on their way; usable from due_date (from today, when that is over) for
            shelf_life_days more, as what the plan orders is from its need_date.
        today: the day of the plan's as_of; needs of earlier days are left out.
        next_plan: orders due until then are made now; later ones can wait for the next plan.
    Returns:
        purchase_plan, sorted by its key.
    Source:
        First expired, first out is earliest deadline first, which serves the most; Horn (1974).
    """
    upcoming = needs[needs["need_date"] >= today]
    rows = upcoming.sort_values(["need_date", *PURCHASE_PLAN.key], ignore_index=True)
    met = _met(rows, _lots(rows, stock, open_pos, today))
    ordered = met["cases"] * rows["case_size"]
    now = ordered.where(rows["order_by"] <= next_plan, 0.0)
    plan = rows.assign(**met, qty_ordered=ordered, commit_now=now, flex_later=ordered - now)
    return PURCHASE_PLAN.shaped(plan.sort_values(list(PURCHASE_PLAN.key), ignore_index=True))


def _met(rows: pd.DataFrame, lots: _Lots) -> dict[str, NDArray[np.generic]]:
    """Where each need comes from, and the cases ordered for it."""
    wanted, case_size, moq = (
        rows[name].to_numpy(dtype=np.float64) for name in ("qty_required", "case_size", "moq")
    )
    taken, net = np.zeros((len(rows), len(SOURCES))), np.zeros(len(rows))
    cases = np.zeros(len(rows), dtype=np.int64)
    for (date, _), batch in sorted(rows.groupby(["need_date", "menu_week"]).indices.items()):
        taken[batch] = lots.take(batch, _days(date), wanted[batch])
        missing = wanted[batch] - taken[batch].sum(axis=1)
        net[batch] = np.where(missing > TOLERANCE * wanted[batch], missing, 0.0)
        cases[batch] = cases_to_buy(net[batch], case_size[batch], moq[batch])
        lots.keep(batch, np.maximum(cases[batch] * case_size[batch] - net[batch], 0.0))
    return {
        "from_stock": taken[:, STOCK], "from_open_pos": taken[:, OPEN_PO],
        "from_surplus": taken[:, SURPLUS], "net": net, "cases": cases,
        "left_over": lots.qty[lots.pair_of_need, lots.surplus_of_need],
    }  # fmt: skip


def _lots(
    rows: pd.DataFrame, stock: pd.DataFrame, open_pos: pd.DataFrame, today: pd.Timestamp
) -> _Lots:
    """Every lot that there is or may be, in the order in which lots are used."""
    pairs = pd.MultiIndex.from_frame(rows[_PLACE].drop_duplicates())
    keeps = rows.drop_duplicates(_PLACE)["shelf_life_days"].to_numpy(dtype=np.int64)
    stock, pair_of_stock = _needed(stock, pairs)
    open_pos, pair_of_order = _needed(open_pos, pairs)
    due = np.maximum(_days(open_pos["due_date"]), _days(today))
    pair = [pair_of_stock, pair_of_order, pairs.get_indexer(pd.MultiIndex.from_frame(rows[_PLACE]))]
    since = [np.full(len(stock), _days(today)), due, _days(rows["need_date"])]
    life = rows["shelf_life_days"].to_numpy(dtype=np.int64)
    expiry = [_days(stock["expiry_date"]), due + keeps[pair_of_order], since[SURPLUS] + life]
    lots = pd.DataFrame({
        "pair": np.concatenate(pair), "expiry": np.concatenate(expiry),
        "since": np.concatenate(since), "source": np.repeat(SOURCES, [len(p) for p in pair]),
        "qty": np.concatenate([stock["qty"], open_pos["qty"], np.zeros(len(rows))]),
    }).sort_values(["pair", "expiry", "since", "source"], kind="stable")  # fmt: skip
    slot = lots.groupby("pair").cumcount()
    shape = (len(pairs), int(slot.max()) + 1 if len(slot) else 0)
    tables = {}
    for name in ("since", "expiry", "source", "qty"):
        tables[name] = np.zeros(shape, dtype=lots[name].dtype)
        tables[name][lots["pair"], slot] = lots[name]
    of_need = slot.sort_index().to_numpy()[len(stock) + len(open_pos) :]
    return _Lots(**tables, pair_of_need=pair[SURPLUS], surplus_of_need=of_need)


def _needed(there: pd.DataFrame, pairs: pd.MultiIndex) -> tuple[pd.DataFrame, NDArray[np.intp]]:
    """The rows of a site and SKU that the plan needs, and the number of their pair."""
    pair = pairs.get_indexer(pd.MultiIndex.from_frame(there[_PLACE]))
    return there[pair >= 0], pair[pair >= 0]


def _days(dates: "pd.Series[pd.Timestamp] | pd.Timestamp") -> NDArray[np.int64]:
    """Days since 1970."""
    return np.asarray(dates, dtype="datetime64[D]").astype(np.int64)
