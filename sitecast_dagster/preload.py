"""What every run would import, compile or build on its first use, done before runs are forked.

What belongs here: what is slow the first time and the same for every run, and when it is worth its
time. What does not: anything that opens a file or leaves a Python thread: a fork would share the
one and lose the other.
"""

import gc
import logging
import tempfile
from importlib import import_module

import dagster as dg
import numpy as np

from sitecast.records.tables_read import TABLES_READ
from sitecast.rehearsal import rehearse_week
from sitecast.simulate.counters import number
from sitecast_dagster.kept_connections import close_unused, keep_connections
from sitecast_dagster.run_databases import empty_run_database

IMPORTED_WHEN_NEEDED = ("pyarrow.dataset", "sitecast.publish")
WEEKS_WORTH_A_REHEARSAL = 5
"""A rehearsal takes as long as it saves in so many weeks (0.4 of 2 CPU seconds each)."""

_QUIET = {"telemetry": {"enabled": False}, "nux": {"enabled": False}}
_SILENT = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


def preload(definitions: dg.Definitions, weeks: int = WEEKS_WORTH_A_REHEARSAL) -> None:
    """Do once what every run of these definitions would do first.

    Args:
        definitions: what the runs are of.
        weeks: so many runs will be forked. Few only have a week rehearsed for them where kernels
            are not compiled yet: weeks side by side would each compile them.
    """
    keep_connections()
    empty_run_database()
    for name in IMPORTED_WHEN_NEEDED:
        import_module(name)
    for table in TABLES_READ.values():
        table.breaches(table.empty())  # builds pandera's checks
    number(np.uint64(1), np.uint64(1))  # loads the compiler's tables: all kernels need them
    if weeks >= WEEKS_WORTH_A_REHEARSAL or number.stats.cache_misses:
        rehearse()
    definitions.get_repository_def().get_all_jobs()
    gc.collect()
    gc.freeze()  # what is here stays: the collector need not copy its pages into every fork


def rehearse() -> None:
    """Forecast a week, and execute a run that does nothing, in temporary folders."""
    try:
        rehearse_week()
        with tempfile.TemporaryDirectory(prefix="sitecast-rehearsal-") as folder:
            with dg.DagsterInstance.local_temp(folder, overrides=_QUIET) as instance:
                _nothing.execute_in_process(_SILENT, instance)
            close_unused()
    except Exception:  # a disk that is full, say: runs are slower then, and tell it themselves
        logging.getLogger(__name__).warning("no week could be rehearsed", exc_info=True)


@dg.op
def _do_nothing() -> None: ...


@dg.job
def _nothing() -> None:
    _do_nothing()
