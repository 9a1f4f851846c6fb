"""Forecasts against actual weeks, beside what nobody needs a model for."""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence

import pandas as pd

from sitecast.errors import DataError
from sitecast.evaluate.actual_need import NEED_KEY, actual_need
from sitecast.evaluate.metrics import bias, wape_site
from sitecast.extract import Source, past_weeks, read_calendar
from sitecast.records.plan import ForecastPlan
from sitecast.records.tables_written import FORECAST_ACCURACY
from sitecast.records.week_record import SiteForecast

LEVELS: Mapping[str, list[str]] = {
    "site_sku": ["site_id", "sku_id"], "sku": ["sku_id"], "site": ["site_id"], "total": [],
}  # fmt: skip
MEAN_WEEKS = 8
EVER = dt.datetime(2200, 1, 1, tzinfo=dt.UTC)


def compare_with_actuals(
    source: Source,
    plan: ForecastPlan,
    forecasts: Sequence[SiteForecast],
    known_at: dt.datetime = EVER,
) -> pd.DataFrame:
    """Bias and WAPE of each forecast week, beside two references.

    naive is the last week that had ended before the plan's as_of; mean_8 the mean of the last 8 of
    them. Both know only what was known at as_of: the honest rule that every method is held to.

    Args:
        source: where the orders lie, those of the forecast weeks included.
        plan: the plan of the forecasts.
        forecasts: site_forecast of some of its weeks.
        known_at: actuals as known then; everything the source holds when not given.
    Returns:
        The table forecast_accuracy. Every method of a week is compared over the same pairs: those
        in which the actual or any method has a quantity. Ingredients and products, not packaging.
    Raises:
        DataError: no order of the weeks, or of the past, was delivered by a known site.
    """
    actual = actual_need(source, known_at, [forecast.menu_week for forecast in forecasts])
    simple = references(source, plan)
    rows: list[dict[str, object]] = []
    for forecast in forecasts:
        truth = actual[actual["menu_week"] == forecast.menu_week]
        if truth.empty:
            raise _nothing_delivered(forecast.menu_week)
        methods = {"sitecast": _expected(forecast), **simple}
        rows += _measured(forecast.menu_week, truth, methods)
    return FORECAST_ACCURACY.shaped(pd.DataFrame(rows))


def measure(
    menu_week: str, actual: pd.DataFrame, methods: Mapping[str, pd.DataFrame]
) -> pd.DataFrame:
    """forecast_accuracy of one week.

    Args:
        menu_week: the week.
        actual: site_id, sku_id, qty.
        methods: the same columns as forecast by each method.
    """
    return FORECAST_ACCURACY.shaped(pd.DataFrame(list(_measured(menu_week, actual, methods))))


def references(source: Source, plan: ForecastPlan) -> dict[str, pd.DataFrame]:
    """What naive and mean_8 forecast for every week of the plan: site_id, sku_id, qty."""
    calendar = read_calendar(source, plan.as_of)
    weeks = past_weeks(calendar, plan.as_of, MEAN_WEEKS)["menu_week"].tolist()
    need = actual_need(source, plan.as_of, weeks) if weeks else pd.DataFrame(columns=NEED_KEY)
    if need.empty:
        raise _nothing_delivered("the past weeks")
    pair = LEVELS["site_sku"]
    mean = need.groupby(pair, as_index=False)["qty"].sum()
    last = need.loc[need["menu_week"] == weeks[-1], [*pair, "qty"]]
    return {"naive": last, "mean_8": mean.assign(qty=mean["qty"] / len(weeks))}


def _expected(forecast: SiteForecast) -> pd.DataFrame:
    daily = forecast["site_forecast"]
    daily = daily[daily["kind"] != "packaging"].astype({"site_id": object, "sku_id": object})
    need = daily.groupby(LEVELS["site_sku"], as_index=False)["qty_mean"].sum()
    return need.rename(columns={"qty_mean": "qty"})


def _measured(
    menu_week: str, actual: pd.DataFrame, methods: Mapping[str, pd.DataFrame]
) -> Iterator[dict[str, object]]:
    pair = LEVELS["site_sku"]
    columns = {"actual": actual, **methods}
    sides = [frame.set_index(pair)["qty"].rename(name) for name, frame in columns.items()]
    together = pd.concat(sides, axis="columns").fillna(0.0)
    for level, by in LEVELS.items():
        sums = together.groupby(by).sum() if by else together.sum().to_frame().T
        for method in methods:
            truth = sums["actual"].to_numpy(dtype=float)
            told = sums[method].to_numpy(dtype=float)
            yield {
                "menu_week": menu_week, "level": level, "method": method, "n": len(sums),
                "actual": truth.sum(), "bias": bias(told, truth), "wape": wape_site(told, truth),
            }  # fmt: skip


def _nothing_delivered(what: str) -> DataError:
    return DataError(
        "no delivered order names the site that packed it", {"menu_week": what},
        "set orders.state to delivered and orders.site_id once a week is over",
    )  # fmt: skip
