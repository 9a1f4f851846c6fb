"""Coverage of 80 and 95 % intervals of boxes at every level, with fitted spreads, on many weeks.

Where `benchmarks.dispersion` runs the whole pipeline on a few companies, this draws boxes only, so
that it can tell a spread that is wrong from one that had bad luck: 20 weeks that share a level
that walks hold few independent errors of a total. Spreads are fitted by `fit_spreads`, anew every
four weeks on the latest ones as the schedule monthly_calibration does, and drawn by the
simulator's own cells. `python -m benchmarks.dispersion_levels [FOLDER]`: the invented company
of SEEDS; with the folder of the shared data also canteens, bakeries and Yaz.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks import forecast_quality_bakery, forecast_quality_nantes, forecast_quality_yaz
from benchmarks.arguments import words
from benchmarks.dispersion_company import Truth, boxes_sold
from benchmarks.quality_series import KEY, Series, week_key
from sitecast.demand import Choices
from sitecast.demand.combined_volumes import CombinedVolumes
from sitecast.evaluate.dispersion import fit_spreads
from sitecast.evaluate.past_errors import PastErrors
from sitecast.records.demand_forecast import DemandForecast
from sitecast.records.plan import ForecastPlan
from sitecast.records.week_axes import WeekAxes
from sitecast.records.week_record import WeekData
from sitecast.settings import plan_settings
from sitecast.settings_uncertainty import LeadSpreads
from sitecast.simulate.cells import cell_tables
from sitecast.simulate.shocks import stated_variance

SEEDS, WEEKS, FITTED, GAP = range(1, 13), 80, 28, 5
EVERY = 4
"""Weeks from one calibration to the next."""
AHEAD = (1, 4)
"""Weeks from the last known week to the one that is forecast."""
DRAWS, HISTORY = 200, 26
LEVELS = {"cell": ["date", "region_id", "segment"], "region": ["region_id"], "day": ["date"],
          "total": []}  # fmt: skip
CELL = ["delivery_date", "region_id", "segment"]
NO_RECIPES = pd.DataFrame({"recipe_id": [], "mean": [], "stated": [], "share": [], "actual": []})


def told(series: Series, start: pd.Timestamp, ahead: int) -> tuple[WeekData, pd.DataFrame]:
    """A week and what the model says of it, beside what came: cells with mean, sd, actual."""
    week = series.week(start, start - pd.Timedelta(weeks=ahead - 1), HISTORY)
    plan = plan_of(start, ahead, None)
    answer = CombinedVolumes().boxes(week, plan).rename(columns={"delivery_date": "date"})
    text = {"date": "datetime64[us]", "region_id": object, "segment": object}
    came = series.sold.loc[series.sold["start"] == start, [*KEY, "boxes"]]
    cells = answer.astype(text).merge(came.astype(text), on=KEY, how="outer")
    return week, cells.fillna({"mean_boxes": 0.0, "boxes": 0})


def plan_of(start: pd.Timestamp, ahead: int, spreads: LeadSpreads | None) -> ForecastPlan:
    """A plan made when the last known week ended."""
    as_of = (start - pd.Timedelta(weeks=ahead - 1)).tz_localize("UTC").to_pydatetime()
    fitted = {"by_lead": [spreads.model_dump()]} if spreads is not None else {}
    settings = plan_settings({"draws": DRAWS, "history_weeks": HISTORY, "seed": 1,
                              "simulator": {"uncertainty": fitted}})  # fmt: skip
    return ForecastPlan("", as_of, (), "", settings, {})


def errors(cells: pd.DataFrame, start: pd.Timestamp) -> PastErrors:
    mean = cells["mean_boxes"].to_numpy(np.float64)
    stated = stated_variance(mean, cells["sd_boxes"].to_numpy(np.float64))
    known = cells[["region_id", "segment"]].assign(
        delivery_date=cells["date"], mean=mean, stated=stated, actual=cells["boxes"].astype(float)
    )
    return PastErrors(week_key(start), known, NO_RECIPES)


def draws(week: WeekData, cells: pd.DataFrame, plan: ForecastPlan) -> np.ndarray:
    """(cells, draws) boxes, as the simulator draws them."""
    boxes = cells.rename(columns={"date": "delivery_date"})[[*CELL, "mean_boxes", "sd_boxes"]]
    nothing = pd.DataFrame()
    demand = DemandForecast(boxes, Choices(nothing, nothing), nothing, nothing, nothing)
    empty = np.zeros(0, np.int64)
    axes = WeekAxes(
        pd.DatetimeIndex(sorted(boxes["delivery_date"].unique())),
        pd.Index(sorted(boxes["region_id"].unique())), pd.Index([]), pd.Index([]), empty,
        pd.Index([]), nothing, empty.astype(np.int32), empty, empty.astype(np.uint64),
    )  # fmt: skip
    tables = cell_tables(boxes.iloc[:0][CELL], demand, axes, plan, week, 1)
    some, order = tables["cell_boxes"], tables["cells"][CELL].astype(object)
    values = np.zeros((len(order), plan.draws))
    values[some["cell_id"], some["draw"]] = some["boxes"]
    place = pd.MultiIndex.from_frame(order.astype({"delivery_date": "datetime64[us]"}))
    return values[place.get_indexer(pd.MultiIndex.from_frame(cells[KEY]))]


def held(cells: pd.DataFrame, drawn: np.ndarray) -> Iterable[dict[str, object]]:
    """Whether the middle 80 and 95 % of summed draws hold what came, group by group."""
    for level, keys in LEVELS.items():
        group = cells.groupby(keys).ngroup().to_numpy() if keys else np.zeros(len(cells), int)
        summed = np.zeros((group.max() + 1, drawn.shape[1]))
        np.add.at(summed, group, drawn)
        came = np.bincount(group, cells["boxes"].to_numpy(float))
        row: dict[str, object] = {"level": level, "n": len(came)}
        for part in (80, 95):
            low, high = np.quantile(summed, [0.5 - part / 200, 0.5 + part / 200], axis=1)
            row[f"holds {part}"] = float(((low <= came) & (came <= high)).mean())
        yield row


def coverage(
    series: Series, fitted: Sequence[pd.Timestamp], held_out: Sequence[pd.Timestamp], ahead: int
) -> pd.DataFrame:
    """A row per held-out week, level and spreads: the settings' own, fitted once, or rolling.

    Rolling: on as many weeks as `fitted` has, the latest that had ended when the first of every
    four held-out weeks was forecast.
    """
    asked = {start: told(series, start, ahead) for start in sorted({*fitted, *held_out})}
    past = {start: errors(cells, start) for start, (_, cells) in asked.items()}
    once = fit_spreads(7 * (ahead - 1), [past[start] for start in fitted])
    rows: list[dict[str, object]] = []
    for place, start in enumerate(held_out):
        if place % EVERY == 0:
            ended = [one for one in past if one <= start - pd.Timedelta(weeks=ahead)]
            latest = [past[one] for one in ended[-len(fitted) :]]
            rolling = fit_spreads(7 * (ahead - 1), latest)
        week, cells = asked[start]
        for name, chosen in (("settings", None), ("once", once), ("rolling", rolling)):
            drawn = draws(week, cells, plan_of(start, ahead, chosen))
            rows += [{"ahead": ahead, "spreads": name, **row} for row in held(cells, drawn)]
    return pd.DataFrame(rows)


def table(rows: pd.DataFrame) -> pd.DataFrame:
    """Weeks alike, by level and lead."""
    return rows.pivot_table(["holds 80", "holds 95"], ["level", "ahead"], "spreads", sort=False)


def invented() -> pd.DataFrame:
    parts = []
    for seed in SEEDS:
        series = boxes_sold(WEEKS, seed, Truth())
        starts = sorted(series.sold["start"].unique())
        fitted, out = starts[13 : 13 + FITTED], starts[13 + FITTED + GAP :]
        parts += [coverage(series, fitted, out, ahead) for ahead in AHEAD]
    told_of = pd.concat(parts)
    total = told_of[(told_of["level"] == "total") & (told_of["spreads"] == "rolling")]
    weeks = len(total) // len(SEEDS) // len(AHEAD)
    seeds = total["holds 80"].to_numpy().reshape(-1, weeks).mean(axis=1)
    print(f"total, 80 %, by seed of {weeks} weeks: sd {seeds.std():.3f}, least {seeds.min():.2f}")
    return told_of


def canteens(folder: Path) -> tuple[Series, list[pd.Timestamp], list[pd.Timestamp]]:
    rows = forecast_quality_nantes.meals(folder).rename(columns={"site": "region_id"})
    sold = rows.assign(segment="pupils", boxes=rows["reel"].round().astype("int64"))
    years = [sorted(rows.loc[rows["date"].between(*year), "start"].unique())
             for year in forecast_quality_nantes.YEARS]  # fmt: skip
    drivers = sold.iloc[:0].assign(driver="", value=0.0)
    columns = [*KEY, "start"]
    return Series(sold[[*columns, "boxes"]], drivers[[*columns, "driver", "value"]]), *years


def main() -> None:
    given = words(__doc__)
    print("invented company\n", table(invented()).to_string(float_format="{:.3f}".format))
    if not given:
        return
    data, starts = Path(given[0]), forecast_quality_bakery.starts
    bakery = forecast_quality_bakery.read(data / "bakery"), starts(52)[:26], starts(26)
    last = forecast_quality_yaz.LAST
    yaz = forecast_quality_yaz.read(data / "yaz"), starts(52, last)[:26], starts(26, last)
    for name, (series, fitted, out) in {
        "canteens": canteens(data / "nantes_canteens"), "bakery": bakery, "yaz": yaz,
    }.items():  # fmt: skip
        rows = pd.concat([coverage(series, fitted, out, ahead) for ahead in AHEAD])
        print(f"{name}, {len(out)} weeks held out\n",
              table(rows).to_string(float_format="{:.3f}".format), flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
