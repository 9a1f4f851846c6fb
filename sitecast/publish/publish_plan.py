"""Publish a completed plan: folder, database and outbox, once per plan version (R9, R10).

Everything hangs on one transaction: rows, outbox and pointer become visible together, and the
folder's pointer moves just before it commits. Killed anywhere, the next try picks up what is there.
"""

import datetime as dt
import json
from dataclasses import replace

from sitecast.errors import StoreError
from sitecast.publish.contents import Contents, gather
from sitecast.publish.exceptions import with_exceptions
from sitecast.publish.folder import PAGE, point_to, table_facts, write_publication
from sitecast.publish.manifest import plan_manifest
from sitecast.publish.message import queued_messages
from sitecast.publish.webhook import Webhook
from sitecast.records.plan import ForecastPlan
from sitecast.records.publication import Publication
from sitecast.store import Ledger, WeekStore
from sitecast.store.accuracy import forecast_accuracy
from sitecast.store.places import Place, alone
from sitecast.store.publications import (
    current_publication_id,
    publication_row,
    recall_event,
    record_publication,
)  # fmt: skip


def publish_plan(
    plan: ForecastPlan,
    weeks: WeekStore,
    ledger: Ledger,
    folder: Place,
    ui_url: str,
    now: dt.datetime,
    webhook: Webhook | None = None,
) -> Publication:
    """Publish the newest forecasts of exactly the plan's weeks; the same ones again change nothing.

    Args:
        plan: a plan that was saved in the ledger.
        weeks: where its forecasts lie.
        ledger: whose database gets the published tables and the outbox.
        folder: where publications lie, a folder each.
        ui_url: address of the Dagster UI, for links.
        now: when it is published; also the Date of the emails.
        webhook: what to call about it, if anything.
    Raises:
        StoreError: a week is missing, a plan with a later as_of is published already, or just
            these forecasts were recalled. The last good publication stays current then.
    """
    ledger.plan(plan.plan_id)
    with alone(folder, ledger.database):
        manifest, forecasts = plan_manifest(plan, weeks)
        known = find_publication(ledger, folder, manifest.publication_id)
        if known is not None:
            return _published_before(ledger, known)
        current = current_publication(ledger, folder)
        _refuse_older(plan, None if current is None else ledger.plan(current.plan_id))
        contents = with_exceptions(gather(plan, manifest, forecasts, weeks), forecasts, weeks)
        contents = replace(contents, accuracy=forecast_accuracy(ledger))
        place = write_publication(contents, manifest, folder, ui_url, now)
        publication = Publication(
            manifest.publication_id, plan.plan_id, place, place / PAGE,
            None if current is None else current.publication_id, manifest.weeks, now,
        )  # fmt: skip
        _record(ledger, publication, contents, ui_url, webhook)
    return publication


def _record(
    ledger: Ledger, publication: Publication, contents: Contents, ui_url: str,
    webhook: Webhook | None,
) -> None:  # fmt: skip
    """Rows, messages and both pointers; the folder's moves last, before anyone else can commit."""
    folder, publication_id = publication.folder.parent, publication.publication_id
    emails = queued_messages(contents, publication, ui_url)
    record_publication(
        ledger, publication, contents.tables, table_facts(publication.folder),
        messages=lambda event: [*emails, *([] if webhook is None else [webhook.row(event)])],
        before_commit=lambda: point_to(folder, publication_id),
    )  # fmt: skip


def current_publication(ledger: Ledger, folder: Place) -> Publication | None:
    """The publication that readers see, if any."""
    publication_id = current_publication_id(ledger)
    return None if publication_id is None else find_publication(ledger, folder, publication_id)


def find_publication(ledger: Ledger, folder: Place, publication_id: str) -> Publication | None:
    """A publication by its id, if there is one."""
    row = publication_row(ledger, publication_id)
    if row is None:
        return None
    place = folder / publication_id
    return Publication(
        publication_id, row["plan_id"], place, place / PAGE, row["supersedes"],
        json.loads(row["versions"]), row["published_at"],
    )  # fmt: skip


def _refuse_older(plan: ForecastPlan, current: ForecastPlan | None) -> None:
    """An older plan never replaces a newer one silently; a plan may always replace itself."""
    if current is None or current.plan_id == plan.plan_id or plan.as_of >= current.as_of:
        return
    raise StoreError(
        "a plan that knows more is published already",
        {"plan_id": plan.plan_id, "as_of": plan.as_of.isoformat(), "published": current.plan_id},
        "make a new plan with a later as_of, and publish that",
    )


def _published_before(ledger: Ledger, known: Publication) -> Publication:
    """What is published stays so; what was recalled is not published by asking again."""
    recall = recall_event(ledger, known.publication_id)
    if recall is not None:
        raise StoreError(
            f"just these forecasts were recalled: {recall.why}",
            {"publication_id": known.publication_id, "recalled": recall.at.isoformat()},
            "correct the cause, then make a new plan or run the wrong weeks again",
        )
    if known.publication_id == current_publication_id(ledger):
        point_to(known.folder.parent, known.publication_id)  # it may not have got that far
    return known
