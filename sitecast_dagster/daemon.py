"""Dagster's daemon, which also looks after code servers: `python -m sitecast_dagster.daemon run`.

What belongs here: what the daemon does when a code server dies. Dagster gives up each run that it
cannot retry at that moment, and starts the server anew after a minute, or (`dagster dev`) never.
What does not: runs whose process alone died (run_launcher.py).

Dagster's daemon also replaces a code server that is well, every minute, and with it the process
that runs are forked from: some ten CPU seconds each time, which a busy machine does not have. Here
a server lives longer, for the dead ones do not wait for that.

Which daemons there are is an argument that Dagster's command does not pass on, and how long a
server lives none at all: names inside it are replaced, held by
tests/orchestration/test_private_interfaces.py.
"""

import sys
from collections import Counter
from collections.abc import Sequence
from functools import partial
from importlib import import_module
from typing import Any

import dagster as dg
from dagster._core.errors import DagsterUserCodeUnreachableError
from dagster._core.remote_representation.code_location import GrpcServerCodeLocation
from dagster._core.workspace.context import IWorkspaceProcessContext
from dagster._daemon.auto_run_reexecution.event_log_consumer import (
    DAGSTER_EVENT_TYPES,
    EventLogConsumerDaemon,
)
from dagster._daemon.auto_run_reexecution.event_log_consumer import (
    _create_cursor_key as _cursor_key,
)
from dagster._daemon.controller import create_daemons_from_instance
from dagster._daemon.daemon import DagsterDaemon

from sitecast_dagster.instance import close_lost_runs
from sitecast_dagster.kept_connections import keep_connections

MODULE = "sitecast_dagster.daemon"
STOCK = "dagster._daemon"
INTERVAL_SECONDS = 2
MISSES = 2
MAX_DOUBLINGS = 5
RENEWED_SECONDS, LATE_SECONDS = 600, 240
"""A code server that is well is replaced so often; and so late, at most, before the daemon ends."""

_command: Any = import_module("dagster._daemon.cli")
_controller: Any = import_module("dagster._daemon.controller")
_stock_controller = _command.daemon_controller_from_instance


class PatientRetryDaemon(EventLogConsumerDaemon):
    """Retries crashed runs as Dagster does, and keeps the code servers alive that it needs for it.

    Dagster looks at the failure of a run once: a retry that fails then is given up for good. So
    failures wait while a code server is silent.
    """

    def __init__(self) -> None:
        super().__init__(interval_seconds=INTERVAL_SECONDS)
        self._missed: Counter[str] = Counter()
        self._restarts: Counter[str] = Counter()

    def run_iteration(self, workspace_process_context: IWorkspaceProcessContext[Any]) -> Any:
        """One look at the code servers, then, when all of them answer, at the failures."""
        yield None
        silent = self.look(workspace_process_context)
        yield None
        if not silent:
            yield from super().run_iteration(workspace_process_context)

    def look(self, context: IWorkspaceProcessContext[Any]) -> list[str]:
        """Start dead code servers anew; returns the names of the locations that did not answer.

        MISSES looks in vain in a row make a server a dead one, twice as many after each restart in
        vain: its code may be broken. Its runs are closed before: the new one may listen where the
        old one did.
        """
        silent = silent_locations(context)
        self._missed = Counter({name: self._missed[name] + 1 for name in silent})
        self._restarts = Counter({name: self._restarts[name] for name in silent})
        for name in silent:
            if self._missed[name] >= MISSES * 2 ** min(self._restarts[name], MAX_DOUBLINGS):
                self._logger.warning("the code server of %s is gone: started anew", name)
                close_lost_runs(context.instance)
                _start_anew(context, name)
                self._missed[name] = 0
                self._restarts[name] += 1
        return silent


def _start_anew(context: IWorkspaceProcessContext[Any], name: str) -> None:
    """Reload a location. Dagster leaves the old one to the garbage collector, and until that comes
    a thread greets the dead server, on which a fork of this process may stand still.
    """
    old = context.create_request_context().get_code_location_entries()[name].code_location
    context.reload_code_location(name)
    if old is not None:
        old.cleanup()


def silent_locations(context: IWorkspaceProcessContext[Any]) -> list[str]:
    """Names of the code locations whose server does not answer."""
    entries = context.create_request_context().get_code_location_entries()
    return [name for name, entry in entries.items() if not _answers(entry.code_location)]


def _answers(location: Any) -> bool:
    if not isinstance(location, GrpcServerCodeLocation):
        return location is not None
    try:
        location.client.ping("")
    except DagsterUserCodeUnreachableError:
        return False
    return True


def remember_where_failures_begin(instance: dg.DagsterInstance) -> None:
    """Failures from now on will be tried again, however late somebody looks for them first.

    Dagster begins with those after its first look, and forgets what failed before: on a new
    instance a run lost while its code server was still starting waited for its retry for good.
    """
    storage, keys = instance.daemon_cursor_storage, {*map(_cursor_key, DAGSTER_EVENT_TYPES)}
    new = keys - storage.get_cursor_values(keys).keys()
    if new:
        newest = instance.event_log_storage.get_maximum_record_id() or 0
        storage.set_cursor_values(dict.fromkeys(new, str(newest)))


def daemons_of(instance: dg.DagsterInstance) -> list[DagsterDaemon[Any]]:
    """Dagster's daemons, with patient retries; made before any of them looks at anything."""
    remember_where_failures_begin(instance)
    stock = create_daemons_from_instance(instance)
    return [PatientRetryDaemon() if type(daemon) is EventLogConsumerDaemon else daemon
            for daemon in stock]  # fmt: skip


def main(arguments: Sequence[str]) -> None:
    """Run a command of `dagster-daemon` in this process."""
    keep_connections()
    _controller.RELOAD_WORKSPACE_INTERVAL = RENEWED_SECONDS
    _controller.DEFAULT_WORKSPACE_FRESHNESS_TOLERANCE = RENEWED_SECONDS + LATE_SECONDS
    _command.daemon_controller_from_instance = partial(_stock_controller, gen_daemons=daemons_of)
    _command.cli(arguments, prog_name="dagster-daemon", obj={})


if __name__ == "__main__":
    main(sys.argv[1:])
