"""Options that several commands share, and the clock."""

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from sitecast.deployment import Deployment, read_deployment

Command = Callable[..., Any]


def now() -> dt.datetime:
    """The present moment, UTC, in whole seconds."""
    return dt.datetime.now(dt.UTC).replace(microsecond=0)


def home_option(command: Command) -> Command:
    """--home, the folder of everything sitecast writes."""
    return click.option(
        "--home", type=click.Path(file_okay=False, path_type=Path),
        help="Folder of everything sitecast writes.  [default: $SITECAST_HOME or .sitecast]",
    )(command)  # fmt: skip


def plan_option(command: Command) -> Command:
    """--plan, the plan file."""
    return click.option(
        "--plan", "plan_file", type=click.Path(dir_okay=False, path_type=Path),
        help="Plan file.  [default: <home>/plan.yaml]",
    )(command)  # fmt: skip


def runner_option(command: Command) -> Command:
    """--runner, who runs the weeks."""
    return click.option(
        "--runner", type=click.Choice(["dagster", "direct"]), default="dagster", show_default=True,
        help="dagster: side by side, with lineage and history in its UI; direct: in this process.",
    )(command)  # fmt: skip


def json_option(command: Command) -> Command:
    """--json, for scripts."""
    return click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")(
        command
    )


def deployment(home: Path | None, plan_file: Path | None = None) -> Deployment:
    """Settings from the environment, with what the command line says on top."""
    given: dict[str, Any] = {"home": home, "plan_file": plan_file}
    return read_deployment(**{name: value for name, value in given.items() if value is not None})
