"""WorkerRunLauncher: runs become tasks of workers on any machine, and are looked after there.

What belongs here: what dagster-celery's launcher leaves open: it never says that a run is being
cancelled, and believes a worker that died to be at work for ever. What does not: the workers
(worker.py).
"""

from collections import Counter
from typing import Any

import dagster as dg
from dagster._core.launcher import CheckRunHealthResult, WorkerStatus
from dagster_celery.launcher import CeleryRunLauncher

from sitecast_dagster.shared_lock import database_of, is_held

MISSES = 3


class WorkerRunLauncher(CeleryRunLauncher):
    """Launches runs as Celery tasks; a lock in PostgreSQL tells whether they still live."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._missed: Counter[str] = Counter()

    def terminate(self, run_id: str) -> bool:
        """Say that the run is being cancelled, and end its process."""
        run = self._instance.get_run_by_id(run_id)
        if run is None or run.is_finished:
            return False
        self._instance.report_run_canceling(run)
        return super().terminate(run_id)

    @property
    def supports_resume_run(self) -> bool:
        """No: a run is tried again from its start, as a new one."""
        return False

    def check_run_worker_health(self, run: dg.DagsterRun) -> CheckRunHealthResult:
        """FAILED after MISSES looks in a row at a lock that nobody holds.

        One alone may fall between the start of the run and its lock, or between the end of the
        work and the event that tells of it.
        """
        url = database_of(self._instance)
        if url is None or is_held(url, run.run_id):
            self._missed.pop(run.run_id, None)
            return CheckRunHealthResult(WorkerStatus.RUNNING)
        self._missed[run.run_id] += 1
        if self._missed[run.run_id] < MISSES:
            return CheckRunHealthResult(WorkerStatus.RUNNING, "nobody holds its lock")
        del self._missed[run.run_id]
        return CheckRunHealthResult(WorkerStatus.FAILED, "the process that ran it is gone")
