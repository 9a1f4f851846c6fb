"""Where one installation keeps its data, and how it sends mail. Read from the environment.

What belongs here: settings that differ between machines, with secrets. What does not: what to
forecast (the plan file, settings.py). Only cli/ and sitecast_dagster/resources/ make one.
"""

from pathlib import Path
from typing import Any

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from sitecast.errors import SettingsError


class Deployment(BaseSettings):
    """Settings of an installation; each is read from SITECAST_<NAME> or a `.env` file."""

    model_config = SettingsConfigDict(
        env_prefix="SITECAST_", env_file=".env", extra="ignore", frozen=True
    )

    home: Path = Field(Path(".sitecast"), description="folder of everything sitecast writes")
    plan_file: Path | None = Field(None, description="plan file; <home>/plan.yaml when absent")
    warehouse_url: SecretStr | None = Field(
        None, description="SQLAlchemy URL of the ledger and the published tables; a SQLite file "
        "in home when absent",
    )  # fmt: skip
    store_url: str | None = Field(
        None, description="URL of the place of week data and publications in an object store, such "
        "as s3://bucket/sitecast; folders in home when absent. Keys and the server's address come "
        "from AWS's own variables",
    )  # fmt: skip
    dagster_url: SecretStr | None = Field(
        None, description="SQLAlchemy URL of a PostgreSQL database for Dagster's runs, events and "
        "schedules; SQLite files in home when absent",
    )  # fmt: skip
    broker_url: SecretStr | None = Field(
        None, description="redis://host:6379/0: runs go to workers on any machine (python -m "
        "sitecast_dagster.worker); this machine runs them when absent",
    )  # fmt: skip
    source_url: SecretStr | None = Field(
        None, description="SQLAlchemy URL of the input tables, for plans with `source: database`"
    )
    smtp_url: SecretStr | None = Field(
        None, description="smtp://user:password@host:587 (STARTTLS), smtps:// (TLS) or "
        "smtp+plain:// (neither); when absent, emails become .eml files in <home>/outbox",
    )  # fmt: skip
    mail_domains: str | None = Field(
        None, description="domains that emails may go to, such as `example.com,example.org`, "
        "whatever a plan file says; any domain when absent",
    )  # fmt: skip
    webhook_url: SecretStr | None = Field(
        None, description="https address that is called about every publication and recall; http "
        "only to this machine",
    )  # fmt: skip
    webhook_secret: SecretStr | None = Field(
        None, description="whsec_ and base64 of at least 24 random bytes; signs the webhook"
    )
    max_concurrent_weeks: int = Field(2, ge=1, le=64, description="menu weeks run side by side")
    ui_url: str = Field("http://127.0.0.1:3000", description="address of the Dagster UI, for links")

    @property
    def plan_path(self) -> Path:
        """The plan file."""
        return self.plan_file or self.home / "plan.yaml"

    @property
    def ledger_url(self) -> str:
        """SQLAlchemy URL of the ledger; holds a secret where one was given."""
        if self.warehouse_url is not None:
            return self.warehouse_url.get_secret_value()
        return f"sqlite:///{(self.home / 'sitecast.db').resolve()}"

    @property
    def allowed_domains(self) -> frozenset[str] | None:
        """The domains that emails may go to; None where any may."""
        if self.mail_domains is None:
            return None
        return frozenset(name.strip().lower() for name in self.mail_domains.split(",") if name)

    def source_location(self, source: str) -> str:
        """Where a plan's `source` setting points: a folder as written, or the database's URL."""
        if source != "database":
            return source
        if self.source_url is None:
            raise SettingsError(
                "the plan reads from a database, but no database is named",
                {"setting": "source"},
                "set SITECAST_SOURCE_URL to a SQLAlchemy URL",
            )
        url = self.source_url.get_secret_value()
        if "://" not in url:  # a folder's name would be shown
            raise SettingsError("SITECAST_SOURCE_URL is not a URL", {},
                                "write it like postgresql://user@host/database")  # fmt: skip
        return url


def read_deployment(**given: Any) -> Deployment:
    """Settings from the environment, with what is given on top.

    Raises:
        SettingsError: names each variable that is wrong, never its value.
    """
    try:
        return Deployment(**given)
    except ValidationError as error:
        wrong = [f"SITECAST_{str(item['loc'][0]).upper()}: {item['msg']}"
                 for item in error.errors(include_input=False)]  # fmt: skip
        raise SettingsError(f"wrong variables of the environment: {'; '.join(wrong)}", {},
                            "see docs/reference/settings.md") from None  # fmt: skip
