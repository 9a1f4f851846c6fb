"""forecast_accuracy: published forecasts of one menu week against what was delivered."""

import dagster as dg

import sitecast
from sitecast.errors import DataError
from sitecast.evaluate import evaluate_published
from sitecast.store.accuracy import forecast_accuracy as accuracy_table
from sitecast_dagster.accuracy_facts import accuracy_facts
from sitecast_dagster.assets.published_forecast import published_forecast
from sitecast_dagster.failures import known_problems_as_failures
from sitecast_dagster.partitions import MENU_WEEKS
from sitecast_dagster.resources import InstallationResource
from sitecast_dagster.tags import GROUP, OWNERS, TAGS


@dg.asset(partitions_def=MENU_WEEKS, deps=[published_forecast], group_name=GROUP, owners=OWNERS,
          tags=TAGS, kinds={"sql"},
          code_version=sitecast.__version__)  # fmt: skip
def forecast_accuracy(
    context: dg.AssetExecutionContext, installation: InstallationResource
) -> dg.MaterializeResult[None]:
    """How good every published forecast of one menu week was, by level and lead.

    Measures anew what was measured, since actuals are corrected. Rows lie in the ledger.
    """
    week = context.partition_key
    with known_problems_as_failures(context.retry_number):
        opened = installation.open()
        report = evaluate_published(opened, installation.now(), again=True, menu_weeks=[week])
        if not report.measured:
            reasons = "; ".join(sorted(set(report.left_out.values())))
            raise DataError(
                f"no forecast could be measured: {reasons or 'none was published'}",
                {"menu_week": week}, "bring the week's delivered orders, then materialise again",
            )  # fmt: skip
        table = accuracy_table(opened.ledger)
    for (plan_id, _), reason in report.left_out.items():
        context.log.warning("plan %s is left out: %s", plan_id, reason)
    return dg.MaterializeResult(metadata=accuracy_facts(table[table["menu_week"] == week]))
