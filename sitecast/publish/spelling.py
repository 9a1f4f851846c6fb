"""Columns as text, all cells at once: where a file has a million of them, one by one is too slow.

What belongs here: how values are spelled. What does not: how a file puts them together
(csv_cells.py, workbook_rows.py).
"""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

_TEXT = pa.large_string()  # a column may hold more than 2 GiB
_LEAST, _MOST = 1e-4, 1e10
"""Between them, neither Arrow nor Python writes an exponent."""


def numbers(values: NDArray[np.float64]) -> pa.Array:
    """Each number as Python writes it, the shortest text that is read as the same number.

    Returns:
        Text; null where there is no number (nan).
    Example:
        >>> numbers(np.array([2.0, 0.1, 1e-5, np.nan])).to_pylist()
        ['2.0', '0.1', '1e-05', None]
    """
    size, told = np.abs(values), pc.cast(pa.array(values, from_pandas=True), _TEXT)
    whole = pa.array((size < _MOST) & (values == np.floor(values)))
    told = pc.if_else(whole, joined(told, ".0"), told)
    unusual = ((size < _LEAST) & (size > 0)) | (size >= _MOST)
    if unusual.any():
        said = [repr(value) for value in values[unusual].tolist()]
        told = pc.replace_with_mask(told, pa.array(unusual), pa.array(said, _TEXT))
    return told


def words(values: pd.Series, spelled: Callable[[str], str | None]) -> pa.Array:
    """Each text as `spelled` writes it, which is asked once for every distinct one.

    Returns:
        Text; null where a cell is empty.
    """
    codes, distinct = pd.factorize(values)
    told = pa.array([spelled(str(word)) for word in distinct], _TEXT)
    return told.take(pa.array(codes, mask=codes < 0))


def joined(*parts: pa.Array | str) -> pa.Array:
    """The parts of each row as one text; an empty cell leaves nothing."""
    cells = [pa.scalar(part, _TEXT) if isinstance(part, str) else part for part in (*parts, "")]
    return pc.binary_join_element_wise(*cells, null_handling="replace", null_replacement="")
