"""School canteens of Nantes: volume models against the human planner, by canteen and day.

A canteen is a region, a meal a box, a calendar week a menu week; the calendar (which days canteens
serve) is known, strikes are not. The planner's lead time is unknown; models know what was served
until 14 days before each week. Run with the folder of the data:
`python -m benchmarks.forecast_quality_nantes FOLDER`.
"""

from pathlib import Path
from time import process_time

import numpy as np
import pandas as pd

from benchmarks.arguments import words
from sitecast.demand import MovingMeanVolumes, VolumeModel
from sitecast.demand.combined_volumes import CombinedVolumes
from sitecast.records.plan import ForecastPlan
from sitecast.records.tables_history import HISTORY_BOXES
from sitecast.records.tables_read import TABLES_READ
from sitecast.records.week_record import Provenance, WeekData
from sitecast.settings import plan_settings

LEAD_WEEKS = 2
COUNTS = (1, 4)
MODELS: dict[str, tuple[VolumeModel, int]] = {
    "moving_mean": (MovingMeanVolumes(), 8), "combination": (CombinedVolumes(), 104),
}  # fmt: skip
YEARS = (("2015-09-01", "2016-07-10"), ("2016-09-01", "2017-07-10"))
"""The model was made with the first; the second was not looked at before."""
Z = {80: 1.2816, 95: 1.96}


def meals(folder: Path) -> pd.DataFrame:
    """site, date, reel, prevision of days on which meals were served."""
    rows = pd.read_parquet(folder / "frequentation_to_2017-07.parquet")
    rows = rows.groupby(["site_nom", "date"], as_index=False)[["reel", "prevision"]].sum()
    rows = rows[rows["reel"] > 0].rename(columns={"site_nom": "site"})
    rows["start"] = rows["date"] - pd.to_timedelta(rows["date"].dt.day_of_week, unit="D")
    iso = rows["start"].dt.isocalendar()
    return rows.assign(menu_week=iso["year"].astype(str) + "-W" + iso["week"].map("{:02d}".format))


def week_data(rows: pd.DataFrame, start: pd.Timestamp, history_weeks: int) -> WeekData:
    """The tables a volume model sees of one week."""
    known = rows[rows["start"] <= start - pd.Timedelta(weeks=LEAD_WEEKS)]
    known = known[known["start"].isin(sorted(known["start"].unique())[-history_weeks:])]
    mine = rows[rows["start"] == start]
    calendar = pd.concat([known, mine])[["menu_week", "start"]].drop_duplicates()
    history = known.assign(
        delivery_date=known["date"], region_id=known["site"], segment="pupils", portions=1,
        n_kits=1, boxes=known["reel"].round().astype("int64"), default_boxes=0,
    )  # fmt: skip
    tables = {
        "menu_weeks": calendar.rename(columns={"start": "start_date"}),
        "delivery_days": pd.DataFrame({
            "delivery_date": sorted(mine["date"].unique()), "weight": 1.0,
            "menu_week": mine["menu_week"].iloc[0],
        }),
        "history_boxes": HISTORY_BOXES.shaped(history[history["boxes"] > 0]),
    }  # fmt: skip
    made_from = Provenance("", mine["menu_week"].iloc[0], "", 0, "", {})
    return WeekData(made_from, {**{n: t.empty() for n, t in TABLES_READ.items()}, **tables})


def forecasts(
    rows: pd.DataFrame, starts: list[pd.Timestamp], model: VolumeModel, history_weeks: int
) -> pd.DataFrame:
    """site, date, mean_boxes, sd_boxes of every week."""
    settings = plan_settings({"history_weeks": history_weeks})
    parts = []
    for start in starts:
        week = week_data(rows, start, history_weeks)
        plan = ForecastPlan("", pd.Timestamp(start).to_pydatetime(), (), "", settings, {})
        parts.append(model.boxes(week, plan))
    told = pd.concat(parts).rename(columns={"region_id": "site", "delivery_date": "date"})
    return told.drop(columns="segment").astype({"site": object, "date": "datetime64[us]"})


def same_weekdays(rows: pd.DataFrame, count: int) -> pd.Series:
    """Mean of the last `count` same weekdays on which the canteen served, 14 days old or more."""
    told = []
    for _, some in rows.groupby(["site", rows["date"].dt.day_of_week]):
        ordered = some.sort_values("date")
        dates, values = ordered["date"].to_numpy(), ordered["reel"].to_numpy()
        last = np.searchsorted(dates, dates - np.timedelta64(7 * LEAD_WEEKS, "D"), side="right")
        mean = [values[max(k - count, 0) : k].mean() if k else np.nan for k in last]
        told.append(pd.Series(mean, index=ordered.index))
    return pd.concat(told).reindex(rows.index)


def table(rows: pd.DataFrame, first: str, last: str) -> pd.DataFrame:
    """Errors of every method over the same canteens and days."""
    year = rows[rows["date"].between(first, last) & (rows["prevision"] > 0)]
    starts = sorted(year["start"].unique())
    columns = {"planner": year["prevision"]}
    columns |= {f"last {n} same weekdays": year[f"same_{n}"] for n in COUNTS}
    spread = {}
    for name, (model, history) in MODELS.items():
        before = process_time()
        told = year[["site", "date"]].merge(forecasts(rows, starts, model, history), how="left")
        spread[name] = (told["sd_boxes"].to_numpy(), process_time() - before)
        columns[name] = pd.Series(told["mean_boxes"].to_numpy(), year.index)
    known = pd.DataFrame(columns).notna().all(axis=1)
    actual = year.loc[known, "reel"].to_numpy()
    lines = []
    for name, told in columns.items():
        error = told[known].to_numpy() - actual
        line = {"method": name, "n": len(actual), "wape": np.abs(error).sum() / actual.sum(),
                "bias": error.sum() / actual.sum()}  # fmt: skip
        if name in spread:
            sd, seconds = spread[name][0][known.to_numpy()], spread[name][1]
            line |= {
                f"coverage {level}": (np.abs(error) <= z * sd).mean() for level, z in Z.items()
            }
            line["cpu s"] = seconds
        lines.append(line)
    return pd.DataFrame(lines)


def main() -> None:
    rows = meals(Path(words(__doc__, 1)[0]))
    rows = rows.assign(**{f"same_{n}": same_weekdays(rows, n) for n in COUNTS})
    for first, last in YEARS:
        print(first, last)
        print(table(rows, first, last).to_string(index=False, float_format="{:.4f}".format))


if __name__ == "__main__":
    main()
