"""How many trials: few in CI; by night many, or NIGHTLY_SCALE (1 when not set) times as many.

What was counted is shown at the end of a test run: see `counted` in conftest.py.
"""

import os
import tempfile
from collections.abc import Callable
from pathlib import Path

Counted = Callable[[str, int], None]


def nightly(count: int) -> int:
    """So many trials by night, at least one."""
    return max(1, round(count * float(os.environ.get("NIGHTLY_SCALE", "1"))))


def memory_folder() -> Path:
    """A new folder in memory where there is one: SIGKILL takes nothing from a page cache anyway."""
    shared = Path("/dev/shm")
    return Path(tempfile.mkdtemp(dir=shared if os.access(shared, os.W_OK) else None))
