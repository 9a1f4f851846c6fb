"""What every run would import or build on its first use, done once before runs are forked.

What belongs here: what is slow the first time and the same for every run. What does not: anything
that opens a file or starts a thread: a fork would share the one and lose the other.
"""

import gc
from importlib import import_module

import dagster as dg
import numpy as np

from sitecast.records.tables_read import TABLES_READ
from sitecast.simulate.counters import number

IMPORTED_WHEN_NEEDED = ("pyarrow.dataset", "sitecast.publish")


def preload(definitions: dg.Definitions) -> None:
    """Do once what every run of these definitions would do first."""
    for name in IMPORTED_WHEN_NEEDED:
        import_module(name)
    for table in TABLES_READ.values():
        table.breaches(table.empty())  # builds pandera's checks
    number(np.uint64(1), np.uint64(1))  # loads the compiler's tables: all kernels need them
    definitions.get_repository_def().get_all_jobs()
    gc.freeze()  # what is here stays: the collector need not copy its pages into every fork
