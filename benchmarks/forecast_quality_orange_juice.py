"""Orange juice of Dominick's: weekly units by store and brand, with known prices and promotions.

A store is a region, a brand a segment, a unit a box. Rounds as in the public TSPerf benchmark: what
was sold is known up to a week, and the second and third week after it are forecast; prices, deals
and features of every week up to the target are known. The data here reach six of its twelve rounds.
Run with the folder of the data: `python -m benchmarks.forecast_quality_orange_juice FOLDER`.
"""

from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.arguments import words
from benchmarks.quality_series import (
    KEY,
    LOG_NORMAL,
    POINT,
    Series,
    coverage,
    errors,
    forecast,
    least_mape,
)
from sitecast.demand import VolumeModel
from sitecast.demand.combined_volumes import CombinedVolumes
from sitecast.demand.volumes import MovingMeanVolumes

ROUNDS = (135, 137, 139, 141, 143, 145)
"""Last week whose sales are known. The model was made with rounds up to 133 (targets to 136)."""
DEVELOPMENT = (111, 115, 119, 123, 127, 131)
AHEAD = (2, 3)
HISTORY_WEEKS = 104
WEEK_40 = pd.Timestamp("1990-06-14")
MODELS: dict[str, VolumeModel] = {
    "moving_mean": MovingMeanVolumes(), "combination": CombinedVolumes(),
}  # fmt: skip


def start_of(week: "int | pd.Series[int]") -> "pd.Timestamp | pd.Series[pd.Timestamp]":
    return WEEK_40 + pd.to_timedelta(7 * (week - 40), unit="D")


def read(folder: Path) -> Series:
    """Units sold, and the logarithm of the brand's price per ounce, deal and feature."""
    rows = pd.read_parquet(folder / "yx_w40_148.parquet").reset_index(drop=True)
    prices = rows[[f"price{brand}" for brand in range(1, 12)]].to_numpy()
    rows["price"] = np.log(np.maximum(prices[np.arange(len(rows)), rows["brand"] - 1], 1e-3))
    rows["start"] = start_of(rows["week"])
    rows = rows.assign(
        date=rows["start"], region_id="s" + rows["store"].astype(str),
        segment="b" + rows["brand"].astype(str).str.zfill(2),
        boxes=np.round(np.exp(rows["logmove"])).astype("int64"),
    )  # fmt: skip
    drivers = rows.melt([*KEY, "start"], ["price", "deal", "feat"], "driver", "value")
    return Series(rows[[*KEY, "start", "boxes"]], _every_week(drivers))


def _every_week(drivers: pd.DataFrame) -> pd.DataFrame:
    """A store's week without a brand: its price is the last one known, with no deal."""
    keys = ["region_id", "segment", "start"]
    wide = drivers.pivot_table("value", keys, "driver")
    every = pd.MultiIndex.from_product([level.sort_values() for level in wide.index.levels])
    whole = wide.reindex(every.set_names(keys))
    price = whole["price"].groupby(level=[0, 1]).ffill()
    filled = whole.fillna({"deal": 0.0, "feat": 0.0}).assign(price=price)
    long = filled.reset_index().melt(keys, var_name="driver").dropna(subset=["value"])
    return long.assign(date=long["start"])


def targets(rounds: tuple[int, ...]) -> list[tuple[pd.Timestamp, pd.Timestamp]]:
    return [(start_of(end + ahead), start_of(end + 1)) for end in rounds for ahead in AHEAD]


def simple(series: Series, rounds: tuple[int, ...]) -> dict[str, pd.DataFrame]:
    """The references of the benchmark: last week, the same week a year ago, the mean of all."""
    sold = series.sold.pivot_table("boxes", ["region_id", "segment"], "start")
    told: dict[str, list[pd.DataFrame]] = {"naive": [], "seasonal naive": [], "mean": []}
    for start, cutoff in targets(rounds):
        known = sold.loc[:, sold.columns < cutoff]
        for name, values in (
            ("naive", known.ffill(axis=1).iloc[:, -1]),
            ("seasonal naive", known.ffill(axis=1)[start - pd.Timedelta(weeks=52)]),
            ("mean", known.mean(axis=1)),
        ):
            told[name].append(values.rename("mean_boxes").reset_index().assign(
                date=start, cutoff=cutoff))  # fmt: skip
    return {name: pd.concat(parts, ignore_index=True) for name, parts in told.items()}


def table(series: Series, rounds: tuple[int, ...], models: dict[str, VolumeModel]) -> pd.DataFrame:
    """Errors of every method over the store-weeks of the rounds."""
    told = simple(series, rounds)
    for name, model in models.items():
        told[name] = forecast(series, model, targets(rounds), HISTORY_WEEKS)
    lines = []
    for name, frame in told.items():
        both = frame.merge(series.sold[[*KEY, "boxes"]], on=KEY)
        actual = both["boxes"].astype(float)
        line = {"method": name, "n": len(both), **errors(actual, both["mean_boxes"])}
        if "sd_boxes" in both:
            for point, squares in (("its point", POINT), ("log-normal's", LOG_NORMAL)):
                low = errors(actual, least_mape(both["mean_boxes"], both["sd_boxes"], squares))
                line |= {f"{kind}, {point}": low[kind] for kind in ("mape", "wape")}
            line |= coverage(actual, both["mean_boxes"], both["sd_boxes"])
            line["cpu s"] = frame.attrs["cpu_s"]
        lines.append(line)
    return pd.DataFrame(lines)


def main() -> None:
    data, *options = words(__doc__, 1)
    rounds = DEVELOPMENT if "--development" in options else ROUNDS
    told = table(read(Path(data)), rounds, MODELS)
    print(told.to_string(index=False, float_format="{:.4f}".format))


if __name__ == "__main__":
    main()
