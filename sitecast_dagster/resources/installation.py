"""The one resource: which installation a code location works on.

What belongs here: settings without secrets, and reading the environment and the clock. Secrets stay
in the environment (SITECAST_…_URL): resource fields are shown in the UI.
"""

import datetime as dt
import functools
from pathlib import Path
from typing import Any

import dagster as dg
from pydantic import Field, PrivateAttr

from sitecast.deployment import Deployment
from sitecast.installation import Installation, open_installation
from sitecast_dagster.run_process import drop_lock, hold_lock


class InstallationResource(dg.ConfigurableResource["InstallationResource"]):
    """Opens the ledger, the versioned store, the publications and the mailer."""

    home: str = Field(
        default="", description="folder of everything sitecast writes; SITECAST_HOME if empty"
    )
    plan_file: str = Field(default="", description="plan file; SITECAST_PLAN_FILE if empty")

    _of_run: Deployment | None = PrivateAttr(None)

    @classmethod
    def of(cls, deployment: Deployment) -> "InstallationResource":
        """A resource for this deployment; its secrets are read from the environment again."""
        plan_file = deployment.plan_file.resolve() if deployment.plan_file else ""
        return cls(home=str(deployment.home.resolve()), plan_file=str(plan_file))

    def setup_for_execution(self, context: dg.InitResourceContext) -> None:
        """Every run opens an installation: its process shows that it lives as long as it does.

        Its settings are read once.
        """
        self._of_run = self.deployment()
        if context.run is not None and context.instance is not None:
            hold_lock(context.instance, context.run.run_id)

    def teardown_after_execution(self, context: dg.InitResourceContext) -> None:
        """The run's work is done."""
        self._of_run = None
        if context.run is not None and context.instance is not None:
            drop_lock(context.instance, context.run.run_id)

    def deployment(self) -> Deployment:
        """Settings from the environment, with the fields of this resource on top."""
        if self._of_run is not None:
            return self._of_run
        given = {"home": self.home, "plan_file": self.plan_file}
        settings: dict[str, Any] = {name: Path(path) for name, path in given.items() if path}
        return Deployment(**settings)

    def open(self) -> Installation:
        """Open the stores, once per process: they hold no connection, so a fork may use them."""
        return _opened(self.deployment())

    def now(self) -> dt.datetime:
        """The present moment, UTC, in whole seconds."""
        return dt.datetime.now(dt.UTC).replace(microsecond=0)


_opened = functools.cache(open_installation)
