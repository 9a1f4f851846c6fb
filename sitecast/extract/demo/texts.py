"""Text columns from positions, without a Python string per row."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from sitecast.records.contract import TEXT


def as_text(values: Sequence[str] | NDArray[np.object_], at: NDArray[Any]) -> Any:
    """values[at] as a text column; empty where `at` is negative."""
    places = pa.array(at, mask=np.asarray(at) < 0)
    return TEXT.__from_arrow__(pa.array(values, pa.large_string()).take(places))
