"""ProbingRunLauncher: Dagster's own launcher, which never launches a run twice and notices its end.

What belongs here: how many missed probes make a run a dead one, and what a code server's silence
means. What does not: the probe itself (run_process.py). Dagster's launcher cannot look after its
workers: where code server and workers die together, their runs stay STARTED for ever and hold slots
of the queue.
"""

from collections import Counter
from typing import Any

import dagster as dg
import grpc
from dagster._core.errors import DagsterUserCodeUnreachableError
from dagster._core.launcher import CheckRunHealthResult, LaunchRunContext, WorkerStatus

from sitecast_dagster.run_process import forget, lives

MISSES = 3


class ProbingRunLauncher(dg.DefaultRunLauncher):
    """Launches runs as Dagster does; the monitoring daemon asks it whether they still live."""

    def __init__(self, inst_data: Any = None) -> None:
        super().__init__(inst_data)
        self._missed: Counter[str] = Counter()

    def launch_run(self, context: LaunchRunContext) -> None:
        """Launch a run; one whose code server does not say in time that it began it is launched.

        Dagster would put it back into the queue and launch it again, while the server begins it all
        the same. Of its two processes the one that finds the run begun ends, which the server takes
        for a crash: the run would be tried again although it works on. Where the server did not get
        as far, the run fails after `start_timeout_seconds`, and is tried again by policy.
        """
        try:
            super().launch_run(context)
        except DagsterUserCodeUnreachableError as error:
            if not _came_too_late(error):
                raise
            self._instance.report_engine_event(
                "The code server has not said yet that it began the run", context.dagster_run
            )

    @property
    def supports_check_run_worker_health(self) -> bool:
        """Yes; Dagster's own launcher says no."""
        return True

    def check_run_worker_health(self, run: dg.DagsterRun) -> CheckRunHealthResult:
        """FAILED after MISSES probes in a row that nobody answered.

        One alone may fall between the end of the work and the event that tells of it, and where
        only the worker died, its code server knows why and tells it first.
        """
        if lives(self._instance, run):
            self._missed.pop(run.run_id, None)
            return CheckRunHealthResult(WorkerStatus.RUNNING)
        self._missed[run.run_id] += 1
        if self._missed[run.run_id] < MISSES:
            return CheckRunHealthResult(WorkerStatus.RUNNING, "nobody answers")
        del self._missed[run.run_id]
        forget(self._instance, run.run_id)
        return CheckRunHealthResult(WorkerStatus.FAILED, "the process that ran it is gone")


def _came_too_late(error: DagsterUserCodeUnreachableError) -> bool:
    cause = error.__cause__
    return isinstance(cause, grpc.RpcError) and cause.code() == grpc.StatusCode.DEADLINE_EXCEEDED
