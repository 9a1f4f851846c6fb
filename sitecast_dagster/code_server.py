"""A code server whose care for its runs survives an outage of Dagster's database.

What belongs here: what a code server does besides answering. What does not: how it starts runs
(warm_runs.py), what becomes of runs that lost it (run_launcher.py).

Dagster's code server has a thread that notices when the process of a run has ended, and that ends
the server when it is no longer wanted. An error of the database ended that thread for good: such a
server noticed no lost run any more, and stayed, with all its memory, after its daemon was gone.
"""

import sys
from typing import Any

_COMMAND = ["api", "grpc"]


def is_code_server() -> bool:
    """Whether this process is a code server: `dagster api grpc`."""
    return sys.argv[1:3] == _COMMAND


def look_after_runs_through_outages() -> None:
    """From now on the thread of this code server tries again; elsewhere: nothing.

    A server that shall end, with no process of a run left, ends although nobody can be told of
    those runs: the monitoring daemon notices that they are gone.
    """
    if not is_code_server():
        return
    from dagster._grpc.server import DagsterApiServer

    look: Any = DagsterApiServer._check_for_orphaned_runs

    def look_again(server: Any) -> None:
        try:
            look(server)
        except Exception:
            server._logger.warning("cannot look after runs; trying again", exc_info=True)
            if server._shutdown_once_executions_finish_event.is_set():
                with server._execution_lock:
                    processes = [process for process, _ in server._executions.values()]
                if not any(process.is_alive() for process in processes):
                    server._server_termination_event.set()

    DagsterApiServer._check_for_orphaned_runs = look_again  # type: ignore[assignment, method-assign]
