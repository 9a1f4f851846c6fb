"""Yaz: true daily demand of one restaurant for 7 ingredients.

The restaurant is a region, an ingredient a segment, a portion a box. Holidays and closed days are
known ahead; the weather is not, and is left out. Run with the folder of the data:
`python -m benchmarks.forecast_quality_yaz FOLDER [MODEL ...]`.
"""

from pathlib import Path

import pandas as pd

from benchmarks.arguments import words
from benchmarks.forecast_quality_bakery import starts
from benchmarks.quality_daily import asked_models, monday, table
from benchmarks.quality_series import KEY, Series

LAST = pd.Timestamp("2015-05-25")
INGREDIENTS = ["calamari", "fish", "shrimp", "chicken", "koefte", "lamb", "steak"]


def read(folder: Path) -> Series:
    rows = pd.read_parquet(folder / "yaz_to_2015-05.parquet")
    rows["date"] = pd.to_datetime(rows["date"]).astype("datetime64[us]")
    rows = rows.assign(start=monday(rows["date"]), region_id="yaz").rename(
        columns={"is_holiday": "holiday", "is_closed": "closed"}
    )
    keys = ["date", "start", "region_id"]
    sold = rows.melt(keys, INGREDIENTS, "segment", "boxes")
    drivers = rows.melt(keys, ["holiday", "closed"], "driver", "value").assign(segment=None)
    return Series(sold[[*KEY, "start", "boxes"]], drivers[drivers["value"] != 0])


def main() -> None:
    data, *models = words(__doc__, 1)
    asked = asked_models(models)
    told = table(read(Path(data)), starts(last=LAST), asked)
    print(told.to_string(index=False, float_format="{:.4f}".format))


if __name__ == "__main__":
    main()
