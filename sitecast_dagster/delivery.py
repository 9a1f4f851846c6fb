"""deliver_messages: hands out what waits in the outbox, without publishing anything.

What belongs here: the op and its job. What does not: when it is tried (sensors/deliver.py).
"""

from dataclasses import asdict

import dagster as dg

from sitecast_dagster.failures import known_problems_as_failures
from sitecast_dagster.resources import InstallationResource
from sitecast_dagster.tags import TAGS


@dg.op
def deliver_waiting_messages(
    context: dg.OpExecutionContext, installation: InstallationResource
) -> None:
    """Try every message whose time has come; what fails again stays in the outbox."""
    with known_problems_as_failures(context.retry_number):
        opened = installation.open()
        report = opened.deliver(opened.ledger.current_plan(), installation.now())
    context.log.info("outbox: %s", asdict(report))


@dg.job(tags=TAGS)
def deliver_messages() -> None:
    """Deliver emails and webhooks that could not be sent when the forecast was published."""
    deliver_waiting_messages()
