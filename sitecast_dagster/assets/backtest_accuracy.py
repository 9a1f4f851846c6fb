"""backtest_accuracy: a past menu week forecast anew with what was known then, and measured.

The week's records are made in memory: nothing is published, no plan becomes the current one, and no
other asset sees it.
"""

import datetime as dt

import dagster as dg
from pydantic import Field

import sitecast
from sitecast.errors import DataError
from sitecast.evaluate import Backtest, backtest, replay
from sitecast.installation import Installation
from sitecast.records.tables_accuracy import BACKTEST_ACCURACY
from sitecast.settings import plan_settings
from sitecast.store.accuracy import save_accuracy
from sitecast_dagster.accuracy_facts import accuracy_facts
from sitecast_dagster.failures import known_problems_as_failures
from sitecast_dagster.partitions import PAST_WEEKS
from sitecast_dagster.resources import InstallationResource
from sitecast_dagster.tags import GROUP, OWNERS, TAGS


class BacktestConfig(dg.Config):
    """What the forecasts of a backfill may know."""

    lead_days: list[int] = Field(
        [8, 29], description="days from as_of (midnight, UTC) to each week's first date"
    )
    as_of: str | None = Field(
        None, description="one moment (ISO 8601, UTC) for all weeks, instead of lead_days"
    )


@dg.asset(
    partitions_def=PAST_WEEKS,
    group_name=GROUP,
    owners=OWNERS,
    tags=TAGS,
    kinds={"sql"},
    code_version=sitecast.__version__,
)
def backtest_accuracy(
    context: dg.AssetExecutionContext, config: BacktestConfig, installation: InstallationResource
) -> dg.MaterializeResult[None]:
    """How good past plans would have been, each with what was known at its as_of.

    Uses the plan file as it is now; its rows in the ledger are apart from published forecasts'.
    """
    week = context.partition_key
    with known_problems_as_failures(context.retry_number):
        opened = installation.open()
        told = _forecast_again(opened, week, config, installation.now())
        if not told.forecasts:
            raise DataError(
                f"nothing could be forecast: {'; '.join(sorted(set(told.left_out.values())))}",
                {"menu_week": week}, "choose a week with weeks of orders before its as_of",
            )  # fmt: skip
        save_accuracy(opened.ledger, told.table, BACKTEST_ACCURACY)
    for (_, lead), reason in told.left_out.items():
        context.log.warning("%s days ahead is left out: %s", lead, reason)
    made = {f"forecast {lead} days ahead": digest for (_, lead), digest in told.forecasts.items()}
    return dg.MaterializeResult(metadata={**accuracy_facts(told.table), **made})


def _forecast_again(
    opened: Installation, week: str, config: BacktestConfig, now: dt.datetime
) -> Backtest:
    settings = opened.plan_settings()
    source = opened.source(settings)
    if config.as_of is None:
        return backtest(source, settings, [week], config.lead_days, now)
    moment = plan_settings({"as_of": config.as_of}, "launch config").as_of or now
    return replay(source, settings, week, [moment], now)
