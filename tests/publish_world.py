"""A published plan made by hand: two weeks, two sites, awkward names."""

import datetime as dt
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from worlds import small_plan, small_week

from sitecast.records.plan import ForecastPlan
from sitecast.records.tables_written import TABLES_WRITTEN, WEEKLY_TABLES
from sitecast.records.week_record import Provenance, SiteForecast, WeekData
from sitecast.store import Ledger, WeekStore

NOW = dt.datetime(2026, 11, 20, 7, tzinfo=dt.UTC)
WEEKS = ("2026-W48", "2026-W49")
UI_URL = "http://127.0.0.1:3000"
TABLES_USED = (
    "sites", "skus", "stock", "open_pos", "recipes", "recipe_bom", "products", "product_bom"
)  # fmt: skip
POISON = "<img src=x onerror=alert(1)>"


class World:
    """Stores in a temporary folder, and a plan over two weeks that is saved in them.

    The ledger is a SQLite file there, where no other database is named.
    """

    def __init__(self, folder: Path, ledger_url: str = "", **settings: Any) -> None:
        self.folder = folder / "publications"
        self.ledger = Ledger(ledger_url or f"sqlite:///{folder / 'ledger.db'}")
        self.ledger.create()
        self.weeks = WeekStore(folder / "weeks", self.ledger)
        week = small_week()
        self._inputs = dict(week.tables)
        publication = {"recipients": ["ana@example.com", "ben@example.com"]}
        self.plan = self.make_plan("0123456789ab", **{"publication": publication, **settings})

    def make_plan(self, digest: str, hours: int = 0, **settings: Any) -> ForecastPlan:
        """A saved plan; `hours` moves its as_of."""
        base = small_plan(**settings)
        as_of = base.as_of + dt.timedelta(hours=hours)
        plan_id = f"{as_of:%Y%m%dT%H%M}-{digest}"
        plan = ForecastPlan(plan_id, as_of, WEEKS, "test", base.settings, {})
        self.ledger.save_plan(plan, NOW)
        return plan

    def store_week(
        self, menu_week: str, plan: ForecastPlan | None = None, scale: float = 1.0,
        without: Sequence[str] = (),
    ) -> str:  # fmt: skip
        """Commit extracted_data and site_forecast of a week; `scale` changes the numbers.

        The tables of `without` have no rows.
        """
        plan = plan or self.plan
        data = WeekData(self._made(plan, menu_week), self._inputs)
        self.weeks.commit(data, self.weeks.begin(plan.plan_id, menu_week, data.asset))
        made = self._made(plan, menu_week, extracted_data=data.version)
        tables = forecast_tables(menu_week, scale)
        empty = {name: TABLES_WRITTEN[name].empty() for name in without}
        tables["site_forecast_draws"] = TABLES_WRITTEN["site_forecast_draws"].empty()
        forecast = SiteForecast(made, tables | empty)
        token = self.weeks.begin(plan.plan_id, menu_week, forecast.asset)
        return self.weeks.commit(forecast, token)

    def rename(self, table: str, suffix: str) -> None:
        """Append a text to every name of an input table, for the weeks stored from now on."""
        names = self._inputs[table]["name"] + suffix
        self._inputs = {**self._inputs, table: self._inputs[table].assign(name=names)}

    @staticmethod
    def _made(plan: ForecastPlan, menu_week: str, **inputs: str) -> Provenance:
        return Provenance(plan.plan_id, menu_week, plan.as_of.isoformat(), 7, "test", inputs)


