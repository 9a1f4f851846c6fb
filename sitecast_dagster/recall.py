"""recall_publication: takes a wrong publication back, from the launchpad.

What belongs here: the op, its config and its job. What does not: what a recall does
(sitecast.publish.recall), and another try of its notices (sensors/deliver.py).
"""

from dataclasses import asdict

import dagster as dg
from pydantic import Field

from sitecast.publish import recall_publication as recall
from sitecast_dagster.failures import known_problems_as_failures
from sitecast_dagster.resources import InstallationResource
from sitecast_dagster.tags import TAGS


class RecallConfig(dg.Config):
    """Which publication, and why."""

    publication_id: str = Field(description="see `sitecast show publications`")
    why: str = Field(description="one line that everybody who used it will read")


@dg.op
def recall_one_publication(
    context: dg.OpExecutionContext, config: RecallConfig, installation: InstallationResource
) -> None:
    """The last good publication is current again; whoever was told gets a notice."""
    with known_problems_as_failures(context.retry_number):
        opened, now = installation.open(), installation.now()
        done = recall(opened.ledger, opened.publications, config.publication_id, config.why, now,
                      opened.webhook)  # fmt: skip
        # A notice that cannot be sent stays in the outbox; it must not undo the recall.
        report = opened.deliver(opened.ledger.plan(done.plan_id), now)
    context.log.info("%s", done)
    facts = {"recall": str(done), "notices": dg.MetadataValue.json(asdict(report))}
    context.add_output_metadata(facts)


@dg.job(tags=TAGS)
def recall_publication() -> None:
    """Take a wrong publication back: name it and the reason in the launchpad."""
    recall_one_publication()
