"""ProbingRunLauncher: Dagster's own launcher, which also notices that a run's process is gone.

What belongs here: how many missed probes make a run a dead one. What does not: the probe itself
(run_process.py). Dagster's launcher cannot look after its workers: where code server and workers
die together, their runs stay STARTED for ever and hold slots of the queue.
"""

from collections import Counter
from typing import Any

import dagster as dg
from dagster._core.launcher import CheckRunHealthResult, WorkerStatus

from sitecast_dagster.run_process import forget, lives

MISSES = 3


class ProbingRunLauncher(dg.DefaultRunLauncher):
    """Launches runs as Dagster does; the monitoring daemon asks it whether they still live."""

    def __init__(self, inst_data: Any = None) -> None:
        super().__init__(inst_data)
        self._missed: Counter[str] = Counter()

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
