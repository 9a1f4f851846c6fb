"""The text of an instance's dagster.yaml: one file, with parts for PostgreSQL and for workers.

What belongs here: which parts a deployment needs, and that their variables are set. What does not:
writing the file (instance.py).
"""

import os
import re
from pathlib import Path

from pydantic import SecretStr

from sitecast.deployment import Deployment
from sitecast.errors import SettingsError
from sitecast.store.database import Database

FOLDER = Path(__file__).parent
_LAUNCHER = re.compile(r"^run_launcher:\n(?:[ ].*\n)+", re.MULTILINE)
_START_TIMEOUT = re.compile(r"(?<=start_timeout_seconds: )\d+")
WORKERS_START_SECONDS = 600
"""A run may wait in the broker while workers are replaced."""


def instance_settings(deployment: Deployment) -> str:
    """What dagster.yaml says for a deployment; secrets stay in the environment.

    Raises:
        SettingsError: workers without what they have to share, or not a PostgreSQL database.
    """
    _check(deployment)
    text = _part("dagster.yaml")
    text = text.replace("{max_concurrent_weeks}", str(deployment.max_concurrent_weeks))
    if deployment.dagster_url is not None:
        text += _part("dagster-postgres.yaml")
    if deployment.broker_url is not None:
        text = _LAUNCHER.sub(_part("dagster-workers.yaml"), text)
        text = _START_TIMEOUT.sub(str(WORKERS_START_SECONDS), text)
    return text


def export_secrets(deployment: Deployment) -> None:
    """Put what dagster.yaml names into the environment: it may come from a .env file."""
    for name in ("dagster_url", "broker_url"):
        value: SecretStr | None = getattr(deployment, name)
        if value is not None:
            os.environ[f"SITECAST_{name.upper()}"] = value.get_secret_value()


def shared_database(deployment: Deployment) -> Database | None:
    """The instance's database, where machines may share it."""
    if deployment.dagster_url is None:
        return None
    return Database(deployment.dagster_url.get_secret_value())


def _check(deployment: Deployment) -> None:
    database = shared_database(deployment)
    if database is not None and database.is_sqlite:
        raise SettingsError("SITECAST_DAGSTER_URL is not PostgreSQL", {},
                            "leave it out: SQLite files in home are the default")  # fmt: skip
    if deployment.broker_url is None:
        return
    shared = ("dagster_url", "warehouse_url", "store_url")
    missing = [f"SITECAST_{name.upper()}" for name in shared if getattr(deployment, name) is None]
    if missing:
        raise SettingsError(
            "workers on other machines cannot see this machine's files",
            {"missing": ", ".join(missing)}, "see docs/how-to/deploy.md",
        )  # fmt: skip


def _part(name: str) -> str:
    return (FOLDER / name).read_text(encoding="utf-8")
