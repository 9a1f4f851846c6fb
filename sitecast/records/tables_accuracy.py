"""Published forecasts against what was delivered."""

from dataclasses import replace

from sitecast.records.contract import TableContract, amount, count, text

_OURS = "of the plan's draws; empty for references"

FORECAST_ACCURACY = TableContract(
    "forecast_accuracy", "Forecasts against actuals, beside references that need no model.",
    ("plan_id", "menu_week", "level", "method"),
    (
        text("plan_id", "plan of the forecast"),
        text("menu_week", "menu week"),
        text("level", "need of SKUs by site (site_sku) and of all sites (sku), kits and products "
             "(site_item, item), boxes (site, total)",
             values=("site_sku", "sku", "site_item", "item", "site", "total")),
        text("method", "sitecast; naive: the last week; seasonal_naive: 52 weeks before; mean_8: "
             "mean of the last 8 weeks; previous_plan: the forecast published before this one; "
             "box_forecast: the company's own, of all boxes (total)"),
        count("lead_day", "first date of the week minus as_of", "days", minimum=None),
        count("n", "cells in which the actual or the plan's forecast has a quantity"),
        amount("actual", "sum of the actuals"),
        amount("bias", "Σ(f−a)/Σa", minimum=None),
        amount("wape", "Σ|f−a|/Σa"),
        amount("fva", "wape of the method minus wape of sitecast: what ours adds", minimum=None),
        amount("noise_floor", f"wape of a perfect mean forecast, {_OURS}", nullable=True),
        amount("pinball", "Σ over cells of the mean loss of the 10, 50 and 90 % quantiles, ÷ Σa; "
               f"{_OURS}", nullable=True),
        amount("coverage_80", f"share of cells between the 10 and 90 % quantiles {_OURS}",
               maximum=1, nullable=True),
        amount("coverage_95", f"share of cells between the 2.5 and 97.5 % quantiles {_OURS}",
               maximum=1, nullable=True),
        *(
            amount(f"wape_{part}", f"part of wape that {swap}; the four add up to wape, {_OURS}",
                   minimum=None, nullable=True)
            for part, swap in (
                ("volume", "goes with the actual boxes of each region"),
                ("share", "goes next, with the actual kits of each item per box"),
                ("allocation", "goes next, with the actual site of each kit"),
                ("bom", "is left: bills of materials, yield and wastage"),
            )
        ),
        text("actuals", "hash of the week's delivered orders, added up; others are measured anew",
             nullable=True),
    ),
)  # fmt: skip
BACKTEST_ACCURACY = replace(
    FORECAST_ACCURACY, name="backtest_accuracy", description="The same of past plans that were "
    "made anew with what was known then: never published, never the current plan.",
)  # fmt: skip
