"""The demo company's own box forecast."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sitecast.extract.demo.calendar import DemoWeek, delivery_dates
from sitecast.extract.demo.company import Company
from sitecast.extract.demo.customers import segment_weights, segments


def box_forecast_of_week(
    company: Company, week: DemoWeek, placed: NDArray[np.int64] | None
) -> pd.DataFrame:
    """The table box_forecast of one week: what is placed, and the rest still expected.

    Args:
        company: the company.
        week: a week that is not over.
        placed: (days, regions, segments) boxes already ordered; None when nobody has.
    """
    size = company.size
    days, by_segment = np.array(size.delivery_weights), segment_weights(size)
    by_region = company.regions["weight"].to_numpy()
    share = days[:, None, None] * by_region[None, :, None] * by_segment
    rest = size.boxes_per_week * week.volume * (1.0 - week.booked) * share
    mean = rest if placed is None else placed + rest
    cells = pd.MultiIndex.from_product(
        [delivery_dates(week, len(days)), company.regions["region_id"], list(segments(size))],
        names=["delivery_date", "region_id", "segment"],
    )
    forecast = pd.DataFrame({"mean_boxes": mean.ravel().round(2)}, index=cells).reset_index()
    return forecast.assign(menu_week=week.key)
