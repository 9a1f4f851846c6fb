"""What is stored: the current plan's weeks, the current publication, each byte of both."""

import json
from collections.abc import Mapping

from sitecast.deployment import Deployment
from sitecast.doctor.findings import Finding, Findings, of_error
from sitecast.errors import NotFound, SitecastError, StoreError, StoreUnavailable
from sitecast.installation import open_weeks, publications_of
from sitecast.publish.folder import MANIFEST, POINTER
from sitecast.records.plan import ForecastPlan
from sitecast.records.week_record import WEEK_RECORDS, SiteForecast
from sitecast.store import Ledger, WeekStore
from sitecast.store.files import sha256_of
from sitecast.store.places import Place, require_reachable
from sitecast.store.publications import current_publication_id, publication_row

_RECORDS = {record.asset: record for record in WEEK_RECORDS}


def reachable(deployment: Deployment) -> Findings:
    """The object store, where one is named: it answers, and knows us."""
    if deployment.store_url is None:
        return
    try:
        require_reachable(deployment.store_url)
    except SitecastError as error:
        yield of_error("store-unreachable", error)


def stores(deployment: Deployment) -> Findings:
    """The current plan and the current publication; the ledger answers already."""
    ledger = Ledger(deployment.ledger_url)
    weeks = open_weeks(deployment, ledger)
    plan, published = ledger.current_plan(), current_publication_id(ledger)
    row = publication_row(ledger, published) if published else None
    if plan is None:
        yield Finding("no-plan", "note", "no plan was made yet", "run `sitecast run`")
    else:
        yield from _plan(weeks, plan, row["plan_id"] if row else None)
    if row is not None:
        yield from _versions(weeks, row["plan_id"], json.loads(row["versions"]))
    yield from _publication(publications_of(deployment), published)


def _plan(weeks: WeekStore, plan: ForecastPlan, published: str | None) -> Findings:
    missing = []
    for week in plan.menu_weeks:
        for record in WEEK_RECORDS:
            try:
                if weeks.head(plan.plan_id, week, record) is not None:
                    weeks.read(record, plan.plan_id, week)
                elif record is SiteForecast:
                    missing.append(week)
            except StoreError as error:
                yield of_error(_kind(error), error)
    if missing:
        yield Finding(
            "week-not-forecast",
            "error",
            f"{plan.plan_id} has no forecast of {', '.join(missing)}, so nothing of it "
            "is published",
            "see why the weeks failed: `sitecast check-data`; then `sitecast run`",
        )
    elif published != plan.plan_id:
        yield Finding(
            "not-published",
            "warning",
            f"{plan.plan_id} is forecast, but it is not the current publication",
            "run `sitecast publish`; or make a new plan, where it was recalled",
        )


def _versions(
    weeks: WeekStore, plan_id: str, versions: Mapping[str, Mapping[str, str]]
) -> Findings:
    for week, assets in versions.items():
        for asset, version in assets.items():
            try:
                weeks.read(_RECORDS[asset], plan_id, week, version)
            except NotFound as error:
                yield of_error("version-damaged", error, "warning")
            except StoreError as error:
                yield of_error(_kind(error), error)


def _kind(error: StoreError) -> str:
    return "store-unreachable" if isinstance(error, StoreUnavailable) else "version-damaged"


def _publication(folder: Place, publication_id: str | None) -> Findings:
    pointed = _pointed(folder)
    if pointed != publication_id:
        yield Finding("pointer-differs", "error",
                      f"{folder / POINTER} names {pointed}, the ledger {publication_id}",
                      "run `sitecast publish`: the ledger decides")  # fmt: skip
    if publication_id is None:
        return
    place = folder / publication_id
    try:
        sums = json.loads((place / MANIFEST).read_bytes())["sha256"]
        wrong = [name for name in sums if sha256_of((place / name).read_bytes()) != sums[name]]
    except (OSError, ValueError, KeyError, TypeError) as error:
        wrong = [str(error)]
    if wrong:
        yield Finding(
            "publication-damaged",
            "error",
            f"files of {place} are damaged: {', '.join(wrong)}",
            "make a new plan: `sitecast run`; the rows in the ledger are still good",
        )


def _pointed(folder: Place) -> str | None:
    try:
        found = json.loads((folder / POINTER).read_bytes())["publication_id"]
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError):
        return "nothing that can be read"
    return None if found is None else str(found)
