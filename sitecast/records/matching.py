"""Matching of ids between big tables."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray


def positions(values: "pd.Series[str]", among: "pd.Series[str]") -> NDArray[np.int64]:
    """Position of each value in `among`; -1 where it is not there, and for empty values."""
    found = pc.index_in(pa.array(values), value_set=pa.array(among), skip_nulls=True)
    if isinstance(found, pa.ChunkedArray):
        found = found.combine_chunks()
    return found.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
