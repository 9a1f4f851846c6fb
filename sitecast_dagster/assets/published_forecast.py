"""published_forecast: one immutable publication of a completed plan, and the emails about it."""

from dataclasses import asdict

import dagster as dg

import sitecast
from sitecast.publish import publish_plan
from sitecast_dagster.assets.forecast_changes import forecast_changes
from sitecast_dagster.assets.forecast_plan import forecast_plan
from sitecast_dagster.assets.site_forecast import site_forecast
from sitecast_dagster.checks.freshness import PLAN_IS_DUE
from sitecast_dagster.failures import known_problems_as_failures
from sitecast_dagster.publication_facts import attention_lines, publication_facts
from sitecast_dagster.resources import InstallationResource
from sitecast_dagster.runs import plan_of_run
from sitecast_dagster.tags import GROUP, OWNERS, TAGS

ALL_WEEKS = [
    dg.AssetDep(asset, partition_mapping=dg.AllPartitionMapping())
    for asset in (site_forecast, forecast_changes)
]


@dg.asset(deps=[forecast_plan, *ALL_WEEKS], group_name=GROUP, owners=OWNERS, tags=TAGS,
          kinds={"parquet", "sql", "email"}, code_version=sitecast.__version__,
          freshness_policy=PLAN_IS_DUE)  # fmt: skip
def published_forecast(
    context: dg.AssetExecutionContext, installation: InstallationResource
) -> dg.MaterializeResult[None]:
    """The forecast of all weeks of one plan: files, database tables, a page and an email.

    Reads exactly the versions that the plan's manifest names, never whatever is newest.
    """
    with known_problems_as_failures(context.retry_number):
        opened, now = installation.open(), installation.now()
        plan = plan_of_run(context.instance, context.run.run_id, opened)
        publication = publish_plan(
            plan, opened.weeks, opened.ledger, opened.publications, opened.deployment.ui_url, now,
            opened.webhook,
        )  # fmt: skip
        # A message that cannot be sent stays in the outbox; it must not undo the publication.
        delivery = opened.deliver(plan, now)
        facts = publication_facts(publication, plan, opened)
    for line in attention_lines(publication, plan.settings.currency):
        context.log.warning(line)
    return dg.MaterializeResult(
        metadata={**facts, "emails": dg.MetadataValue.json(asdict(delivery))},
        data_version=dg.DataVersion(publication.publication_id),
    )
