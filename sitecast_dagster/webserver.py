"""Dagster's webserver and `dagster dev`, each with the guard in front of the UI.

`python -m sitecast_dagster.webserver` takes the options of `dagster-webserver`;
`python -m sitecast_dagster.webserver dev` those of `dagster dev`.

What belongs here: putting the guard in. Dagster offers no place for it, so two names inside it are
replaced, held by tests/orchestration/test_private_interfaces.py. What does not: what the guard
refuses (guard.py).
"""

import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Any
from urllib.parse import urlsplit

from dagster_webserver.app import create_app_from_workspace_process_context

from sitecast_dagster import daemon
from sitecast_dagster.guard import Guard
from sitecast_dagster.kept_connections import keep_connections
from sitecast_dagster.resources import InstallationResource

MODULE = "sitecast_dagster.webserver"
STOCK = "dagster_webserver"
_dev: Any = import_module("dagster._cli.dev")
_webserver: Any = import_module("dagster_webserver.cli")
_open_process = _dev.open_ipc_subprocess


def guarded_app(*args: Any, **kwargs: Any) -> Guard:
    """The UI's application behind the guard; SITECAST_UI_URL's host is the UI's own too."""
    host = urlsplit(InstallationResource().deployment().ui_url).hostname
    app = create_app_from_workspace_process_context(*args, **kwargs)
    return Guard(app, [host] if host else [])


def main(arguments: Sequence[str]) -> None:
    """Run one of the two commands in this process."""
    if arguments[:1] == ["dev"]:
        _dev.open_ipc_subprocess = _open_guarded
        _dev.dev_command(arguments[1:], prog_name="dagster dev")
    else:
        keep_connections()
        _webserver.create_app_from_workspace_process_context = guarded_app
        options = {"prog_name": "dagster-webserver", "auto_envvar_prefix": "DAGSTER_WEBSERVER"}
        _webserver.dagster_webserver(arguments, **options)


def _open_guarded(command: Sequence[str], **kwargs: Any) -> Any:
    """Start a process of `dagster dev`: webserver and daemon are ours, all others as they are."""
    ours = {STOCK: MODULE, daemon.STOCK: daemon.MODULE}
    return _open_process([ours.get(part, part) for part in command], **kwargs)


if __name__ == "__main__":
    main(sys.argv[1:])
