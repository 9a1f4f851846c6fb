"""What a deployment opens: ledger, versioned store, publications, mailer and webhook."""

import datetime as dt
from dataclasses import dataclass

from sitecast.deployment import Deployment
from sitecast.errors import NotFound, SettingsError
from sitecast.extract import Source, open_source
from sitecast.publish import (
    DeliveryReport,
    FileMailer,
    LimitedMailer,
    Mailer,
    SmtpMailer,
    Webhook,
    deliver_all,
    deliver_outbox,
    tell_what_did_not_go_out,
)  # fmt: skip
from sitecast.records.plan import ForecastPlan
from sitecast.settings import PlanSettings, PublicationSettings, load_plan_file
from sitecast.settings_uncertainty import Uncertainty
from sitecast.store import Ledger, OutboxRow, WeekStore
from sitecast.store.calibrations import latest_spreads
from sitecast.store.files import written_or_store_error
from sitecast.store.outbox import Outbox
from sitecast.store.places import Place, open_place


@dataclass(frozen=True)
class Installation:
    """Open stores of one installation. Cheap to make; safe to make in every process."""

    deployment: Deployment
    ledger: Ledger
    weeks: WeekStore
    publications: Place
    mailer: Mailer
    webhook: Webhook | None = None

    def current_plan(self) -> ForecastPlan:
        """The plan made last.

        Raises:
            NotFound: no plan was made yet.
        """
        plan = self.ledger.current_plan()
        if plan is None:
            raise NotFound("there is no plan yet", {}, "run `sitecast plan` or `sitecast run`")
        return plan

    def deliver(self, plan: ForecastPlan | None, now: dt.datetime) -> DeliveryReport:
        """Hand out what waits in the outbox; the plan, if any, says what to do in doubt."""
        settings = PublicationSettings() if plan is None else plan.settings.publication
        rule = settings.on_ambiguous
        report = deliver_all(self.ledger, self.mailer, self.webhook, now, rule)
        if tell_what_did_not_go_out(self.ledger, settings, now):
            deliver_outbox(self.ledger, self.mailer, now, rule)
        return report

    def messages_due(self, now: dt.datetime) -> list[OutboxRow]:
        """What deliver() would try. Webhooks wait as long as no address is set."""
        emails = Outbox(self.ledger.database).due(now)
        if self.webhook is None:
            return emails
        return [*emails, *Outbox(self.ledger.database, "webhook").due(now)]

    def plan_settings(self) -> PlanSettings:
        """The plan file as it is now, with the spreads fitted last where it asks for them."""
        path = self.deployment.plan_path
        if not path.exists():
            raise SettingsError(
                "there is no plan file",
                {"file": str(path)},
                "run `sitecast demo`, or write one: docs/how-to/bring-your-own-data.md",
            )
        settings = load_plan_file(path)
        fitted = latest_spreads(self.ledger) if settings.simulator.uncertainty.calibrated else None
        return settings if fitted is None else _with_spreads(settings, fitted)

    def source(self, settings: PlanSettings) -> Source:
        """The source of the input tables that a plan names."""
        base = self.deployment.plan_path.parent
        mapping = base / settings.mapping if settings.mapping else None
        notes = self.deployment.home / "counted_weeks"
        return open_source(self.deployment.source_location(settings.source), base, mapping, notes)


def open_installation(deployment: Deployment) -> Installation:
    """Open (and on first use create) everything a deployment names."""
    home = deployment.home
    with written_or_store_error(home):
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
    ledger = Ledger(deployment.ledger_url)
    ledger.create()
    mailer: Mailer = FileMailer(home / "outbox")
    if deployment.smtp_url is not None:
        mailer = SmtpMailer.from_url(deployment.smtp_url.get_secret_value())
    if (domains := deployment.allowed_domains) is not None:
        mailer = LimitedMailer(mailer, domains)
    return Installation(
        deployment, ledger, open_weeks(deployment, ledger), publications_of(deployment), mailer,
        _webhook(deployment),
    )  # fmt: skip


def _with_spreads(settings: PlanSettings, fitted: Uncertainty) -> PlanSettings:
    simulator = settings.simulator
    told = {"uncertainty": simulator.uncertainty.fitted_as(fitted)}
    return settings.model_copy(update={"simulator": simulator.model_copy(update=told)})


def open_weeks(deployment: Deployment, ledger: Ledger) -> WeekStore:
    """The store of week records that a deployment names."""
    return WeekStore(_root(deployment) / "weeks", ledger)


def publications_of(deployment: Deployment) -> Place:
    """Where a deployment's publications lie."""
    return _root(deployment) / "publications"


def _root(deployment: Deployment) -> Place:
    return deployment.home if deployment.store_url is None else open_place(deployment.store_url)


def _webhook(deployment: Deployment) -> Webhook | None:
    if deployment.webhook_url is None and deployment.webhook_secret is None:
        return None
    if deployment.webhook_url is None or deployment.webhook_secret is None:
        raise SettingsError(
            "a webhook needs an address and a secret", {},
            "set both SITECAST_WEBHOOK_URL and SITECAST_WEBHOOK_SECRET, or neither",
        )  # fmt: skip
    return Webhook.of(deployment.webhook_url, deployment.webhook_secret)