def forecast_tables(menu_week: str, scale: float = 1.0) -> dict[str, pd.DataFrame]:
    """Every published table of one week; north is full, south has no cap."""
    start = pd.Timestamp("2026-11-26") + pd.Timedelta(days=7 * WEEKS.index(menu_week))
    days = list(pd.date_range(start, periods=3))
    load = [(s, d, 20, 38 * scale, cap, p) for d in days for s, cap, p in
            (("north", 40, 0.4), ("south", None, 0.0))]  # fmt: skip
    need = [(s, d, k, kind, uom, q * scale) for s in ("north", "south") for d in days
            for k, kind, uom, q in (("sku-rice", "ingredient", "g", 12_340.0),
                                    ("sku-cola", "product", "each", 31.0))]  # fmt: skip
    short = (days[0], "c", "cap_binds", f"north full on {days[0]:%Y-%m-%d}", 1, 2.5 * scale)
    kits = [(s, days[1], "recipe", "r1", 2, 9, 30 * scale) for s in ("north", "south")]
    limits = [("north", 60, 114 * scale, 100, 15, 0.25)]
    worth = [
        (s, d, change, 40 + change * 4 // 10, change * 0.1, change * 12.5 * scale)
        for s, d in (("north", d) for d in days)
        for change in (-20, -10, 0, 10, 20)
    ]
    week = pd.DataFrame(need, columns=["site_id", "need_date", "sku_id", "kind", "uom", "mean"])
    week = week.groupby(["site_id", "sku_id", "kind", "uom"], as_index=False)["mean"].sum()
    frames = {
        "site_load": _spread(
            "boxes_", load, "site_id production_date boxes_committed mean cap_boxes p_over_cap"
        ),
        "site_week_load": _spread(
            "boxes_",
            limits,
            "site_id boxes_committed mean cap_boxes over_cap_frozen p_over_cap",
        ),
        "capacity_value": pd.DataFrame(
            worth,
            columns=[
                "site_id",
                "production_date",
                "change_pct",
                "cap_boxes",
                "boxes_saved",
                "money_saved",
            ],
        ),
        "churn": pd.DataFrame(
            {
                "draw": [0, 1],
                "plan_from": "20261119T0600-aaaaaaaaaaaa",
                "changed": [30, 34],
                "least": [20, 22],
                "pieces": [400, 400],
            }
        ),
        "site_openings": pd.DataFrame(
            {
                "site_id": ["south"],
                "opening_cost": 450_000,
                "is_open": True,
                "reason": "saves_more_than_it_costs",
                "saves_mean": 610_000.0 * scale,
                "p_worth": 0.9,
                "gap": 0.001,
            }
        ),
        "item_load": _spread(
            "kits_",
            [("recipe", "r1", "north", 120, 90, 100 * scale, 0.2)],
            "item_type item_id site_id cap_kits kits_committed mean p_at_cap",
        ),
        "resource_load": _spread(
            "used_",
            [("north", "line", "hot", "portions", 600, 300, 500 * scale, 0.1)],
            "site_id resource_type resource_id uom cap used_committed mean p_at_cap",
        ),
        "unallocated": _spread(
            "boxes_", [short], "delivery_date region_id reason binding boxes_committed mean"
        ),
        "recipe_site_forecast": _spread(
            "kits_", kits, "site_id delivery_date item_type item_id portions kits_committed mean"
        ),
        "site_forecast": _spread("qty_", need, "site_id need_date sku_id kind uom mean"),
        "weekly_need": _spread("qty_", week.to_numpy().tolist(), "site_id sku_id kind uom mean"),
    }
    return {
        contract.name: _complete(contract.name, frames[contract.name].assign(menu_week=menu_week))
        for contract in WEEKLY_TABLES
    }


def _spread(prefix: str, rows: list[Any], columns: str) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=columns.split())
    mean = frame.pop("mean").astype(float)
    parts = {"mean": 1.0, "p10": 0.9, "p50": 1.0, "p90": 1.1}
    return frame.assign(**{f"{prefix}{name}": mean * by for name, by in parts.items()})


def _complete(name: str, frame: pd.DataFrame) -> pd.DataFrame:
    fills: dict[str, Any] = {
        "service_level": 0.9, "cases_to_buy": 13, "shadow_price": 0.0,
        "boxes_unallocated": 2.5, "floor_boxes": 0, "over_cap_frozen": 0, "p_binds": 0.0,
        "shadow_price_left": 0.0, "p_below_floor": 0.0, "boxes_below_floor": 0.0,
        "floor_reason": "", "order_by": pd.Timestamp("2026-11-19"), "qty_committed": 10.0,
    }  # fmt: skip
    for column in TABLES_WRITTEN[name].columns:
        if column.name not in frame:
            default = frame["qty_p90"] if column.name == "qty_required" else None
            frame[column.name] = fills.get(column.name, default)
    if "cap_boxes" in frame:
        frame["cap_boxes"] = frame["cap_boxes"].replace({np.nan: pd.NA})
    return TABLES_WRITTEN[name].shaped(frame)
