"""Bakeries: daily demand of 3 products in 35 shops, from the calendar and declared promotions.

A shop is a region, a product a segment, a piece a box. Holidays, school holidays and promotions are
known ahead; the weather is not, and is left out. Run with the folder of the data:
`python -m benchmarks.forecast_quality_bakery FOLDER [MODEL ...]`.
"""

from pathlib import Path

import pandas as pd

from benchmarks.arguments import words
from benchmarks.quality_daily import asked_models, monday, table
from benchmarks.quality_series import KEY, Series

LAST = pd.Timestamp("2018-10-22")
WEEKS = 26
"""Evaluated: the last half-year. The model was made with the half-year before."""
DRIVERS = {
    "is_holiday": "holiday", "is_holiday_next2days": "holiday soon",
    "is_schoolholiday": "school holiday", "promotion_currentweek": "promotion",
    "promotion_lastweek": "promotion last week",
}  # fmt: skip


def read(folder: Path) -> Series:
    rows = pd.read_parquet(folder / "bakery_to_2018-10-28.parquet")
    rows = rows.assign(
        start=monday(rows["date"]), region_id="shop " + rows["store"].astype(str),
        segment=rows["product"].astype(str), boxes=rows["demand"].round().astype("int64"),
    ).rename(columns=DRIVERS)  # fmt: skip
    drivers = rows.melt([*KEY, "start"], list(DRIVERS.values()), "driver", "value")
    return Series(rows[[*KEY, "start", "boxes"]], drivers[drivers["value"] != 0])


def starts(weeks: int = WEEKS, last: pd.Timestamp = LAST) -> list[pd.Timestamp]:
    return [last - pd.Timedelta(weeks=back) for back in range(weeks - 1, -1, -1)]


def main() -> None:
    data, *models = words(__doc__, 1)
    series = read(Path(data))
    told = table(series, starts(), asked_models(models))
    print(told.to_string(index=False, float_format="{:.4f}".format))


if __name__ == "__main__":
    main()
