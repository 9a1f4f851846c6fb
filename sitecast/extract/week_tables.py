"""The tables of one menu week: which rows belong to it, read in an order that lets them choose."""

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from sitecast.extract.calendar import WeekDates
from sitecast.extract.drivers import read_drivers
from sitecast.extract.orphans import orphan_lines
from sitecast.extract.reader import Known, TableReader, rows_of
from sitecast.records.contract import TEXT
from sitecast.records.matching import positions

Z_P10_TO_P90 = 2.563103
"""Distance of the 10 % and the 90 % quantile of a normal distribution, in standard deviations."""
WHOLE = ("sites", "regions", "products", "product_bom", "packaging_rules", "stock", "open_pos")


@dataclass(frozen=True)
class WeekTables:
    """Checked tables of a week, and the ids of whole tables to compare with."""

    dates: WeekDates
    tables: Mapping[str, pd.DataFrame]
    ids: Mapping[str, pd.Index]
    """Every known recipe, SKU, site, region and product, whether the week uses it or not."""
    calendar: pd.DataFrame
    delivery_days: pd.DataFrame
    """Every known delivery day, of all weeks."""

    def __getitem__(self, table: str) -> pd.DataFrame:
        return self.tables[table]


def read_week_tables(
    reader: TableReader, dates: WeekDates, calendar: Known, history: Mapping[str, pd.DataFrame]
) -> WeekTables:
    """Read and check every table, each restricted to what the week needs."""
    week = dates.menu_week
    tables = {name: reader.table(name) for name in WHOLE}
    days = reader.known("delivery_days", [week])
    tables["delivery_days"] = reader.check(days, _of_week(days.frame, week))
    for name in ("menu", "item_sites", "site_week_caps", "resource_caps"):
        tables[name] = reader.table(name, lambda rows: _is(rows, week), [week])
    tables["box_forecast"] = _box_forecast(reader, week)
    tables["demand_drivers"] = read_drivers(reader, dates, calendar, history["history_boxes"])
    tables["orders"], tables["order_lines"] = _orders(reader, week)
    _serviceability(reader, tables, dates)
    recipes, skus = _recipes_and_skus(reader, tables, history, dates)
    tables["menu_weeks"] = _calendar_rows(reader, calendar, week, history)
    ids = {
        name: _ids(tables[name], column)
        for name, column in (
            ("sites", "site_id"),
            ("regions", "region_id"),
            ("products", "product_id"),
        )
    }
    ids |= {"recipes": _ids(recipes.frame, "recipe_id"), "skus": _ids(skus.frame, "sku_id")}
    return WeekTables(dates, tables, ids, calendar.frame, days.frame)


def _orders(reader: TableReader, week: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    known = reader.known("orders", [week])
    mine = _of_week(known.frame, week)
    mine = mine[~(mine["state"] == "cancelled").fillna(False)]
    orders = reader.check(known, mine)
    lines = reader.known("order_lines", [week])
    of_order = positions(lines.frame["order_id"], orders["order_id"]) >= 0
    checked = reader.check(lines, lines.frame[of_order])
    if {"orders", "order_lines"} & reader.broken:
        return orders, checked
    reader.tell(orphan_lines(reader, known, lines))
    usual = checked["order_id"].map(
        orders.drop_duplicates("order_id").set_index("order_id")["portions"]
    )
    kit = (checked["item_type"] == "recipe").fillna(False)
    filled = checked["portions"].fillna(usual.astype("Int64")).where(kit, checked["portions"])
    return orders, checked.assign(portions=filled)


def _box_forecast(reader: TableReader, week: str) -> pd.DataFrame:
    """Quantiles become a mean and a standard deviation before the rules look at them."""
    known = reader.known("box_forecast", [week])
    frame = known.frame
    spread = (frame["p90_boxes"] - frame["p10_boxes"]) / Z_P10_TO_P90
    given = frame.assign(
        mean_boxes=frame["mean_boxes"].fillna(frame["p50_boxes"]),
        sd_boxes=frame["sd_boxes"].fillna(spread.where(spread >= 0)),
    )
    return reader.check(known, _of_week(given, week))


def _serviceability(reader: TableReader, tables: dict[str, pd.DataFrame], dates: WeekDates) -> None:
    """Links valid in the week, and caps of the dates on which its boxes can be packed."""
    tables["region_sites"] = reader.table("region_sites", lambda rows: _holds(rows, dates))
    longest = tables["region_sites"]["transit_days"].max()
    first = dates.start - pd.Timedelta(days=0 if pd.isna(longest) else min(int(longest), 30))

    def packs(rows: pd.DataFrame) -> "pd.Series[bool]":
        date, week = rows["production_date"], rows["menu_week"]
        in_range = date.isna() | ((date >= first) & (date <= dates.end))
        return in_range & (week.isna() | (week == dates.menu_week).fillna(False))

    tables["site_caps"] = reader.table("site_caps", packs)


def _recipes_and_skus(
    reader: TableReader, tables: dict[str, pd.DataFrame], history: Mapping[str, pd.DataFrame],
    dates: WeekDates,
) -> tuple[Known, Known]:  # fmt: skip
    """Recipes of menu, orders and history; BOMs of menu and orders; SKUs that those need."""
    ordered = _recipe_ids(tables["order_lines"])
    made = _union(tables["menu"]["recipe_id"], ordered)
    recipes, skus = reader.known("recipes"), reader.known("skus")
    named = _union(made, _recipe_ids(history["history_items"]))
    tables["recipes"] = reader.check(recipes, recipes.frame[recipes.frame["recipe_id"].isin(named)])
    tables["recipe_bom"] = reader.table(
        "recipe_bom", lambda rows: rows["recipe_id"].isin(made) & _holds(rows, dates)
    )
    needing = ("recipe_bom", "product_bom", "packaging_rules", "stock", "open_pos")
    needed = _union(*(tables[name]["sku_id"] for name in needing))
    tables["skus"] = reader.check(skus, skus.frame[skus.frame["sku_id"].isin(needed)])
    return recipes, skus


def _calendar_rows(
    reader: TableReader, calendar: Known, week: str, history: Mapping[str, pd.DataFrame]
) -> pd.DataFrame:
    """The week itself, checked, and the history's weeks: models need their dates."""
    reader.check(calendar, _of_week(calendar.frame, week))
    weeks = [week, *history["history_boxes"]["menu_week"].unique()]
    rows = calendar.sound[calendar.sound["menu_week"].isin(weeks)]
    return rows.sort_values("menu_week").reset_index(drop=True)


def _of_week(frame: pd.DataFrame, week: str) -> pd.DataFrame:
    return rows_of(frame, _is(frame, week))


def _is(frame: pd.DataFrame, week: str) -> "pd.Series[bool]":
    return (frame["menu_week"] == week).fillna(False).astype(bool)


def _holds(frame: pd.DataFrame, dates: WeekDates) -> "pd.Series[bool]":
    """Rows valid on some day on which the week's boxes can be packed or delivered."""
    first = dates.start - pd.Timedelta(days=30)
    return ~(frame["valid_from"] > dates.end) & ~(frame["valid_to"] < first)


def _recipe_ids(frame: pd.DataFrame) -> "pd.Series[str]":
    return frame["item_id"][(frame["item_type"] == "recipe").fillna(False)]


def _union(*columns: "pd.Series[str]") -> "pd.Series[str]":
    return pd.concat([column.astype(TEXT) for column in columns]).dropna().drop_duplicates()


def _ids(frame: pd.DataFrame, column: str) -> pd.Index:
    return pd.Index(frame[column].dropna().unique())
